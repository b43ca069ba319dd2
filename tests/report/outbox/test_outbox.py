# SPDX-License-Identifier: Apache-2.0
"""What an outbox promises, promise by promise; `test_outbox_life` has them all at once."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import CLASSES, MOST_OCTETS, Class, Moment
from edge.report.outbox.archive import beside
from edge.report.outbox.database import damaged
from edge.report.outbox.outbox import Kept, Outbox, OutboxFull
from edge.report.outbox.quota import PAGE, Limits, ceiling, cost, plan, reserve
from tests.report.kept import AT, ROOMY, archived, held, row, whole

MANY = Limits(1 << 20)


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "outbox.db"


def test_numbers_begin_at_one_in_each_stream(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        assert outbox.fresh == "new"
        assert len(set(outbox.streams.values())) == len(CLASSES)
        mixed = [row(Class.CALL, 1), row(Class.AUDIT, 2), row(Class.CALL, 3)]
        call, audit = outbox.streams[Class.CALL], outbox.streams[Class.AUDIT]
        assert outbox.keep(mixed) == [Kept(call, 1), Kept(audit, 1), Kept(call, 2)]
        assert outbox.keep([]) == []
        assert outbox.waiting()[Class.CALL] == 2
        assert outbox.oldest() == {Class.AUDIT: AT + 2, Class.CALL: AT + 1}
    assert held(path)[Class.CALL].events == {1: mixed[0][2], 2: mixed[2][2]}


def test_an_empty_stream_goes_on_where_it_was(path):
    for number in (1, 2, 3):
        with closing(Outbox(path, ROOMY, AT)) as outbox:
            assert outbox.fresh == ("new" if number == 1 else "")
            (place,) = outbox.keep([row(Class.METRIC, number)])
            assert place == Kept(outbox.streams[Class.METRIC], number)
            assert outbox.retire({place.stream: place.seq}, AT) == 1
            assert outbox.waiting()[Class.METRIC] == 0


def test_acts_and_blocks_go_to_the_archive_before_they_go(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        rows = [row(cls, number) for cls in CLASSES for number in range(3)]
        outbox.keep(rows)
        through = dict.fromkeys(outbox.streams.values(), 2)
        assert outbox.retire(through, AT) == 10
        assert outbox.retire(through, AT) == 0
        assert set(outbox.waiting().values()) == {1}
        kept = {(outbox.streams[cls], seq) for cls in (Class.AUDIT, Class.BLOCK) for seq in (1, 2)}
    assert archived(beside(path)).keys() == kept


def test_letting_go_can_be_done_in_parts(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.CALL, number) for number in range(5000)])
        everything = {outbox.streams[Class.CALL]: 10**12}
        assert outbox.retire(everything, AT, most=1) == 2000
        assert outbox.retire(everything, AT) == 3000


def test_a_full_file_drops_calls_before_blocks_and_says_so(path):
    with closing(Outbox(path, MANY, AT)) as outbox:
        blocks = [row(Class.BLOCK, number, 400) for number in range(300)]
        outbox.keep(blocks)
        for number in range(2000):
            outbox.keep([row(Class.CALL, number, 400)])
        assert outbox.dropped[Class.CALL, "disk-full"] > 500
        assert outbox.dropped[Class.BLOCK, "disk-full"] == 0
    calls = held(path)[Class.CALL]
    (gap,) = calls.gaps
    assert (gap.lo, gap.hi, gap.n) == (1, min(calls.events) - 1, min(calls.events) - 1)
    assert (gap.first, gap.last, gap.reason) == (AT, AT + gap.n - 1, "disk-full")
    assert max(calls.events) == 2000


def test_a_gap_record_reads_like_the_last_event_it_tells_of(path):
    with closing(Outbox(path, Limits(1 << 19, debug=0.02), AT)) as outbox:
        for number in range(30):
            outbox.keep([row(Class.DEBUG, number, 400)])
    with closing(sqlite3.connect(path)) as link:
        ((seq, body),) = link.execute("SELECT seq, body FROM debug WHERE gap")
    assert body.startswith(b'{"kind":"gap","at":%d,"mono":%d,"boot":"bbbbbbbbbbbb","clock":"synced"'
                           % (AT + seq - 1, seq - 1))  # fmt: skip
    assert b'"reason":"quota"' in body


@pytest.mark.parametrize("cls", [Class.CALL, Class.METRIC, Class.DEBUG])
def test_a_class_keeps_to_its_share(path, cls):
    with closing(Outbox(path, MANY, AT)) as outbox:
        for number in range(1200):
            outbox.keep([row(cls, number, 400)])
        assert outbox.dropped[cls, "quota"] > 0
        assert outbox.filled() < 0.9
    taken = sum(cost(len(body)) for body in held(path)[cls].events.values())
    assert taken <= ceiling(MANY, cls)
    assert taken > ceiling(MANY, cls) * 0.9


def test_audit_records_are_refused_before_the_reserve_of_blocks(path):
    with closing(Outbox(path, MANY, AT)) as outbox:
        number = ceiling(MANY, Class.AUDIT) // cost(len(row(Class.AUDIT, 0, 400)[2]))
        outbox.keep([row(Class.AUDIT, one, 400) for one in range(number)])
        with pytest.raises(OutboxFull, match="audit records take"):
            outbox.keep([row(Class.AUDIT, number, 400)])
        with pytest.raises(OutboxFull):  # and the group is refused whole
            outbox.keep([row(Class.CALL, 1), row(Class.AUDIT, number, 400)])
        blocks = 0
        while not outbox.dropped.total():
            outbox.keep([row(Class.BLOCK, blocks, 400)])
            blocks += 1
        assert blocks * cost(500) >= reserve(MANY, plan(MANY).pages) * 0.8
        assert outbox.waiting()[Class.AUDIT] == number
        # What the hub acknowledges makes room again.
        outbox.retire({outbox.streams[Class.AUDIT]: 100}, AT)
        assert outbox.keep([row(Class.AUDIT, number, 400)]) == [
            Kept(outbox.streams[Class.AUDIT], number + 1)
        ]


def test_blocks_beyond_their_reserve_give_way_to_an_audit_record(path):
    with closing(Outbox(path, MANY, AT)) as outbox:
        while not outbox.dropped.total():
            outbox.keep([row(Class.BLOCK, 1, 400)])
        before = outbox.waiting()[Class.BLOCK]
        for number in range(100):
            outbox.keep([row(Class.AUDIT, number, 400)])
        assert outbox.waiting()[Class.AUDIT] == 100
        assert outbox.waiting()[Class.BLOCK] < before


def test_an_outbox_that_is_made_smaller_drops_what_is_beyond(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.CALL, number, 400) for number in range(4000)])
        outbox.keep([row(Class.AUDIT, number, 400) for number in range(20)])
    with closing(Outbox(path, MANY, AT)) as outbox:
        outbox.keep([row(Class.CALL, 4000, 400)])
        outbox.keep([row(Class.AUDIT, 20)])
        assert outbox.filled() <= 1
        assert outbox.dropped[Class.CALL, "quota"] > 3000
        assert {cls for cls, _ in outbox.dropped} == {Class.CALL}
    assert max(held(path)[Class.CALL].events) == 4001


def test_what_is_too_large_is_told(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        large = row(Class.CALL, 2, MOST_OCTETS)
        places = outbox.keep([row(Class.CALL, 1), large, row(Class.CALL, 3)])
        assert [place and place.seq for place in places] == [1, None, 3]
    (gap,) = held(path)[Class.CALL].gaps
    assert (gap.lo, gap.hi, gap.n, gap.reason) == (2, 2, 1, "too-large")


def test_what_never_came_here_is_told(path):
    last = Moment(AT + 9, 9, "b")
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.drop(Class.CALL, 7, AT + 3, last, "queue-full")
        outbox.drop(Class.CALL, 2, AT + 9, last, "queue-full")
        outbox.keep([row(Class.CALL, 1)])
        outbox.drop(Class.CALL, 1, AT + 9, last, "queue-full")
        assert outbox.waiting()[Class.CALL] == 3
    gaps = held(path)[Class.CALL].gaps
    assert [(gap.lo, gap.hi, gap.n, gap.first) for gap in gaps] == [
        (1, 2, 9, AT + 3),
        (4, 4, 1, AT + 9),
    ]


def test_gap_records_that_meet_become_one(path):
    with closing(Outbox(path, Limits(1 << 19, metric=0.1), AT)) as outbox:
        for number in range(60):
            outbox.drop(
                Class.METRIC, 1, AT + number, Moment(AT + number, number, "b"), "queue-full"
            )
            outbox.keep([row(Class.METRIC, number, 400)])
        assert outbox.dropped[Class.METRIC, "queue-full"] == 60
    metrics = held(path)[Class.METRIC]
    head = metrics.gaps[0]
    assert (head.lo, head.first, head.reason) == (1, AT, "quota")
    assert head.n + sum(gap.n for gap in metrics.gaps[1:]) + len(metrics.events) == 120


def test_a_clock_that_steps_back_changes_nothing(path):
    with closing(Outbox(path, MANY, AT)) as outbox:
        for number in range(0, 2500, 20):
            outbox.keep([row(Class.CALL, -number - one, 400) for one in range(20)])
        assert list(held(path)[Class.CALL].events) == sorted(held(path)[Class.CALL].events)
        (gap,) = held(path)[Class.CALL].gaps
        assert gap.first > gap.last
        outbox.retire(dict.fromkeys(outbox.streams.values(), 10**9), 0)
        assert sum(outbox.waiting().values()) == 0


# Damage -----------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    octets = bytearray(path.read_bytes())
    match how:
        case "garbage":
            octets[:] = os.urandom(len(octets))
        case "head":
            octets[:100] = bytes(100)
        case "pages":
            for page in range(1, len(octets) // PAGE):
                octets[page * PAGE : page * PAGE + 64] = os.urandom(64)
        case "truncated":
            del octets[3 * PAGE + 17 :]
        case "another's":
            path.unlink()
            with closing(sqlite3.connect(path)) as link:
                link.execute("CREATE TABLE stream(cls)")
            return
        case _:
            with closing(sqlite3.connect(path)) as link:
                link.execute("PRAGMA user_version=99")
            return
    path.write_bytes(octets)


DAMAGE = ["garbage", "head", "pages", "truncated", "another's", "later version"]


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_set_aside(path, how):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.AUDIT, number, 400) for number in range(100)])
        before = set(outbox.streams.values())
    spoil(path, how)
    size = path.stat().st_size
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        assert outbox.fresh.startswith("damaged: ")
        assert not before & set(outbox.streams.values())
        assert outbox.keep([row(Class.AUDIT, 1)]) == [Kept(outbox.streams[Class.AUDIT], 1)]
    ((number, aside),) = damaged(path)
    assert (number, aside.stat().st_size) == (1, size)
    assert whole(path)


@pytest.mark.parametrize("how", ["pages", "truncated", "garbage"])
def test_a_file_that_is_damaged_meanwhile_is_set_aside_and_told(path, how):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.CALL, number, 400) for number in range(3000)])
        outbox._link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        outbox._link.execute("PRAGMA cache_size=1").fetchall()
        spoil(path, how)
        for _ in range(3):
            outbox.keep([row(Class.CALL, 1)])
            outbox.try_heads()
        assert outbox.renewals == 1
        assert outbox.fresh.startswith("damaged: ")
        assert outbox.dropped[Class.CALL, "unreadable"] >= 3000
    (gap,) = held(path)[Class.CALL].gaps
    assert gap.n >= 3000
    assert gap.reason == "unreadable"


def test_a_file_that_is_taken_away_is_made_anew(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.CALL, 1), row(Class.AUDIT, 2)])
        path.unlink()
        assert outbox.keep([row(Class.CALL, 3)]) == [Kept(outbox.streams[Class.CALL], 2)]
        assert (outbox.fresh, outbox.renewals) == ("damaged: the file was taken away", 1)
        assert outbox.waiting()[Class.AUDIT] == 1  # the gap record
    assert [gap.n for gap in held(path)[Class.CALL].gaps] == [1]


def test_a_log_without_its_file_is_not_taken_for_its_end(path):
    outbox = Outbox(path, ROOMY, AT)
    outbox.keep([row(Class.CALL, 1)])
    path.rename(path.with_name("elsewhere"))
    log = path.with_name("outbox.db-wal").read_bytes()
    outbox.close()
    path.with_name("outbox.db-wal").write_bytes(log)
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        assert outbox.fresh == "new"
        assert sum(outbox.waiting().values()) == 0


def test_what_will_pass_is_not_mended(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox._link.close()
        with pytest.raises(sqlite3.ProgrammingError):
            outbox.keep([row(Class.CALL, 1)])


def test_a_commit_is_on_disk(path):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        assert outbox._link.execute("PRAGMA synchronous").fetchone() == (2,)
        assert outbox._link.execute("PRAGMA journal_mode").fetchone() == ("wal",)
