# SPDX-License-Identifier: Apache-2.0
"""Keys that bundles are signed with. Those made here are for development; their names say so.

Production keys are made on the offline machine and given by path: `--signer`, `--key`, `--keyring`.
"""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"Before any clock that lost its battery and was set to the time of the build."
END = dt.datetime(2049, 12, 31, tzinfo=dt.UTC)


class Keys(NamedTuple):
    """What signs, and what the appliance trusts."""

    signer: Path
    key: Path
    keyring: Path


def development(folder: Path) -> Keys:
    """Return development keys; made once, in a folder that is not tracked."""
    keys = Keys(folder / "signer.pem", folder / "signer.key", folder / "keyring.pem")
    if not all(path.exists() for path in keys):
        folder.mkdir(parents=True, exist_ok=True)
        _make(keys, folder / "authority.key")
    return keys


def _make(keys: Keys, authority_key: Path) -> None:
    root_key, root = _issue("Qalqan Edge DEVELOPMENT authority", None, None)
    key, signer = _issue("Qalqan Edge DEVELOPMENT signer", root_key, root)
    for path, secret in ((authority_key, root_key), (keys.key, key)):
        path.touch(mode=0o600)
        path.write_bytes(
            secret.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    keys.signer.write_bytes(signer.public_bytes(serialization.Encoding.PEM))
    keys.keyring.write_bytes(root.public_bytes(serialization.Encoding.PEM))


def _issue(
    name: str, issuer_key: ec.EllipticCurvePrivateKey | None, issuer: x509.Certificate | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a key and its certificate; without an issuer, an authority of its own."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root,
                content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not is_root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        builder = builder.add_extension(usage, critical=True)
    return key, builder.sign(issuer_key or key, hashes.SHA384())
