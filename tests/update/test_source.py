# SPDX-License-Identifier: Apache-2.0
"""Only what release and operations have both signed, and now, may be installed."""

from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from edge.errors import ConfigError, DriverLost
from edge.trust.client import Client
from edge.trust.fetch import LocalFetcher
from edge.update.manifest import HASH, Manifest
from edge.update.source import Machine, Source
from edge.update.state import Failed
from tests.trust.centre import Centre
from tests.update.centre import MIB, NOW, PRODUCT, Works

MACHINE = Machine(PRODUCT, "1.1.0")
DAY = 86_400


class Altered(LocalFetcher):
    """A repository whose files are not what they were."""

    def __init__(self, folder, changes=None):
        super().__init__(folder)
        self.changes = changes or {}

    @override
    def fetch(self, path):
        for end, change in self.changes.items():
            if path.endswith(end):
                yield change(b"".join(super().fetch(path)))
                return
        yield from super().fetch(path)


def source(folder: Path, works: Works, changes=None, root: bytes = b"") -> Source:
    fetcher = Altered(works.folder, changes)
    client = Client(folder / "trust", root or works.repository.root(), fetcher)
    return Source(client, lambda now_s: now_s)


def test_a_signed_bundle_is_found_with_the_hashes_of_its_blocks(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    release = works.give()
    signed = source(tmp_path, works).find("1.2.0", MACHINE, NOW + 1)
    assert signed.release == release
    assert len(signed.hashes) == -(-release.size // release.block)


def flipped(octets: bytes) -> bytes:
    return octets[:-40] + bytes([octets[-40] ^ 1]) + octets[-39:]


class Case:
    """A repository, and what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.works = Works(folder / "repository")
        self.release = self.works.give()
        self.root = self.works.repository.root()
        self.version, self.machine, self.now_s = "1.2.0", MACHINE, NOW + 1
        self.changes: dict = {}

    def alter_list(self, change) -> None:
        self.changes = {self.release.blocks: change}

    def anothers_root(self) -> None:
        self.root = Works(self.folder / "other").repository.root()

    def nobody_signed(self) -> None:
        self.works = Works(self.folder / "third")
        self.root = self.works.repository.root()

    def time_passes(self) -> None:
        self.now_s = NOW + 8 * DAY

    def manifest_expires(self) -> None:
        self.works.force(Manifest(9, NOW, NOW + 60, (self.release,)))
        self.now_s = NOW + 61

    def is_turned_back(self) -> None:
        timestamp = self.works.repository.metadata / "timestamp.json"
        before = timestamp.read_bytes()
        self.works.give("1.3.0")
        source(self.folder, self.works).find("1.3.0", self.machine, self.now_s)
        timestamp.write_bytes(before)

    def is_no_manifest(self) -> None:
        self.works.force(msgspec.structs.replace(Manifest(9, NOW, NOW + DAY), version=0))

    def runs(self, compatible: str, installed: str) -> None:
        self.machine = Machine(compatible, installed)

    def is_unheard_of(self) -> None:
        self.version = "7.7.7"


CASES = {
    "flipped list of blocks": (lambda case: case.alter_list(flipped), "wrong-hash"),
    "short list": (lambda case: case.alter_list(lambda octets: octets[:-HASH]), "wrong-hash"),
    "endless": (lambda case: case.alter_list(lambda octets: octets + bytes(MIB)), "endless-data"),
    "another's root": (Case.anothers_root, "wrong-key"),
    "nobody signed": (Case.nobody_signed, "one-role-only"),
    "the sides disagree": (lambda case: disagree(case.works), "roles-disagree"),
    "metadata has expired": (Case.time_passes, "freeze"),
    "the manifest has expired": (Case.manifest_expires, "expired"),
    "metadata was turned back": (Case.is_turned_back, "rollback"),
    "the manifest is none": (Case.is_no_manifest, "bad-bundle"),
    "another product": (lambda case: case.runs("qalqan-edge-arm64", "1.1.0"), "wrong-product"),
    "older than what runs": (lambda case: case.runs(PRODUCT, "1.3.0"), "older"),
    "no such version": (Case.is_unheard_of, "unknown-version"),
}


@pytest.mark.parametrize("name", CASES)
def test_whatever_is_wrong_has_a_name(tmp_path: Path, name: str) -> None:
    case, (spoil, why) = Case(tmp_path), CASES[name]
    spoil(case)
    asked = source(tmp_path, case.works, case.changes, case.root)
    with pytest.raises(Failed) as refused:
        asked.find(case.version, case.machine, case.now_s)
    assert refused.value.why == why


def disagree(works: Works) -> None:
    """Have each side name another manifest, and both published."""
    for side, days in (("release", 30), ("operations", 29)):
        manifest = Manifest(9, NOW, NOW + days * DAY)
        works.desk.manifest.write_bytes(msgspec.json.encode(manifest))
        works.repository.sign("firmware", side, works.desk.manifest, works.keys[side], NOW)
        name = f"firmware-{side}"
        pending = works.repository.pending / f"{name}.json"
        version = works.repository._version(name) + 1
        (works.repository.metadata / f"{version}.{name}.json").write_bytes(pending.read_bytes())
    works.repository._bind(works.online, NOW)


def test_a_repository_without_firmware_names_nobody(tmp_path: Path) -> None:
    centre = Centre(tmp_path / "repository")
    client = Client(tmp_path / "trust", centre.repository.root(), LocalFetcher(centre.folder))
    with pytest.raises(Failed, match="nobody is trusted to sign firmware") as refused:
        Source(client, lambda now_s: now_s).find("1.2.0", MACHINE, NOW + 1)
    assert refused.value.why == "wrong-list"


def test_a_repository_that_is_away_is_no_failure(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    root = works.repository.root()
    (works.repository.metadata / "timestamp.json").unlink()
    with pytest.raises(DriverLost):
        source(tmp_path, works, root=root).find("1.2.0", MACHINE, NOW + 1)


def test_one_key_does_not_sign_for_both_sides(tmp_path: Path) -> None:
    works = Works(tmp_path / "repository")
    one = works.keys["release"].public_key
    keys = {"release": one, "operations": one}
    with pytest.raises(ConfigError, match="a key each"):
        works.repository.delegate("firmware", keys, works.root, works.online, NOW)
