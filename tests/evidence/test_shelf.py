# SPDX-License-Identifier: Apache-2.0
"""Readers find what lies in the folders, and say what they cannot read."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from edge.errors import InputError
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import (
    LEAVES,
    PRUNED,
    Pruned,
    backwards,
    beyond,
    capture_of,
    days,
    find,
    last_place,
    lines,
    place_of,
    pruned,
    read_leaves,
    read_record,
)

DAY = "2026-11-25"


def written(folder: Path, octets: bytes, day: str = DAY) -> Path:
    path = folder / day / "lines.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def record(name: str, leaf: int, call: str) -> bytes:
    return f'{{"id":"{name}","leaf":{leaf},"call":"{call}","text":""}}\n'.encode()


def test_days_are_folders_named_so(tmp_path: Path) -> None:
    for name in ("2026-11-26", DAY, "2026-1-1", "day-of-wrath", "20261125"):
        (tmp_path / name).mkdir()
    assert [day.name for day in days(tmp_path)] == [DAY, "2026-11-26"]


def test_lines_of_all_days_in_order(tmp_path: Path) -> None:
    later = written(tmp_path, b"c\n", "2026-11-26")
    first = written(tmp_path, b"a\nb")
    assert list(lines(tmp_path)) == [(first, 1, b"a"), (first, 2, b"b"), (later, 1, b"c")]


@given(st.binary(max_size=40).map(lambda octets: octets.replace(b"x", b"\n")))
def test_backwards_is_forwards_turned_round(
    tmp_path_factory: pytest.TempPathFactory, octets
) -> None:
    path = tmp_path_factory.mktemp("shelf") / "file"
    path.write_bytes(octets)
    with path.open("rb") as file:
        forwards = [line.removesuffix(b"\n") for line in file]
    assert list(backwards(path)) == forwards[::-1]


def test_lines_beyond_a_place(tmp_path: Path) -> None:
    one, two, three = (record(f"r-{place}", place, "c") for place in range(3))
    written(tmp_path, one + two)
    later = written(tmp_path, b"torn\n" + three + b'{"leaf":', "2026-11-26")
    found = [line + b"\n" for line in beyond(tmp_path, -1, 9)]
    assert found == [one, two, three]
    assert beyond(tmp_path, 0, 9) == [two[:-1], three[:-1]]
    assert beyond(tmp_path, 0, 1) == [three[:-1]]
    assert beyond(tmp_path, 2, 9) == beyond(tmp_path / "nowhere", 0, 9) == []
    later.unlink()
    later.mkdir()
    with pytest.raises(InputError, match=r"lines\.jsonl: Is a directory"):
        beyond(tmp_path, 0, 9)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b'{"leaf":7,"id":"x"}', 7),
        (b'{"leaf":-1}', None),
        (b'{"leaf":"7"}', None),
        (b'{"leaf":7', None),
        (b"\0" * 20, None),
        (b"[]", None),
        (b'{"leaf":1e3}', None),
        (b'{"leaf":123456789012345678901234567890}', None),
    ],
)
def test_the_place_that_a_line_claims(line: bytes, place: int | None) -> None:
    assert place_of(line) == place


def test_the_last_place_is_that_of_the_last_whole_line(tmp_path: Path) -> None:
    path = written(tmp_path, record("a", 3, "x") + record("b", 4, "y") + b'{"id":"c","le')
    assert last_place(path) == 4
    assert last_place(written(tmp_path, b"")) is None


def test_leaves_are_read_whole(tmp_path: Path) -> None:
    octets = bytes(range(WIDTH)) * 3
    (tmp_path / LEAVES).write_bytes(octets + b"torn")
    assert read_leaves(tmp_path) == octets
    assert read_leaves(tmp_path, 2) == octets[2 * WIDTH :]
    assert read_leaves(tmp_path, 9) == b""


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leaves: No such file or directory"):
        read_leaves(tmp_path)
    with pytest.raises(InputError, match="leaves: No such file or directory"):
        list(lines(tmp_path))
    assert pruned(tmp_path) == Pruned()
    (tmp_path / PRUNED).write_bytes(b"torn")
    assert pruned(tmp_path) == Pruned()


def test_a_record_is_found_by_its_call_and_by_its_id(tmp_path: Path) -> None:
    whole = record("a-1", 0, "x") + record("b-2", 1, "y") + record("c-3", 2, "x")
    path = written(tmp_path, b'{"id":"x\n' + whole + b"\xff\n")
    said: list[str] = []
    assert [found["id"] for _, found in find(tmp_path, "x", said.append)] == ["a-1", "c-3"]
    assert said == [f"{path}:1: not a record", f"{path}:5: not a record"]
    ((line, found),) = find(tmp_path, "b-2", lambda _: None)
    assert (line.number, found["call"]) == (3, "y")


def test_what_became_of_a_call_is_found_under_its_verdict(tmp_path: Path) -> None:
    end = b'{"id":"a-1-end","leaf":2,"of":"a-1","call":"x","text":""}\n'
    other = b'{"id":"b-2-end","leaf":3,"of":"b-2","call":"y","text":""}\n'
    written(tmp_path, record("a-1", 0, "x") + record("b-2", 1, "y") + end + other)

    def ids(name: str) -> list[str]:
        return [found["id"] for _, found in find(tmp_path, name, pytest.fail)]

    assert ids("a-1") == ids("x") == ["a-1", "a-1-end"]
    assert ids("a-1-end") == ["a-1-end"]
    assert ids("a-") == []


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"[1]", b'{"id":1,"leaf":0,"text":""}', b'{"id":"a","leaf":true,"text":""}',
        b'{"id":"a","leaf":0}', b'{"id":"a","leaf":0,"text":3}', b"[" * 100_000, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_record(line: bytes) -> None:
    assert read_record(line) is None


def test_where_frames_stand(tmp_path: Path) -> None:
    good = {"file": "frames-2.pcapng", "at": 1, "octets": 3, "sha256": "00"}
    capture = capture_of({"id": "a", "capture": good})
    assert capture
    (tmp_path / "frames-2.pcapng").write_bytes(b"abcdef")
    assert capture.read(tmp_path) == b"bcd"
    assert not capture.is_whole(tmp_path)
    assert not capture.is_whole(tmp_path / "none")
    assert capture_of({"id": "a"}) is None


@pytest.mark.parametrize(
    "wrong", [{"file": "../../etc/passwd"}, {"at": -1}, {"octets": "3"}, {"sha256": None}]
)
def test_where_no_frames_can_stand(wrong: dict[str, object]) -> None:
    good = {"file": "frames.pcapng", "at": 1, "octets": 3, "sha256": "00"}
    with pytest.raises(InputError, match="record a: "):
        capture_of({"id": "a", "capture": good | wrong})
