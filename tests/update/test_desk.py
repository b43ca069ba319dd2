# SPDX-License-Identifier: Apache-2.0
"""The centre adds bundles that RAUC would take, and signs exactly what it has seen."""

import hashlib
from pathlib import Path

import pytest

from edge.errors import ConfigError, InputError
from edge.trust.repository import Repository
from edge.trust.roles import FIRMWARE
from edge.update.desk import FirmwareDesk, Read, read_bundle
from edge.update.manifest import BLOCK
from tests.update.centre import NOW, PRODUCT, Works, bundle


def test_a_bundle_says_itself_what_it_is_for(tmp_path: Path) -> None:
    assert read_bundle(bundle(tmp_path / "b")) == Read(PRODUCT, "1.2.0")


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "is no bundle"), (b"short", "is no bundle"), (bytes(4096), "is no bundle"),
        (b"x" * 100 + (1 << 40).to_bytes(8), "is no bundle"),
        (b"x" * 100 + (60).to_bytes(8), "carries no manifest"),
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_not_added(tmp_path: Path, octets: bytes, said: str) -> None:
    (tmp_path / "b").write_bytes(octets)
    with pytest.raises(InputError, match=said):
        read_bundle(tmp_path / "b")


@pytest.mark.parametrize(("format_", "said"), [("plain", "format plain"), ("zip", "format zip")])
def test_only_verity_is_added(tmp_path: Path, format_: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_bundle(bundle(tmp_path / "b", format_=format_))


def test_what_is_added_lies_there_by_its_hash_with_the_hashes_of_its_blocks(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    release = works.give("1.2.0", min_from="1.0")
    octets = (works.repository.blobs / release.sha256).read_bytes()
    listed = (works.repository.blobs / release.blocks).read_bytes()
    assert hashlib.sha256(octets).hexdigest() == release.sha256
    assert hashlib.sha256(listed).hexdigest() == release.blocks
    assert listed[:32] == hashlib.sha256(octets[:BLOCK]).digest()
    assert listed[-32:] == hashlib.sha256(octets[len(octets) // BLOCK * BLOCK :]).digest()


def test_a_version_that_no_box_would_read_is_not_added(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    with pytest.raises(InputError, match="b: "):
        works.desk.add(bundle(tmp_path / "b", version="1.2-rc1"))
    assert works.desk.draft() == ()


def test_the_second_signs_what_the_first_has_signed_and_a_change_begins_anew(
    tmp_path: Path,
) -> None:
    works = Works(tmp_path / "repository")
    works.desk.add(bundle(tmp_path / "b"))
    first = works.desk.prepare(NOW, 30)
    works.repository.sign(FIRMWARE, "release", works.desk.manifest, works.keys["release"], NOW)
    assert works.desk.prepare(NOW + 99, 7) == first
    works.desk.add(bundle(tmp_path / "c", version="1.3.0"))
    assert works.desk.pending() is None
    second = works.desk.prepare(NOW + 100, 30)
    assert (second.version, len(second.releases)) == (first.version + 1, 2)
    assert works.repository.signed(FIRMWARE, works.desk.manifest) == []


def test_the_same_version_again_replaces_it_and_one_can_be_dropped(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    for octets in (200_000, 300_000):
        works.desk.add(bundle(tmp_path / "b", octets=octets))
    assert len(works.desk.draft()) == 1
    works.desk.drop("1.2.0")
    assert works.desk.draft() == ()
    with pytest.raises(InputError, match="not in the draft"):
        works.desk.drop("1.2.0")


def test_where_nobody_signs_firmware_there_is_no_desk(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="firmware is not signed here"):
        FirmwareDesk(Repository(tmp_path))
