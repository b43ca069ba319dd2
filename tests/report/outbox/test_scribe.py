# SPDX-License-Identifier: Apache-2.0
"""Whatever a disk does, nothing is lost in silence and nothing raises; alarms stand and end."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from edge.report.event import Class, Moment, encode
from edge.report.outbox.acked import write_acked
from edge.report.outbox.archive import DAY_NS, beside
from edge.report.outbox.database import connect
from edge.report.outbox.outbox import Kept, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.ring import Item, Lost
from edge.report.outbox.scribe import CALM_S, Hooks, Scribe
from tests.report.kept import AT, ROOMY, SMALL, archived, event, held


class Bench:
    """A scribe, and all that it says."""

    def __init__(self, folder: Path, limits: Limits = ROOMY) -> None:
        self.path = folder / "outbox.db"
        self.acked = folder / "acked.json"
        self.said: list[tuple[str, str]] = []
        self.done: list[str] = []
        self.broken = ""
        self.unsynced = ""
        hooks = Hooks(
            self._sync,
            lambda: self.done.append("committed"),
            lambda _: self.done.append("took"),
            lambda name, text: self.said.append((name, text)),
        )
        self.scribe = Scribe(self.path, limits, self.acked, hooks, connect=self._connect)

    def _sync(self) -> None:
        if self.unsynced:
            raise OSError(self.unsynced)
        self.done.append("synced")

    def _connect(self, path: Path):
        if self.broken:
            error = sqlite3.OperationalError(self.broken)
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return connect(path)

    @property
    def alarms(self) -> list[str]:
        """Return the names of alarms that stand."""
        standing = dict(self.said)
        return [name for name, text in standing.items() if text]


@pytest.fixture
def bench(memory: Path) -> Iterator[Bench]:
    made = Bench(memory)
    yield made
    made.scribe.close()


@pytest.fixture
def small(memory: Path) -> Iterator[Bench]:
    made = Bench(memory, SMALL)
    yield made
    made.scribe.close()


def item(cls: Class, number: int, size: int = 100, *, future: bool = False) -> Item:
    made = event(cls, number, size)
    return Item(cls, made.moment, encode(made), Future() if future else None)


def test_evidence_is_on_disk_before_the_row_and_news_come_after(bench):
    wanted = item(Class.BLOCK, 1, future=True)
    assert bench.scribe.write([wanted], AT) == []
    assert bench.done == ["synced", "took", "committed"]
    place = wanted.future.result(timeout=0)
    assert place == Kept(held(bench.path)[Class.BLOCK].stream, 1)
    assert bench.said == []


def test_evidence_that_is_not_on_disk_is_an_alarm_and_the_report_goes_on(bench):
    bench.unsynced = "No space left on device"
    assert bench.scribe.write([item(Class.BLOCK, 1)], AT) == []
    assert bench.alarms == ["evidence-not-on-disk"]
    bench.unsynced = ""
    bench.scribe.write([item(Class.BLOCK, 2)], AT)
    assert bench.alarms == []


def test_a_disk_that_fails_is_an_alarm_until_it_is_back(bench):
    bench.broken = "disk I/O error"
    items = [item(Class.CALL, 1), item(Class.AUDIT, 2, future=True)]
    lost = {Class.CALL: Lost(3, AT, Moment(AT, 1, "b"))}
    assert bench.scribe.write(items, AT) == items
    assert bench.scribe.lose(lost, AT) == lost
    assert not bench.scribe.tend(1.0, AT)
    assert bench.said == [("outbox-failing", "disk I/O error")]
    bench.broken = ""
    assert bench.scribe.lose(lost, AT) == {}
    assert bench.scribe.write(items, AT) == []
    assert bench.alarms == []
    assert items[1].future.result(timeout=0).seq == 1
    assert held(bench.path)[Class.CALL].gaps[0].reason == "queue-full"


def test_a_connection_that_fails_is_made_anew(bench):
    bench.scribe.write([item(Class.CALL, 1)], AT)
    bench.scribe._outbox._link.close()
    items = [item(Class.CALL, 2)]
    assert bench.scribe.write(items, AT) == items
    assert bench.alarms == ["outbox-failing"]
    assert bench.scribe.write(items, AT) == []
    assert bench.alarms == []
    assert held(bench.path)[Class.CALL].events.keys() == {1, 2}


def test_the_audit_finds_no_room(small):
    number, again = 0, []
    while not small.scribe.refused:
        number += 1
        again = small.scribe.write([item(Class.AUDIT, number, 400)], AT)
    assert len(again) == 1  # it is tried again: it has happened already
    act = item(Class.AUDIT, 0, 400, future=True)
    assert small.scribe.write([item(Class.CALL, 1), act], AT) == []
    assert isinstance(act.future.exception(timeout=0), OutboxFull)  # and must not be done
    assert small.alarms == ["outbox-full"]
    assert held(small.path)[Class.CALL].events.keys() == {1}
    write_acked(small.acked, {held(small.path)[Class.AUDIT].stream: number // 2})
    small.scribe.tend(1.0, AT)
    assert small.scribe.write(again, AT) == []
    assert small.alarms == []


def test_what_is_dropped_is_an_alarm_until_it_is_calm(small):
    for number in range(0, 1000, 20):
        items = [item(Class.CALL, number + one, 400) for one in range(20)]
        assert small.scribe.write(items, AT) == []
    small.scribe.tend(1.0, AT)
    assert small.alarms == ["outbox-dropping"]
    assert small.scribe.statistics.dropped[Class.CALL, "quota"] > 100
    small.scribe.tend(CALM_S, AT)
    assert small.alarms == ["outbox-dropping"]
    small.scribe.tend(CALM_S + 1.5, AT)
    assert small.alarms == []


def test_an_event_without_room_is_told_to_who_waits_for_it(small):
    large = item(Class.DEBUG, 1, 40_000, future=True)
    assert small.scribe.write([large], AT) == []
    assert isinstance(large.future.exception(timeout=0), OutboxFull)


def test_statistics(bench):
    bench.scribe.write([item(Class.CALL, 1), item(Class.CALL, 2), item(Class.AUDIT, 3)], AT)
    bench.scribe.tend(1.0, AT)
    told = bench.scribe.statistics
    assert told.kept == {Class.CALL: 2, Class.AUDIT: 1}
    assert told.waiting[Class.CALL] == 2
    assert told.oldest_ns == {Class.CALL: AT + 1, Class.AUDIT: AT + 3}
    assert (told.fresh, told.dropped, told.unarchived) == ("new", {}, 0)
    assert 0 < told.filled < 0.1
    assert told.octets > 4096


def test_what_the_hub_has_is_let_go_of_step_by_step(bench):
    for first in range(0, 5000, 250):
        bench.scribe.write([item(Class.BLOCK, first + one) for one in range(250)], AT)
    stream = held(bench.path)[Class.BLOCK].stream
    write_acked(bench.acked, {stream: 4500})
    steps = 1
    while bench.scribe.tend(float(steps), AT):
        steps += 1
    assert steps == 3
    assert bench.scribe.statistics.waiting[Class.BLOCK] == 500
    assert len(archived(beside(bench.path))) == 4500
    bench.scribe.tend(4000.0, AT + 200 * DAY_NS)
    assert len(archived(beside(bench.path))) < 4500


def test_a_damaged_file_is_an_alarm_at_the_start(bench):
    bench.path.write_bytes(b"x" * 9000)
    assert bench.scribe.write([item(Class.CALL, 1)], AT) == []
    assert bench.said == [("outbox-damaged", "damaged: file is not a database")]


def test_a_file_that_is_taken_away_is_an_alarm(bench):
    bench.scribe.write([item(Class.CALL, 1)], AT)
    bench.path.unlink()
    assert bench.scribe.write([item(Class.CALL, 2)], AT) == []
    assert bench.said == [("outbox-damaged", "damaged: the file was taken away")]
    bench.scribe.tend(1.0, AT)
    assert bench.scribe.statistics.dropped == {(Class.CALL, "unreadable"): 1}


def test_a_damaged_archive_is_an_alarm(bench):
    beside(bench.path).write_bytes(b"x" * 9000)
    bench.scribe.write([item(Class.AUDIT, 1)], AT)
    write_acked(bench.acked, {held(bench.path)[Class.AUDIT].stream: 1})
    bench.scribe.tend(1.0, AT)
    assert bench.alarms == ["archive-damaged"]
    assert len(archived(beside(bench.path))) == 1


def test_a_folder_that_cannot_be_made_is_an_alarm(memory):
    (memory / "file").touch()
    bench = Bench(memory / "file")
    assert len(bench.scribe.write([item(Class.CALL, 1)], AT)) == 1
    assert bench.alarms == ["outbox-failing"]
