# SPDX-License-Identifier: Apache-2.0
"""Nobody waits for the disk, memory is bounded, and what was told to be recorded is recorded."""

import asyncio
import random
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from edge import clock
from edge.report.event import CLASSES, Class, encode
from edge.report.outbox import writer as writing
from edge.report.outbox.acked import write_acked
from edge.report.outbox.archive import beside
from edge.report.outbox.database import Connection, connect
from edge.report.outbox.outbox import Kept, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import STALLED_S, Hooks, Writer
from tests.report.kept import ROOMY, archived, event, held, whole

PATIENCE_S = 30


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "outbox.db"


@pytest.fixture
def acked(memory: Path) -> Path:
    return memory / "acked.json"


class Gate:
    """Holds the writer's thread before a commit, as a disk that stalls does."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.open.wait(PATIENCE_S)


def test_what_was_recorded_is_on_disk_when_one_is_told(path, acked):
    with closing(Writer(path, ROOMY, acked).start()) as writer:
        place = writer.record(event(Class.AUDIT, 1)).result(PATIENCE_S)
        here = held(path)[Class.AUDIT]
        assert place == Kept(here.stream, 1)
        assert here.events == {1: encode(event(Class.AUDIT, 1))}


def test_all_that_waits_is_written_at_the_end(path, acked):
    writer = Writer(path, ROOMY, acked).start()
    for number in range(3000):
        writer.put(event(CLASSES[number % 5], number))
    assert writer.close(PATIENCE_S) == 0
    assert [len(one.events) for one in held(path).values()] == [600] * 5
    with pytest.raises(RuntimeError, match="has ended"):
        writer.put(event(Class.CALL, 1))


def test_what_goes_wrong_at_the_end_is_told_with_all_that_waits(path, acked):
    path.write_bytes(b"no database" * 1000)
    gate = Gate()

    def opened(where: Path) -> Connection:
        gate()
        return connect(where)

    def tell(_name: str, text: str) -> None:
        if text:
            writer.put(event(Class.AUDIT, 1))

    writer = Writer(path, ROOMY, acked, Hooks(alarm=tell), connect=opened).start()
    for number in range(3):
        writer.put(event(Class.CALL, number))
    assert gate.reached.wait(PATIENCE_S)
    writer.close(0)
    gate.open.set()
    assert writer.close(PATIENCE_S) == 0
    here = held(path)
    assert [len(here[cls].events) for cls in (Class.CALL, Class.AUDIT)] == [3, 1]


def test_what_is_wrong_at_its_first_look_is_told_by_itself(path, acked):
    path.mkdir()  # no disk would give it a file of that name

    def tell(_name: str, text: str) -> None:
        if text:
            writer.put(event(Class.AUDIT, 1))
            path.rmdir()

    writer = Writer(path, ROOMY, acked, Hooks(alarm=tell))
    assert f"writes {path.name}" not in {one.name for one in threading.enumerate()}
    writer.put(event(Class.CALL, 1))
    assert writer.start().close(PATIENCE_S) == 0
    here = held(path)
    assert [len(here[cls].events) for cls in (Class.CALL, Class.AUDIT)] == [1, 1]


def test_many_threads_give(path, acked):
    writer = Writer(path, ROOMY, acked).start()

    def give() -> None:
        for number in range(500):
            writer.put(event(Class.CALL, number))

    threads = [threading.Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.close(PATIENCE_S) == 0
    assert held(path)[Class.CALL].events.keys() == set(range(1, 2001))


@pytest.mark.asyncio
async def test_an_event_loop_can_wait_for_it(path, acked):
    writer = Writer(path, ROOMY, acked).start()
    place = await asyncio.wrap_future(writer.record(event(Class.BLOCK, 1)))
    assert place.seq == 1
    given_up = asyncio.wrap_future(writer.record(event(Class.BLOCK, 2)))
    given_up.cancel()
    assert writer.close(PATIENCE_S) == 0
    assert held(path)[Class.BLOCK].events.keys() == {1, 2}


def test_events_are_committed_in_groups(path, acked):
    gate, groups = Gate(), []
    hooks = Hooks(before_commit=gate, committed=lambda: groups.append(1))
    writer = Writer(path, ROOMY, acked, hooks).start()
    writer.put(event(Class.BLOCK, 0))
    assert gate.reached.wait(PATIENCE_S)
    for number in range(1, 1025):
        writer.put(event(Class.CALL, number))
    gate.open.set()
    assert writer.close(PATIENCE_S) == 0
    assert len(groups) == 1 + 1024 // writing.GROUP


def test_a_disk_that_stalls_costs_bounded_memory_and_is_told(path, acked, monkeypatch):
    monkeypatch.setattr(writing, "MOST_EVENTS", 1000)
    gate = Gate()
    writer = Writer(path, ROOMY, acked, Hooks(before_commit=gate)).start()
    writer.put(event(Class.BLOCK, 0))
    assert gate.reached.wait(PATIENCE_S)
    calls = [writer.record(event(Class.CALL, number)) for number in range(1500)]
    for number in range(700):
        writer.put(event(Class.BLOCK, number + 1))
    assert writer.queued == 1000
    assert isinstance(calls[0].exception(PATIENCE_S), OutboxFull)
    gate.open.set()
    assert writer.close(PATIENCE_S) == 0
    here = held(path)
    assert len(here[Class.BLOCK].events) == 701
    assert len(here[Class.CALL].events) == 300
    assert [gap.n for gap in here[Class.CALL].gaps] == [1200]
    assert here[Class.CALL].gaps[0].reason == "queue-full"
    assert [call.result(0).seq for call in calls[1200:]] == list(range(2, 302))
    assert writer.statistics.dropped == {(Class.CALL, "queue-full"): 1200}


def test_a_disk_that_stalls_for_good_does_not_hold_up_the_end(path, acked):
    gate = Gate()
    writer = Writer(path, ROOMY, acked, Hooks(before_commit=gate)).start()
    writer.put(event(Class.BLOCK, 0))
    assert gate.reached.wait(PATIENCE_S)
    assert writer.trouble(clock.monotonic_s() + STALLED_S - 5) == ""
    assert "has not answered for" in writer.trouble(clock.monotonic_s() + STALLED_S + 5)
    wanted = writer.record(event(Class.BLOCK, 1))
    assert writer.close(0.01) == 1
    gate.open.set()  # it came back after all
    assert wanted.result(PATIENCE_S).seq == 2
    assert writer.close(PATIENCE_S) == 0


def test_what_the_hub_has_goes_when_it_says_so(path, acked):
    gone = threading.Event()
    with closing(Writer(path, ROOMY, acked).start()) as writer:
        place = writer.record(event(Class.BLOCK, 1)).result(PATIENCE_S)
        write_acked(acked, {place.stream: place.seq})
        writer.acked()
        for _ in range(PATIENCE_S * 100):
            if writer.statistics.waiting.get(Class.BLOCK) == 0:
                break
            gone.wait(0.01)
    assert held(path)[Class.BLOCK].events == {}
    assert archived(beside(path)).keys() == {(place.stream, 1)}


def test_a_full_audit_refuses_what_is_asked_and_goes_on_with_the_rest(path, acked):
    names: list[str] = []
    hooks = Hooks(alarm=lambda name, text: names.append(name if text else f"no {name}"))
    with closing(Writer(path, Limits(1 << 19), acked, hooks).start()) as writer:
        refused = None
        while refused is None:
            wanted = [writer.record(event(Class.AUDIT, number, 900)) for number in range(10)]
            refused = next((one for one in wanted if one.exception(PATIENCE_S)), None)
        assert isinstance(refused.exception(), OutboxFull)
        assert writer.record(event(Class.CALL, 1)).result(PATIENCE_S).seq == 1
        happened = event(Class.AUDIT, 10**6)
        writer.put(happened)  # cannot be refused: it waits until there is room
        stream = held(path)[Class.AUDIT].stream
        write_acked(acked, {stream: 10})
        writer.acked()
    assert encode(happened) in held(path)[Class.AUDIT].events.values()
    assert names == ["outbox-full", "no outbox-full"]


def test_a_bug_in_the_thread_ends_the_next_who_gives(path, acked):
    died = threading.Event()

    def bug() -> None:
        raise ZeroDivisionError

    before, threading.excepthook = threading.excepthook, lambda _: died.set()
    try:
        writer = Writer(path, ROOMY, acked, Hooks(committed=bug)).start()
        wanted = [writer.record(event(Class.AUDIT, number)) for number in range(2)]
        assert died.wait(PATIENCE_S)
    finally:
        threading.excepthook = before
    assert wanted[0].result(PATIENCE_S)
    with pytest.raises(RuntimeError) as told:
        writer.put(event(Class.AUDIT, 2))
    assert isinstance(told.value.__cause__, ZeroDivisionError)
    writer.close(PATIENCE_S)
    assert writer.trouble(clock.monotonic_s()) == "the writer of the outbox has ended"


@pytest.mark.slow
def test_twenty_kills_lose_nothing_that_was_told_to_be_recorded(path, acked):
    told: dict[tuple[str, str, int], int] = {}
    chance = random.Random(1)
    for life in range(20):
        command = [sys.executable, "-m", "tests.report.recorder", path, acked, str(life * 10**6)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(chance.randint(1, 400)):
                line = process.stdout.readline()
                take(told, line)
            process.kill()
            for line in process.stdout:  # what it had said before it died
                if line.endswith("\n"):
                    take(told, line)
        here = held(path)
        for (cls, stream, seq), number in told.items():
            mine = here[Class(cls)]
            assert mine.stream == stream
            assert mine.events[seq] == encode(event(Class(cls), number))
    assert whole(path)
    assert len(told) > 1000


def take(told: dict[tuple[str, str, int], int], line: str) -> None:
    cls, stream, seq, number = line.split()
    place = (cls, stream, int(seq))
    assert place not in told  # no number twice, over all lives
    told[place] = int(number)
