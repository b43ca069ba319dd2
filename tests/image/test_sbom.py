# SPDX-License-Identifier: Apache-2.0
"""The bill of materials names every package and wheel with its version and hash."""

import hashlib
from pathlib import Path

from image import sbom
from image.board import X86_64
from image.lock import Package

DEB = Package("a" * 64, 12, "libcap2_1%3a2.75-10+b3_amd64.deb")


def test_every_part_is_named_with_its_hash(tmp_path: Path) -> None:
    wheel = tmp_path / "dbus_fast-5.2.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    wheel.write_bytes(b"wheel")
    found = sbom.bill(X86_64, "0.1.0", 1_700_000_000, [DEB], [wheel])
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert found["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    deb, pip = found["components"]
    assert deb["purl"] == "pkg:deb/debian/libcap2@1%3A2.75-10%2Bb3?arch=amd64&distro=trixie"
    assert pip["purl"] == "pkg:pypi/dbus-fast@5.2.0"
    assert pip["hashes"][0]["content"] == hashlib.sha256(b"wheel").hexdigest()
    assert found["dependencies"][0]["dependsOn"] == [deb["bom-ref"], pip["bom-ref"]]


def test_the_same_contents_give_the_same_bill() -> None:
    first, second = (sbom.bill(X86_64, "0.1.0", 1, [DEB], []) for _ in range(2))
    assert first == second
    assert first["serialNumber"] != sbom.bill(X86_64, "0.2.0", 1, [DEB], [])["serialNumber"]
