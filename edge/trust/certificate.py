# SPDX-License-Identifier: Apache-2.0
"""What a request for a certificate and a certificate must be (RFC 2986, RFC 5280). No I/O.

Keys are on P-256: it is what every broker and TLS library takes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.trust.enrol import EnrolRefused, Fault

CURVE = ec.SECP256R1()

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


def new_request(key: ec.EllipticCurvePrivateKey, node: str) -> str:
    """Return a request for a certificate in PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(node))
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
    own = chain[0]
    if public_octets(own) != key:
        raise EnrolRefused(Fault.WRONG_KEY, "the certificate is for another key")
    if common_name(own.subject) != node:
        raise EnrolRefused(
            Fault.WRONG_NAME, f"the certificate is for {own.subject.rfc4514_string()}"
        )
    _check_issued([*chain, *read_chain(authority)[:1]])
    if ExtendedKeyUsageOID.CLIENT_AUTH not in _purposes(own):
        raise EnrolRefused(Fault.WRONG_PURPOSE, "the certificate is not for a client")
    now = datetime.fromtimestamp(now_s, UTC)
    if now < own.not_valid_before_utc:
        raise EnrolRefused(
            Fault.NOT_YET_VALID,
            f"the certificate begins at {own.not_valid_before_utc}; this clock says {now}",
        )
    if now >= own.not_valid_after_utc:
        raise EnrolRefused(Fault.EXPIRED, f"the certificate ended at {own.not_valid_after_utc}")


def _check_issued(chain: Iterable[x509.Certificate]) -> None:
    """See that each certificate is issued by the next, and each of those may issue."""
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
