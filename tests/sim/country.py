# SPDX-License-Identifier: Apache-2.0
"""A country in virtual time: boxes, a broker and a hub, and who of them lives."""

import asyncio
import random
import sys
import tempfile
import uuid
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edge.report.hub.drain import Drain
from edge.report.outbox import streams
from hil.hub import herald, worker
from hil.hub.ledger import Ledger
from tests.report.kept import SHM
from tests.sim import loop
from tests.sim.box import CORE, UPLINK, Box, Ground, Traits
from tests.sim.broker import Broker, Weather
from tests.sim.hub import Hub, connected
from tests.sim.invariants import Truth, WatchedDrain, demand

HEALED_S = 3 * 3600.0
"All is told within this time once nothing bad happens any more."
LOOK_S = 5.0
MOST_TASKS = 60
"Of a box, or of the hub and what befalls it."
TOLD = 60
"Lines of the story that a failure tells."

Work = Callable[[], Coroutine[None, None, None]]
Patch = tuple[object, str, object]


class Changed(NamedTuple):
    """What is not as it should be, to see that it is noticed."""

    drain: type[Drain] = WatchedDrain
    ledger: type[Ledger] = Ledger
    patches: tuple[Patch, ...] = ()


UNCHANGED = Changed()


class Failed(AssertionError):
    """A story that came to a bad end."""


