# SPDX-License-Identifier: Apache-2.0
"""The power is cut 900 times in three ways: what was acknowledged is there, no number twice.

The harness must bite: the same cuts lose what `synchronous=NORMAL` has acknowledged.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge.report.event import CLASSES, Class
from edge.report.outbox.archive import beside
from edge.report.outbox.database import Connect
from edge.report.outbox.outbox import ARCHIVED, Outbox, OutboxFull
from edge.report.outbox.quota import Limits
from tests.report.kept import AT, ROOMY, SMALL, archived, held, row, whole
from tests.report.powercut import (
    Delete,
    Disk,
    Instant,
    Mark,
    Mode,
    Sync,
    Truncate,
    Write,
    lay_out,
)

CUTS = 15
SEEDS = 20
STEPS = 40


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.close()


def live(path: Path, connect: Connect, limits: Limits, disk: Disk, seed: int) -> None:
    """Live through a busy time: keep, let go, give way, end and begin again."""
    chance = random.Random(seed)
    number = 0
    outbox = Outbox(path, limits, AT, connect)
    for _ in range(STEPS):
        what = chance.random()
        if what < 0.1:
            outbox.close()
            outbox = Outbox(path, limits, AT, connect)
        elif what < 0.3:
            through = {
                stream: chance.randint(0, number + 1)
                for stream in chance.sample(list(outbox.streams.values()), 2)
            }
            disk.mark("through", through)  # the hub has said so, whatever comes of it here
            outbox.retire(through, AT + number)
        else:
            count = chance.choice([1, 1, 3, 20])
            rows = [
                row(chance.choice(CLASSES), number + one, chance.choice([50, 400, 6000]))
                for one in range(count)
            ]
            number += count
            try:
                places = outbox.keep(rows)
            except OutboxFull:
                continue
            disk.mark("kept", [(kept, one) for kept, one in zip(places, rows, strict=True) if kept])
    outbox.close()


class Acknowledged:
    """What the program was told, up to an instant."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], tuple[Class, bytes]] = {}
        self.through: dict[str, int] = {}

    def take(self, mark: Mark) -> None:
        if mark.what == "kept":
            for place, (cls, _, body) in mark.value:
                assert place not in self.kept
                self.kept[place] = (cls, body)
        else:
            for stream, seq in mark.value.items():
                self.through[stream] = max(seq, self.through.get(stream, 0))

    def lost(self, path: Path, limits: Limits) -> list[tuple[str, int]]:
        """Return what is neither here nor with the hub, nor told by the record of a gap."""
        here, there = held(path), archived(beside(path))
        lost = []
        for (stream, seq), (cls, body) in self.kept.items():
            mine = here[cls]
            found = mine.stream == stream and mine.events.get(seq) == body
            told = cls is not Class.AUDIT and limits is SMALL and mine.covered(seq)
            with_hub = seq <= self.through.get(stream, 0)
            if cls in ARCHIVED and limits is ROOMY:
                with_hub = with_hub and there.get((stream, seq)) == body
            if not (found or told or with_hub):
                lost.append((stream, seq))
        return lost

    def highest(self, stream: str) -> int:
        return max((seq for one, seq in self.kept if one == stream), default=0)


def cut_often(
    disk: Disk, seed: int, mode: Mode, look: Callable[[dict[str, bytes], Acknowledged], None]
) -> None:
    """Cut at random instants of the log, each as if it were the only one."""
    chance = random.Random(f"{seed} {mode.value}")
    cuts = sorted(chance.choices(range(len(disk.log)), k=CUTS))
    instant, known = Instant(), Acknowledged()
    for index, step in enumerate(disk.log):
        while cuts and cuts[0] == index:
            cuts.pop(0)
            look(instant.cut(mode, chance), known)
        instant.take(step)
        if isinstance(step, Mark):
            known.take(step)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_acknowledged_is_there(disk, memory, seed, mode):
    limits = SMALL if seed % 2 else ROOMY
    live(memory / "outbox.db", disk.connect, limits, disk, seed)
    instants = iter(range(CUTS))

    def look(files: dict[str, bytes], known: Acknowledged) -> None:
        path = lay_out(memory / f"after-{next(instants)}", files) / "outbox.db"
        with closing(Outbox(path, limits, AT)) as outbox:
            assert not (known.kept and outbox.fresh)
            assert whole(path)
            assert known.lost(path, limits) == []
            for cls, stream in outbox.streams.items():
                with suppress(OutboxFull):
                    (place,) = outbox.keep([row(cls, 10**6)])
                    assert place is None or place.seq > known.highest(stream)
                assert held(path)[cls].last >= known.highest(stream)

    cut_often(disk, seed, mode, look)


def test_the_harness_bites(disk, memory):
    """With `synchronous=NORMAL` a cut loses commits: SQLite says so, and so does this."""
    live(memory / "outbox.db", disk.connect_lax, ROOMY, disk, 2)
    instants, lost = iter(range(CUTS)), []

    def look(files: dict[str, bytes], known: Acknowledged) -> None:
        path = lay_out(memory / f"after-{next(instants)}", files) / "outbox.db"
        with closing(Outbox(path, ROOMY, AT)):
            lost.extend(known.lost(path, ROOMY))

    cut_often(disk, 2, Mode.LOST, look)
    assert lost


def test_an_instant_knows_what_is_safe():
    disk, chance = Instant(), random.Random(1)
    for step in (Write("a", 0, b"12"), Sync("a"), Write("a", 4, b"56"), Write("b", 0, b"9")):
        disk.take(step)
    assert disk.cut(Mode.LOST, chance) == {"a": b"12", "b": b""}
    assert disk.cut(Mode.PREFIX, chance)["a"][:2] == b"12"
    disk.take(Sync("a"))
    disk.take(Truncate("a", 3))
    disk.take(Sync("a"))
    disk.take(Delete("b", for_good=True))
    assert disk.cut(Mode.SECTORS, chance) == {"a": b"12\0"}
