# SPDX-License-Identifier: Apache-2.0
"""A certificate is told with names, issuer and end; what is none is not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from edge.console.certificate import Certificate, read_certificate

ENDS = datetime(2027, 1, 31, 12, tzinfo=UTC)
AUTHORITY = trustme.CA(organization_name="Management network")


def write(path: Path, *names: str, called: str | None = None) -> Path:
    made = AUTHORITY.issue_cert(*names, common_name=called, not_after=ENDS)
    path.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    return path


def test_one_with_names(tmp_path: Path) -> None:
    path = write(tmp_path / "page.crt", "box.example", "192.0.2.5", called="box")
    found = read_certificate(path)
    assert found
    assert found == Certificate(
        "box", ("box.example", "192.0.2.5"), found.issuer, int(ENDS.timestamp())
    )
    assert "Management network" in found.issuer


def test_one_without_a_common_name(tmp_path: Path) -> None:
    found = read_certificate(write(tmp_path / "page.crt", "box.example"))
    assert found
    assert found.subject.startswith(("OU=", "O=")), "all that it says of itself"


@pytest.mark.parametrize("octets", [
    b"", b"none", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
])  # fmt: skip
def test_what_is_none(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "page.crt"
    assert read_certificate(path) is None
    path.write_bytes(octets)
    assert read_certificate(path) is None
