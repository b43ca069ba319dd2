# SPDX-License-Identifier: Apache-2.0
"""What a cut may leave is mended; what no cut leaves is named."""

from pathlib import Path

import pytest

from edge.evidence.mend import MOST_FRESH, MOST_LOST, look, lost_line, whole
from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import PRUNED, read_record

DAY = "2026-11-25"


def line(place: int) -> bytes:
    return b'{"id":"r-%d","leaf":%d}' % (place, place)


def leaves(*places: int) -> bytes:
    return b"".join(leaf_hash(line(place)) for place in places)


def written(folder: Path, *places: int, day: str = DAY, rest: bytes = b"") -> Path:
    path = folder / day / "lines.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line(place) + b"\n" for place in places) + rest)
    return path


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (b"", 0),
        (leaves(0, 1), 2),
        (leaves(0, 1) + b"torn", 2),
        (leaves(0) + bytes(3 * WIDTH), 1),
        (bytes(WIDTH), 0),
    ],
)
def test_leaves_that_are_whole(octets: bytes, size: int) -> None:
    assert whole(octets) == size


def test_nothing_to_mend(tmp_path: Path) -> None:
    assert look(tmp_path, b"") == ({}, [], [], [])
    written(tmp_path, 0, 1)
    assert look(tmp_path, leaves(0, 1)) == ({}, [], [], [])


def test_lines_ahead_of_their_leaves(tmp_path: Path) -> None:
    first = written(tmp_path, 0, 2)
    second = written(tmp_path, 1, 3, day="2026-11-26", rest=b'{"id":"r-4","le')
    found = look(tmp_path, leaves(0))
    assert found.ahead == {place: leaf_hash(line(place)) for place in (1, 2, 3)}
    assert sorted(octets for _, octets in found.fresh) == [line(1), line(2), line(3)]
    assert (found.files, found.damage) == ([first, second], [])


def test_leaves_without_a_line_are_damage(tmp_path: Path) -> None:
    written(tmp_path, 0, 1)
    assert look(tmp_path, leaves(0, 1, 2, 3)).damage == [f"{tmp_path}: leaves 2 to 3 have no line"]
    (tmp_path / PRUNED).write_bytes(b'{"before":"2026-11-25","leaves":4}')
    assert look(tmp_path, leaves(0, 1, 2, 3)).damage == []


def test_a_line_that_is_not_what_its_leaf_says_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path, 0, 1)
    expected = [f"{path}: the record of leaf 1 is not what it was"]
    assert look(tmp_path, leaves(0, 7)).damage == expected


def test_a_place_that_cannot_be_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path, 0, 1, 1, MOST_LOST * 2, 10**15)
    found = look(tmp_path, leaves(0))
    assert list(found.ahead) == [1]
    assert found.damage == [
        f"{path}: a record claims leaf {place}, which cannot be"
        for place in (10**15, MOST_LOST * 2, 1)
    ]


def test_memory_is_bounded(tmp_path: Path) -> None:
    written(tmp_path, *range(MOST_FRESH + 5))
    found = look(tmp_path, b"")
    assert (len(found.ahead), len(found.fresh)) == (MOST_FRESH + 5, MOST_FRESH)


def test_a_line_for_what_was_lost_is_a_record() -> None:
    record = read_record(lost_line(7))
    assert record
    assert (record["id"], record["leaf"], record["lost"]) == ("lost-8", 7, True)