class Country:
    """One story."""

    def __init__(self, seed: int, folder: Path, changed: Changed, workers: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.changed = changed
        self.verbose = False
        self.story: deque[str] = deque(maxlen=TOLD)
        self.lines = 0
        self.calm = Weather()
        self.weather = Weather()
        self.thread_s = (0.0005, 0.01)
        self.told_s = 0.0
        "How long it took until all was told once nothing bad happened any more."
        self.is_far = False
        "Whether all lines were cut for long already: once in a story."
        self.broker = Broker(self.chance, self.calm)
        self.hub = Hub(folder, self.broker, changed.ledger, workers)
        self.truth = Truth(self.hub.path)
        self.boxes: list[Box] = []
        self._folder = folder
        self._works: dict[str, Work] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._down: set[str] = set()
        self._group = asyncio.TaskGroup()

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time() - loop.START_S

    def say(self, text: str) -> None:
        """Add a line to the story."""
        tasks, most = len(asyncio.all_tasks()), MOST_TASKS * (len(self.boxes) + 1)
        demand(tasks < most, f"{tasks} tasks are running")
        line = f"{self.now_s:12.3f}  {text}"
        self.lines += 1
        self.story.append(line)
        if self.verbose:
            sys.stdout.write(line + "\n")

    def add_box(self, name: str, traits: Traits) -> Box:
        ground = Ground(self.chance, self.broker, self.truth, self.say, self.changed.drain)
        box = Box(name, self._folder / name, traits, ground)
        self.boxes.append(box)
        return box

    # Processes ------------------------------------------------------------------

    def begin(self, works: dict[str, Work]) -> None:
        """Start processes that run until they are killed."""
        self._works.update(works)
        for name in works:
            self._start(name)

    def _start(self, name: str) -> None:
        self._tasks[name] = self._group.create_task(self._works[name]())

    async def down(self, name: str, seconds: float, *, power: bool = False) -> None:
        """Kill a process, and start it again after a while."""
        if name in self._down:
            return
        self._down.add(name)
        how = "loses its power" if power else "is killed"
        self.say(f"{name} {how} for {seconds:.1f} s")
        if name in self.hub.names:
            self.hub.kill(name)
        else:
            node, _, process = name.partition("/")
            next(box for box in self.boxes if box.name == node).die(process, power=power)
        self._tasks[name].cancel()
        await asyncio.wait({self._tasks[name]})
        await asyncio.sleep(seconds)
        self._start(name)
        self._down.discard(name)
        self.say(f"{name} is back")

    # The whole ------------------------------------------------------------------

    async def live(self, trouble: Callable[["Country"], Coroutine[None, None, None]]) -> None:
        """Tell the story: bad times, good times, and what is left in the end."""
        running: Any = asyncio.get_running_loop()
        running.thread_s = lambda: self.chance.uniform(*self.thread_s)
        async with self._group:
            for name in self.hub.names:
                self.begin({name: self.hub.part(name)})
            for box in self.boxes:
                self.begin({f"{box.name}/{CORE}": box.core, f"{box.name}/{UPLINK}": box.uplink})
            async with asyncio.timeout(30 * 86_400):
                await trouble(self)
            await self.heal()
            self.check()
            for task in self._tasks.values():
                task.cancel()

    async def heal(self) -> None:
        """End all faults, and wait until nothing waits (I6)."""
        for box in self.boxes:
            box.is_busy = False
        if any(name.startswith("refused") for name in self.broker.count):
            # A class that a broker has forbidden is tried again on the next connection.
            self.broker.kill("all")
        self.broker.weather, self.broker.away = self.calm, False
        self.thread_s, self.hub.desk.away = (0.0005, 0.01), 0.0
        healed_s = self.now_s
        self.say("good times")
        while waiting := sum(box.waiting for box in self.boxes):
            late = self.now_s - healed_s > HEALED_S
            demand(not late, f"{waiting} events wait for ever: {self._alarms()}")
            await asyncio.sleep(LOOK_S)
        self.told_s = self.now_s - healed_s
        self.say(f"all is told after {self.told_s:.0f} s")

    async def until(self, holds: Callable[[], bool], within_s: float = 3600.0) -> None:
        """Wait until something holds. Raises `Violation` if it does not in time."""
        for _ in range(int(within_s) + 1):
            if holds():
                return
            await asyncio.sleep(1.0)
        demand(holds(), "what was waited for has not come")

    def _alarms(self) -> dict[str, dict[str, str]]:
        return {box.name: dict(box.drain.alarms) for box in self.boxes if box.drain}

    def check(self) -> None:
        """Check what must hold in the end."""
        for box in self.boxes:
            for book in box.books.values():
                self.truth.whole(box.name, book)
        unread = self.truth.table("quarantine")
        demand(not unread, f"the hub could not read {unread[:2]}")
        # The first birth of a box may come before the outbox of its other process: the hub says so.
        notes = [note for note in self.truth.table("notes") if "began while" not in note[2]]
        demand(not notes, f"the hub remarked {notes[:2]}")

    def figures(self) -> Counter[str]:
        """Return what was counted on the way."""
        books = [book for box in self.boxes for book in box.books.values()]
        return self.broker.count + Counter(
            kept=sum(len(rows) for book in books for rows in book.kept.values()),
            lost=sum(book.lost.total() for book in books),
            refused=sum(book.refused for book in books),
            connects=sum(box.connects for box in self.boxes),
            events=len(self.truth.table("events")),
            gaps=len(self.truth.table("gaps")),
            lines=self.lines,
        )

    def close(self) -> None:
        self.truth.close()
        self.hub.close()


@contextmanager
def patched(*patches: Patch) -> Iterator[None]:
    """Set some names of modules and classes for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextmanager
def country(seed: int, changed: Changed = UNCHANGED, workers: int = 2) -> Iterator[Country]:
    """Make a country, and take it away; a failure tells the seed and how it came to it."""
    drawn = random.Random(f"names {seed}")

    class _Names:
        @staticmethod
        def uuid4() -> uuid.UUID:
            return uuid.UUID(int=drawn.getrandbits(128), version=4)

    seams = [(module, "connected", connected) for module in (herald, worker)]
    with (
        tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as folder,
        patched(*seams, (streams, "uuid", _Names), *changed.patches),
    ):
        made = Country(seed, Path(folder), changed, workers)
        try:
            yield made
        except Exception as error:
            found = _first(error)
            lines = "\n".join(made.story)
            again = f"python -m tests.sim.world {seed}"
            text = f"seed {seed}: {type(found).__name__}: {found}\n{lines}\nagain: {again}"
            raise Failed(text) from error
        finally:
            made.close()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
