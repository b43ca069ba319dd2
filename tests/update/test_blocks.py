# SPDX-License-Identifier: Apache-2.0
"""A bundle comes in blocks, in any order, over any number of lives, and only as it was signed."""

import hashlib
import random
from pathlib import Path

import pytest

from edge.report.lists.pull import Took
from edge.update import blocks
from edge.update.blocks import only, open_part, whole_bundle
from edge.update.manifest import BLOCK, Release, block_hashes, split_hashes
from edge.update.state import Failed, Folder
from tests.small_disk import small_disk

WHOLE = random.Random(1).randbytes(5 * BLOCK + 777)
CUT = [WHOLE[at : at + BLOCK] for at in range(0, len(WHOLE), BLOCK)]
LISTED = block_hashes(CUT)
RELEASE = Release(
    "qalqan-edge-x86_64", "1.2.0", hashlib.sha256(WHOLE).hexdigest(), len(WHOLE),
    hashlib.sha256(LISTED).hexdigest(),
)  # fmt: skip
HASHES = split_hashes(LISTED, RELEASE)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_blocks_in_any_order_make_the_bundle(folder: Folder) -> None:
    part = open_part(folder, RELEASE, HASHES)
    assert (part.missing, part.percent) == (6, 0)
    for index in random.Random(2).sample(range(6), 6):
        assert part.take(index, CUT[index]) is Took.NEW
        assert part.take(index, CUT[index]) is Took.TWICE
    assert (part.missing, part.percent) == (0, 100)
    path = part.finish()
    part.close()
    assert path.read_bytes() == WHOLE
    assert whole_bundle(folder, RELEASE) == path
    assert [one.name for one in folder.path.iterdir()] == [f"{RELEASE.sha256}.raucb"]


@pytest.mark.parametrize(
    ("index", "octets"),
    [
        (0, CUT[1]), (0, CUT[0][:-1]), (0, CUT[0] + b"x"), (0, b""), (5, CUT[5] + b"x"),
        (6, CUT[0]), (-1, CUT[5]), (0, bytes(BLOCK)), (1 << 40, CUT[0]),
    ],
)  # fmt: skip
def test_what_was_not_signed_is_not_kept(folder: Folder, index: int, octets: bytes) -> None:
    part = open_part(folder, RELEASE, HASHES)
    assert part.take(index, octets) is Took.WRONG
    assert part.missing == 6
    assert (folder.path / f"{RELEASE.sha256}.part").stat().st_size == len(WHOLE)
    part.close()


def test_room_is_taken_from_the_beginning(folder: Folder) -> None:
    open_part(folder, RELEASE, HASHES).close()
    stat = (folder.path / f"{RELEASE.sha256}.part").stat()
    assert stat.st_size == len(WHOLE)
    assert stat.st_blocks * 512 >= len(WHOLE)


@pytest.mark.parametrize("flipped", [0, 3, 5])
def test_after_a_power_cut_only_what_is_right_counts(folder: Folder, flipped: int) -> None:
    part = open_part(folder, RELEASE, HASHES)
    for index in range(6):
        part.take(index, CUT[index])
    part.close()
    path = folder.path / f"{RELEASE.sha256}.part"
    with path.open("r+b") as file:  # a block that never reached the disk, whatever was told
        file.seek(flipped * BLOCK + 99)
        file.write(b"\xff\x00\xff")
    part = open_part(folder, RELEASE, HASHES)
    assert part.missing == 1
    assert part.wanted(4).asked == frozenset({flipped})
    assert part.take(flipped, CUT[flipped]) is Took.NEW
    assert part.finish().read_bytes() == WHOLE
    part.close()


@pytest.mark.parametrize("size", [0, 1, len(WHOLE) - 1, len(WHOLE) + 1])
def test_a_file_of_another_size_is_begun_anew(folder: Folder, size: int) -> None:
    (folder.path / f"{RELEASE.sha256}.part").write_bytes(WHOLE[:size].ljust(size, b"x"))
    part = open_part(folder, RELEASE, HASHES)
    assert part.missing == 6
    part.close()


def test_asked_for_are_the_first_that_are_missing(folder: Folder) -> None:
    part = open_part(folder, RELEASE, HASHES)
    assert part.wanted(4) == (0, "f0", frozenset({0, 1, 2, 3}))
    part.take(0, CUT[0])
    part.take(2, CUT[2])
    assert part.wanted(4) == (1, "b8", frozenset({1, 3, 4, 5}))
    assert part.lacks(frozenset({0, 1}))
    assert not part.lacks(frozenset({0, 2}))
    part.close()


def test_hashes_of_something_else_make_no_bundle(folder: Folder) -> None:
    other = [bytes([at + 1]) * len(block) for at, block in enumerate(CUT)]
    part = open_part(folder, RELEASE, split_hashes(block_hashes(other), RELEASE))
    for index, block in enumerate(other):
        assert part.take(index, block) is Took.NEW
    with pytest.raises(Failed) as refused:
        part.finish()
    part.close()
    assert refused.value.why == "wrong-hash"
    assert list(folder.path.iterdir()) == []


def test_a_full_disk_is_named_before_anything_is_fetched(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "RESERVE", folder.free())
    with pytest.raises(Failed, match="are needed") as refused:
        open_part(folder, RELEASE, HASHES)
    assert refused.value.why == "no-space"
    assert list(folder.path.iterdir()) == []


@pytest.mark.root
def test_a_disk_that_promised_more_than_it_has_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 65 << 20) as place:
        (place / "fill").write_bytes(bytes(600_000))
        folder = Folder(place / "update")
        monkey = pytest.MonkeyPatch()
        monkey.setattr(Folder, "free", lambda _: 1 << 30)
        big = Release("qalqan", "1", "a" * 64, 65 << 20, "b" * 64)
        with pytest.raises(Failed) as refused:
            open_part(folder, big, (bytes(32),) * 520)
        monkey.undo()
        assert refused.value.why == "no-space"
        assert list(folder.path.iterdir()) == []


def test_a_whole_bundle_that_was_damaged_is_none(folder: Folder) -> None:
    path = folder.path / f"{RELEASE.sha256}.raucb"
    path.write_bytes(WHOLE)
    assert whole_bundle(folder, RELEASE) == path
    path.write_bytes(WHOLE[:-1] + b"?")
    assert whole_bundle(folder, RELEASE) is None
    path.write_bytes(WHOLE[:-1])
    assert whole_bundle(folder, RELEASE) is None


def test_other_bundles_make_room(folder: Folder) -> None:
    for name in ("a.part", "b.raucb", "c.making", "update.json", "update.json.new"):
        (folder.path / name).touch()
    only(folder, folder.path / "a.part")
    found = {path.name for path in folder.path.iterdir()}
    assert found == {"a.part", "update.json", "update.json.new"}
