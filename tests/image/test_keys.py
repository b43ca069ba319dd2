# SPDX-License-Identifier: Apache-2.0
"""Development keys: made once, named so, and good for signing code and nothing else."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from image import keys


def test_they_are_made_once(tmp_path: Path) -> None:
    made = keys.development(tmp_path / "keys")
    before = [path.read_bytes() for path in made]
    assert keys.development(tmp_path / "keys") == made
    assert [path.read_bytes() for path in made] == before


def test_they_say_what_they_are_for(tmp_path: Path) -> None:
    made = keys.development(tmp_path)
    signer = x509.load_pem_x509_certificate(made.signer.read_bytes())
    root = x509.load_pem_x509_certificate(made.keyring.read_bytes())
    signer.verify_directly_issued_by(root)
    for certificate in (signer, root):
        assert "DEVELOPMENT" in certificate.subject.rfc4514_string()
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CODE_SIGNING]
    assert not signer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    made = keys.development(tmp_path)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
