# SPDX-License-Identifier: Apache-2.0
"""The hub's certificate authority: makes itself once, and signs for boxes, brokers and workers.

A certificate says of its holder only what it is: a box may not serve, a broker may not ask. Pages
have an authority of their own (`hil.hub.pages`), which no box believes. A real hub keeps such a key
in a module that does not give it out; here it is a file.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.errors import ConfigError
from edge.trust.certificate import CURVE, fingerprint, named, reached_as, read_chain
from edge.trust.identity import write_private

KEY = "authority.key.pem"
CERTIFICATE = "authority.pem"

LIFE = timedelta(days=365)
AUTHORITY_LIFE = timedelta(days=20 * 365)
BACKDATED = timedelta(hours=1)
"How far a box's clock may be behind ours."

_SIGNS = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
_ISSUES = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


class Pair(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: str
    key: str


class Revoked(NamedTuple):
    """A certificate that is not to be believed any more."""

    serial: int
    at_s: int


class Authority:
    """A key that signs certificates, and the one that says so."""

    def __init__(self, folder: Path, now_s: int, name: str = "Qalqan hub") -> None:
        """Read the authority of a folder, or make it. Raises `ConfigError`."""
        key, certificate = folder / KEY, folder / CERTIFICATE
        if not key.exists():
            write_private(key, _pem(ec.generate_private_key(CURVE)).encode())
        self._key = _read_key(key)
        if not certificate.exists():
            write_private(certificate, self._own(name, now_s).public_bytes(Encoding.PEM))
        self.pem = certificate.read_text(encoding="ascii")
        "Its certificate, which boxes and brokers believe."
        self.path = certificate
        self._certificate = read_chain(self.pem)[0]
        self.fingerprint = fingerprint(self._certificate)
        "By which people know it."

    def _own(self, name: str, now_s: int) -> x509.Certificate:
        builder = _begun(named(name), named(name), self._key.public_key(), now_s, AUTHORITY_LIFE)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_ISSUES, critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, request: x509.CertificateSigningRequest, now_s: int) -> x509.Certificate:
        """Return a certificate for a box, by the key and name of a request that was checked."""
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._signed(request.subject, _key_of(request), now_s, purposes, ())

    def page(
        self, request: x509.CertificateSigningRequest, names: Sequence[str], now_s: int
    ) -> x509.Certificate:
        """Return a certificate for a page that is reached under these names, all of it checked."""
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH]
        return self._signed(request.subject, _key_of(request), now_s, purposes, names)

    def worker(self, name: str, now_s: int) -> Pair:
        """Return certificate and key for a client of the hub's own."""
        key = ec.generate_private_key(CURVE)
        own = self._signed(
            named(name), key.public_key(), now_s, [ExtendedKeyUsageOID.CLIENT_AUTH], ()
        )
        return Pair(_text(own), _pem(key))

    def server(self, names: Sequence[str], now_s: int) -> Pair:
        """Return certificate and key for a broker that is reached under these names."""
        key = ec.generate_private_key(CURVE)
        own = self._signed(
            named(names[0]), key.public_key(), now_s, [ExtendedKeyUsageOID.SERVER_AUTH], names
        )
        return Pair(_text(own), _pem(key))

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        now_s: int,
        purposes: Iterable[x509.ObjectIdentifier],
        names: Sequence[str],
    ) -> x509.Certificate:
        builder = _begun(subject, self._certificate.subject, key, now_s, LIFE)
        basic = x509.BasicConstraints(ca=False, path_length=None)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(basic, critical=True).add_extension(_SIGNS, critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(reached_as(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def revocations(self, revoked: Iterable[Revoked], now_s: int) -> str:
        """Return a list of revoked certificates in PEM, for a broker to read."""
        now = datetime.fromtimestamp(now_s, UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(now + LIFE)
        )
        for serial, at_s in revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial)
            one = one.revocation_date(datetime.fromtimestamp(at_s, UTC))
            builder = builder.add_revoked_certificate(one.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now_s: int,
    life: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.fromtimestamp(now_s, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_of(request: x509.CertificateSigningRequest) -> ec.EllipticCurvePublicKey:
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("a request is checked before it is signed")
    return key


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: is no key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path}: is not on an elliptic curve")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
