# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: each class gives way in its turn, and audit records go on."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import CLASSES, Class
from edge.report.outbox.acked import write_acked
from edge.report.outbox.outbox import Outbox, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import Hooks, Writer
from tests.report.kept import AT, event, held, row, whole
from tests.small_disk import fill, small_disk

pytestmark = [pytest.mark.root, pytest.mark.peer("mount", "umount")]

LIMITS = Limits(32 << 20)
"More than the disk has."
DISK = 24 << 20
PATIENCE_S = 30


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK) as folder:
        yield folder


def keep(outbox: Outbox, cls: Class, number: int, count: int = 50) -> None:
    places = outbox.keep([row(cls, number + one, 400) for one in range(count)])
    assert all(places)


def is_cramped(outbox: Outbox) -> bool:
    return outbox.cramped


def fits(outbox: Outbox, number: int) -> bool:
    try:
        keep(outbox, Class.AUDIT, number, 10)
    except OutboxFull:
        return False
    return True


@pytest.mark.parametrize("cls", [Class.BLOCK, Class.CALL, Class.METRIC, Class.DEBUG])
def test_the_oldest_of_a_class_give_way_to_itself(disk, cls):
    path = disk / "outbox.db"
    with closing(Outbox(path, LIMITS, AT)) as outbox:
        keep(outbox, cls, 0, 500)
        filler = fill(disk)
        for number in range(500, 6000, 50):
            keep(outbox, cls, number)
        assert is_cramped(outbox)
        assert outbox.dropped[cls, "disk-full"] > 1000
        mine = held(path)[cls]
        (gap,) = mine.gaps
        assert (gap.lo, gap.reason) == (1, "disk-full")
        assert sorted(mine.events) == list(range(gap.hi + 1, 6001))
        # Room is found again: nothing more is dropped.
        filler.unlink()
        before = outbox.dropped.total()
        for number in range(6000, 7000, 50):
            keep(outbox, cls, number)
        assert not is_cramped(outbox)
        assert outbox.dropped.total() == before
    assert whole(path)


@pytest.mark.parametrize("other", [Class.CALL, Class.METRIC, Class.DEBUG])
def test_the_least_dear_give_way_to_audit_and_block(disk, other):
    path = disk / "outbox.db"
    with closing(Outbox(path, LIMITS, AT)) as outbox:
        for number in range(0, 6000, 50):
            keep(outbox, other, number)
        fill(disk)
        for number in range(0, 1500, 50):
            keep(outbox, Class.AUDIT, number)
            keep(outbox, Class.BLOCK, number)
        assert {cls for cls, _ in outbox.dropped} == {other}
        assert outbox.waiting()[Class.AUDIT] == outbox.waiting()[Class.BLOCK] == 1500
    assert whole(path)


def test_blocks_keep_their_reserve_of_what_there_is(disk):
    path = disk / "outbox.db"
    with closing(Outbox(path, LIMITS, AT)) as outbox:
        for number in range(0, 6000, 50):
            keep(outbox, Class.BLOCK, number)
        fill(disk)
        number = 0
        while fits(outbox, number):
            number += 10
        share = outbox.waiting()[Class.BLOCK] / (number + outbox.waiting()[Class.BLOCK])
        assert 0.35 < share < 0.5
        assert outbox.waiting()[Class.AUDIT] == number
    assert whole(path)


def test_an_audit_record_without_room_is_refused_until_the_hub_takes_some(disk):
    path = disk / "outbox.db"
    with closing(Outbox(path, LIMITS, AT)) as outbox:
        keep(outbox, Class.AUDIT, 0, 500)
        fill(disk)
        number = 500
        while fits(outbox, number):
            number += 10
        assert outbox.dropped.total() == 0
        assert held(path)[Class.AUDIT].events.keys() == set(range(1, number + 1))
        # Its archive has no room either: the hub has them, and the box goes on.
        outbox.retire({outbox.streams[Class.AUDIT]: 400}, AT)
        keep(outbox, Class.AUDIT, number, 100)
    assert whole(path)


def test_a_disk_that_is_full_at_the_start_is_waited_for(disk):
    path, acked = disk / "outbox.db", disk / "acked.json"
    filler = fill(disk)
    failing, well = threading.Event(), threading.Event()
    hooks = Hooks(alarm=lambda name, text: (failing if text else well).set())
    with closing(Writer(path, LIMITS, acked, hooks).start()) as writer:
        wanted = [writer.record(event(cls, 1)) for cls in CLASSES]
        assert failing.wait(PATIENCE_S)
        assert not any(one.done() for one in wanted)
        filler.unlink()
        assert [one.result(PATIENCE_S).seq for one in wanted] == [1] * 5
        assert well.wait(PATIENCE_S)
        write_acked(acked, {})


def test_a_full_disk_and_a_restart(disk):
    path = disk / "outbox.db"
    with closing(Outbox(path, LIMITS, AT)) as outbox:
        keep(outbox, Class.CALL, 0, 2000)
        fill(disk)
        keep(outbox, Class.CALL, 2000, 2000)
    for life in range(3):
        with closing(Outbox(path, LIMITS, AT)) as outbox:
            assert outbox.fresh == ""
            keep(outbox, Class.AUDIT, life, 10)
            keep(outbox, Class.CALL, life, 100)
    assert len(held(path)[Class.AUDIT].events) == 30
    assert whole(path)
