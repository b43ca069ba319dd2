# SPDX-License-Identifier: Apache-2.0
"""What a request for a certificate and a certificate must be (RFC 2986, RFC 5280). No I/O.

Keys are on P-256: it is what every broker and TLS library takes.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.trust.enrol import EnrolRefused, Fault

CURVE = ec.SECP256R1()

MOST_NAMES = 8
"Under which one page is reached."
MANAGEMENT = tuple(
    ip_network(net)
    for net in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598: between a carrier's own machines
        "169.254.0.0/16", "fe80::/10",  # RFC 3927, RFC 4291: one link
        "fc00::/7",  # RFC 4193
        "127.0.0.0/8", "::1/128",  # the far end of a tunnel
    )
)  # fmt: skip
"Addresses that a page may be reached at: none that somebody else has, seen from the Internet."

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_DAMAGED = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion)


def named(node: str) -> x509.Name:
    """Return the subject of a certificate for a name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node)])


def common_name(subject: x509.Name) -> str:
    """Return the name that a broker takes for the user's; empty unless there is exactly one."""
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def public_octets(
    holder: x509.CertificateSigningRequest | x509.Certificate | ec.EllipticCurvePrivateKey,
) -> bytes:
    """Return the public key of a request, a certificate or a private key, to be compared."""
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def new_request(key: ec.EllipticCurvePrivateKey, node: str, names: Collection[str] = ()) -> str:
    """Return a request for a certificate in PEM; who serves names where it is reached."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(node))
    if names:
        builder = builder.add_extension(reached_as(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def read_request(text: str, node: str) -> x509.CertificateSigningRequest:
    """Return a request in the name of `node`, signed by its own key. Raises `EnrolRefused`."""
    try:
        request = x509.load_pem_x509_csr(text.encode())
        signed, key = request.is_signature_valid, request.public_key()
        name = common_name(request.subject)
    except _DAMAGED as error:
        raise EnrolRefused(Fault.BAD_REQUEST, "it cannot be read") from error
    if not signed:
        raise EnrolRefused(Fault.BAD_REQUEST, "it is not signed by its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != CURVE.name:
        raise EnrolRefused(Fault.BAD_REQUEST, "its key is not on the curve P-256")
    if name != node:
        raise EnrolRefused(Fault.BAD_REQUEST, f"it asks in the name of {name!r}, not {node!r}")
    return request


def reached_as(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """Return names of hosts and addresses as a certificate has them."""
    return x509.SubjectAlternativeName([_general(name) for name in names])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def names_of(holder: x509.CertificateSigningRequest | x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a request or a certificate is for.

    Raises `EnrolRefused` if there are others, or they cannot be read.
    """
    try:
        found = holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (*_DAMAGED, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise EnrolRefused(Fault.BAD_REQUEST, "its names cannot be read") from error
    names = tuple(str(one.value) for one in found if isinstance(one, x509.DNSName | x509.IPAddress))
    if len(names) < len(found):
        raise EnrolRefused(Fault.BAD_REQUEST, "it names what is neither a host nor an address")
    return names


def check_names(names: Collection[str], node: str) -> None:
    """See that a page of `node` may be called so: its own name, or a management address.

    Raises `EnrolRefused`.
    """
    if not 0 < len(names) <= MOST_NAMES:
        why = f"it has {len(names)} names; a page has 1 to {MOST_NAMES}"
        raise EnrolRefused(Fault.BAD_REQUEST, why)
    for name in names:
        if not _may_be_called(name, node):
            why = f"a page of {node} may not be called {name!r}: {node} or {node}.* is its name, "
            raise EnrolRefused(Fault.WRONG_NAME, f"{why}and its address a private one")


def _may_be_called(name: str, node: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        own = name == node or name.startswith(f"{node}.")
        return own and _HOST.fullmatch(name) is not None
    return any(address in net for net in MANAGEMENT)


def read_chain(text: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, at least one. Raises `EnrolRefused`."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except _DAMAGED as error:
        raise EnrolRefused(Fault.UNREADABLE, "there is no certificate in it") from error


def check_certificate(
    chain: list[x509.Certificate], authority: str, key: bytes, node: str, now_s: int
) -> None:
    """See that a certificate is one for this key and name that works now.

    `key` is the public key as `public_octets` gives it. Raises `EnrolRefused`.
    """
    _check_own(chain, authority, key, node)
    if ExtendedKeyUsageOID.CLIENT_AUTH not in _purposes(chain[0]):
        raise EnrolRefused(Fault.WRONG_PURPOSE, "the certificate is not for a client")
    _check_time(chain[0], now_s)


def check_page_certificate(
    chain: list[x509.Certificate],
    authority: str,
    key: bytes,
    node: str,
    names: Collection[str],
    now_s: int,
) -> None:
    """See that a certificate is one with which a page can serve now, and nothing more.

    Raises `EnrolRefused`.
    """
    _check_own(chain, authority, key, node)
    if set(_purposes(chain[0])) != {ExtendedKeyUsageOID.SERVER_AUTH}:
        raise EnrolRefused(Fault.WRONG_PURPOSE, "the certificate is not for a server alone")
    if set(names_of(chain[0])) != set(names):
        found = ", ".join(names_of(chain[0]))
        raise EnrolRefused(Fault.WRONG_NAME, f"the certificate is for other names: {found}")
    _check_time(chain[0], now_s)


def _check_own(chain: list[x509.Certificate], authority: str, key: bytes, node: str) -> None:
    own = chain[0]
    if public_octets(own) != key:
        raise EnrolRefused(Fault.WRONG_KEY, "the certificate is for another key")
    if common_name(own.subject) != node:
        raise EnrolRefused(
            Fault.WRONG_NAME, f"the certificate is for {own.subject.rfc4514_string()}"
        )
    check_issued([*chain, *read_chain(authority)[:1]])


def _check_time(own: x509.Certificate, now_s: int) -> None:
    now = datetime.fromtimestamp(now_s, UTC)
    if now < own.not_valid_before_utc:
        raise EnrolRefused(
            Fault.NOT_YET_VALID,
            f"the certificate begins at {own.not_valid_before_utc}; this clock says {now}",
        )
    if now >= own.not_valid_after_utc:
        raise EnrolRefused(Fault.EXPIRED, f"the certificate ended at {own.not_valid_after_utc}")


def check_issued(chain: Iterable[x509.Certificate]) -> None:
    """See that each certificate is issued by the next, and each of those may issue.

    Raises `EnrolRefused`.
    """
    for issued, issuer in pairwise(chain):
        try:
            issued.verify_directly_issued_by(issuer)
            extension = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
            may_issue = extension.value.ca
        except (*_DAMAGED, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
            raise EnrolRefused(
                Fault.WRONG_AUTHORITY, f"{issuer.subject.rfc4514_string()} has not issued it"
            ) from error
        if not may_issue:
            raise EnrolRefused(
                Fault.WRONG_AUTHORITY, f"{issuer.subject.rfc4514_string()} may not issue any"
            )


def _purposes(certificate: x509.Certificate) -> Iterable[x509.ObjectIdentifier]:
    try:
        return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` prints it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
