# SPDX-License-Identifier: Apache-2.0
"""The archive keeps what the hub has for as long as it is told to, and costs the outbox nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest

from edge.report.event import Class
from edge.report.outbox.archive import DAY_NS, Archive, beside, records
from edge.report.outbox.database import connect, damaged, pragma
from edge.report.outbox.quota import PAGE, Limits, plan
from tests.report.kept import AT, ROOMY, SMALL, archived

STREAM = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def path(memory: Path) -> Path:
    return beside(memory / "outbox.db")


def rows(*numbers: int, size: int = 50) -> list[tuple[int, int, int, bytes]]:
    bodies = [(number, b"%d" % number + b"x" * size) for number in numbers]
    return [(number, AT + number, crc32(body), body) for number, body in bodies]


def test_what_is_kept_is_found_by_class_and_time(path):
    assert records(path, Class.BLOCK, 0, 2**62) == []
    with closing(Archive(path, ROOMY)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1, 2, 3, 4), AT)
        archive.keep(STREAM, Class.AUDIT, rows(5), AT)
        found = records(path, Class.BLOCK, AT + 2, AT + 3)
    assert [(one.stream, one.seq, one.at) for one in found] == [
        (STREAM, 2, AT + 2), (STREAM, 3, AT + 3)
    ]  # fmt: skip
    assert found == records(path, Class.BLOCK, AT + 2, AT + 3)  # the writer has ended
    assert [one.seq for one in records(path, Class.BLOCK, 0, 2**62, most=2)] == [1, 2]


def test_what_comes_twice_is_kept_once(path):
    with closing(Archive(path, ROOMY)) as archive:
        for _ in range(2):
            archive.keep(STREAM, Class.BLOCK, rows(1, 2), AT)
    assert [one.seq for one in records(path, Class.BLOCK, 0, 2**62)] == [1, 2]


def test_a_record_that_changed_is_left_out(path):
    with closing(Archive(path, ROOMY)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1, 2), AT)
    with closing(sqlite3.connect(path)) as link:
        link.execute("UPDATE record SET body = x'00' WHERE seq = 1")
        link.commit()
    assert [one.seq for one in records(path, Class.BLOCK, 0, 2**62)] == [2]


def test_records_go_after_their_days(path):
    limits = Limits(ROOMY.octets, archive_days=10)
    with closing(Archive(path, limits)) as archive:
        assert archive.prune(AT) == 0
        for day in range(12):
            archive.keep(STREAM, Class.BLOCK, rows(day), AT + day * DAY_NS)
        assert archive.prune(AT + 10 * DAY_NS) == 0
        assert archive.prune(AT + 11 * DAY_NS + 1) == 2
        assert archive.prune(AT + 11 * DAY_NS + 1) == 0
        assert len(records(path, Class.BLOCK, 0, 2**62)) == 10


def test_a_clock_that_jumps_ahead_costs_little(path):
    limits = Limits(ROOMY.octets, archive_days=10)
    with closing(Archive(path, limits)) as archive:
        for day in range(30):
            archive.keep(STREAM, Class.BLOCK, rows(day), AT + day * DAY_NS)
        assert archive.prune(AT + 5000 * DAY_NS) == 2


def test_a_clock_that_was_not_set_costs_nothing(path):
    limits = Limits(ROOMY.octets, archive_days=10)
    with closing(Archive(path, limits)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1), 60 * 10**9)  # the box has just woken, in 1970
        assert archive.prune(120 * 10**9) == 0
        assert archive.prune(AT) == 0
        assert archive.prune(AT + 9 * DAY_NS) == 0
        assert archive.prune(AT + 11 * DAY_NS) == 1


def test_a_clock_that_steps_back_does_not_make_what_is_new_old(path):
    limits = Limits(ROOMY.octets, archive_days=10)
    with closing(Archive(path, limits)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1), AT)
        archive.close()  # what was latest is known to the next life too
        archive.keep(STREAM, Class.BLOCK, rows(2), AT - 20 * DAY_NS)
        assert archive.prune(AT + DAY_NS) == 0
        assert archive.prune(AT + 11 * DAY_NS) == 2


def test_a_full_archive_lets_the_oldest_go(path):
    with closing(Archive(path, SMALL)) as archive:
        for first in range(0, 3000, 20):
            archive.keep(STREAM, Class.BLOCK, rows(*range(first, first + 20), size=300), AT + first)
        assert archive.lost == 0
    kept = sorted(seq for _, seq in archived(path))
    assert kept[-1] == 2999
    assert kept == list(range(kept[0], 3000))
    assert kept[0] > 0
    assert path.stat().st_size <= plan(SMALL).pages * PAGE


def test_while_it_may_not_grow_it_gives_way(path):
    with closing(Archive(path, ROOMY)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(*range(500)), AT)
        archive.grow(may=False)
        link = archive._open()
        size = pragma(link, "page_count")
        for first in range(500, 2000, 50):
            archive.keep(STREAM, Class.BLOCK, rows(*range(first, first + 50)), AT)
        assert pragma(link, "page_count") == size
        archive.grow(may=True)
        archive.keep(STREAM, Class.BLOCK, rows(*range(2000, 4000)), AT)
    assert (STREAM, 1999) in archived(path)
    assert len(archived(path)) > 2000


def test_what_finds_no_room_at_all_is_counted(path):
    with closing(Archive(path, SMALL)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1), AT)
        archive.keep(STREAM, Class.BLOCK, rows(2, size=1 << 20), AT)
        assert archive.lost == 1
        archive.keep(STREAM, Class.BLOCK, rows(3), AT)
        assert archive.lost == 1


@pytest.mark.parametrize("octets", [b"x" * 9000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_archive_begins_anew(path, octets):
    path.write_bytes(octets)
    with closing(Archive(path, ROOMY)) as archive:
        archive.keep(STREAM, Class.BLOCK, rows(1), AT)
        assert archive.damaged
        assert archive.lost == 0
    assert archived(path).keys() == {(STREAM, 1)}
    assert [number for number, _ in damaged(path)] == [1]


def test_what_will_pass_is_told(path):
    def away(path: Path):
        link = connect(path)
        link.close()
        return link

    with closing(Archive(path, ROOMY, away)) as archive:
        with pytest.raises(sqlite3.ProgrammingError):
            archive.keep(STREAM, Class.BLOCK, rows(1), AT)
        assert archive.lost == 0
