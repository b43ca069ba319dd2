# SPDX-License-Identifier: Apache-2.0
"""An appliance: `core` with its outbox, `uplink` with its own and the conversation with the hub.

All of it is the real thing but the threads and MQTT. Either process may be killed at any moment:
what was in memory is gone, and what was on disk is all that the next one has.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from edge.errors import DriverLost
from edge.process.supervise import Supervised
from edge.report.event import Class, Clock, Event, Moment
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.epoch import Epochs
from edge.report.hub.link import Hears, Link
from edge.report.hub.reach import BACKOFF
from edge.report.hub.standing import Facts, Standing
from edge.report.outbox.progress import Progress
from edge.report.outbox.quota import Limits
from edge.report.outbox.reader import OutboxReader
from tests.sim.broker import Broker, Hello
from tests.sim.invariants import Book, Truth, WatchedDrain
from tests.sim.keeper import Keeper, Place
from tests.sim.loop import START_S

if TYPE_CHECKING:
    from tests.sim.wire import Connection

EPOCH_NS = 1_800_000_000 * 10**9
"When the story begins."
REMEMBERED_S = 7 * 86_400.0
FAR_NS = 200 * 365 * 86_400 * 10**9
CORE, UPLINK = "core", "uplink"
KINDS = {
    Class.AUDIT: "act", Class.BLOCK: "verdict", Class.CALL: "call", Class.METRIC: "counters",
    Class.DEBUG: "malformed",
}  # fmt: skip


class Traits(NamedTuple):
    """What kind of a box it is."""

    limits: Limits
    pace: Pace
    every_s: float = 4.0
    "Between two moments in which events happen, on average."
    burst: int = 8
    "Most events of one moment."
    octets: int = 600
    "Most of an event."
    deaf: float = 0.1
    "Share of hints between the processes that are lost."
    most: int = 150
    "Events that happen by themselves."


class Ground(NamedTuple):
    """What a box stands on."""

    chance: random.Random
    broker: Broker
    truth: Truth
    say: Callable[[str], None]
    drain: type[Drain] = WatchedDrain


class Box:
    """One appliance."""

    def __init__(self, name: str, folder: Path, traits: Traits, ground: Ground) -> None:
        self.name = name
        self.traits = traits
        self.step_ns = 0
        "How wrong its clock is."
        self.is_busy = True
        "Whether there is anything to report."
        self.drain: Drain | None = None
        self.link: Link | None = None
        self.books = {process: Book(name, process) for process in (CORE, UPLINK)}
        self.keepers: dict[str, Keeper] = {}
        self.connects = 0
        self._folder = folder
        self._ground = ground
        self._connection: Connection | None = None
        self._boots = 0
        self._told = 0
        folder.mkdir(parents=True)

    # Time -----------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return what its clock says."""
        passed_s = asyncio.get_running_loop().time() - START_S
        return min(max(0, EPOCH_NS + int(passed_s * 1e9) + self.step_ns), EPOCH_NS + FAR_NS)

    def moment(self) -> Moment:
        mono = int(asyncio.get_running_loop().time() * 1e9)
        return Moment(self.now_ns(), mono, f"boot-{self._boots}", Clock.HOLDOVER)

    # Processes ------------------------------------------------------------------

    def _keeper(self, process: str) -> Keeper:
        place = Place(self.name, process, self._folder, self.traits.limits)
        keeper = Keeper(
            place, self.books[process], self._ground.truth, self.now_ns, self._committed
        )
        self.keepers[process] = keeper
        return keeper

    def _hears_hint(self) -> bool:
        return self._ground.chance.random() >= self.traits.deaf

    def _committed(self) -> None:
        if self.link is not None and self._hears_hint():
            self.link.news()

    async def core(self) -> None:
        """Be the process that hears the trunk."""
        self._boots += 1
        keeper = self._keeper(CORE)
        async with asyncio.TaskGroup() as group:
            group.create_task(keeper.forever())
            group.create_task(self._happen(keeper, 1))

    async def uplink(self) -> None:
        """Be the process that speaks to the hub."""
        keeper = self._keeper(UPLINK)
        readers = [OutboxReader(self._folder / f"{process}.db") for process in (CORE, UPLINK)]
        progress = _Mortal(self._folder / "acked.json", self._written)
        drain = self._ground.drain(self.name, readers, self.traits.pace)
        drain.known(progress.through)
        facts = Facts(self.moment, lambda: tuple(drain.alarms), lambda: 0, "")
        standing = Standing(readers, progress.through, facts)
        loop = asyncio.get_running_loop()
        acked = _checked(self.name, self._ground.truth, progress)
        link = Link(self.name, drain, standing.says, Hears({}, acked), loop.time)
        self.drain, self.link = drain, link
        epochs = Epochs(self._folder / "epoch", self.now_ns)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(keeper.forever())
                group.create_task(progress.forever())
                group.create_task(self._happen(keeper, 6))
                group.create_task(self._reach(link, epochs))
        finally:
            self.link = self.drain = None
            for reader in readers:
                reader.close()

    async def _reach(self, link: Link, epochs: Epochs) -> None:
        """Keep connected, as `edge.report.hub.reach` does."""
        loop = asyncio.get_running_loop()

        async def go_on() -> None:
            hello = Hello(self.name, link.will(epochs.next()), REMEMBERED_S)
            connection = await self._ground.broker.connect(hello)
            self._connection = connection
            self.connects += 1
            self._ground.say(f"{self.name} is connected")
            try:
                await link.converse(connection)
            finally:
                connection.close()

        jitter = self._ground.chance.uniform
        part = Supervised("hub", go_on, BACKOFF, jitter=jitter, now_s=loop.time)
        while True:  # told to end in good order, it comes back
            with suppress(DriverLost):
                await part.forever()

    def _written(self) -> None:
        for keeper in self.keepers.values():
            if self._hears_hint():
                keeper.acked()

    # What it has to say ---------------------------------------------------------

    async def _happen(self, keeper: Keeper, seldom: int) -> None:
        chance = self._ground.chance
        while True:
            await asyncio.sleep(chance.expovariate(1 / (seldom * self.traits.every_s)))
            if self.is_busy and self._told < self.traits.most:
                self.happens(keeper, chance.randint(1, self.traits.burst))

    def happens(self, keeper: Keeper, count: int, octets: int = 0) -> None:
        """Have some events happen; all at once."""
        chance = self._ground.chance
        for _ in range(count):
            cls = Class.AUDIT
            if keeper.place.process == CORE:
                (cls,) = chance.choices(tuple(Class), (1, 4, 12, 3, 3))
            self.put(keeper, cls, octets or chance.randint(1, self.traits.octets))

    def put(self, keeper: Keeper, cls: Class, octets: int) -> None:
        """Have one event happen."""
        self._told += 1
        fill = self._ground.chance.randbytes(octets // 2).hex()
        fields: Mapping[str, Any] = {"text": f"{self.name} {self._told}", "fill": fill}
        keeper.put(Event(cls, KINDS[cls], self.moment(), dict(fields)))

    # What befalls it ------------------------------------------------------------

    def die(self, process: str, *, power: bool) -> None:
        """Lose what the process holds; without power nobody tells the broker, either."""
        self.keepers.pop(process, None)
        if process == UPLINK and self._connection is not None:
            if power:
                self._connection.vanish()
            else:
                self._connection.drop()
            self._connection = None

    @property
    def waiting(self) -> int:
        """Return how many events the hub has not acknowledged, as far as the processes live."""
        return sum(keeper.waiting for keeper in self.keepers.values())


class _Mortal(Progress):
    """One that writes nothing any more when it is killed."""

    @override
    def _write(self, through: Mapping[str, int]) -> None:
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            super()._write(through)


def _checked(node: str, truth: Truth, progress: Progress) -> Callable[[dict[str, int]], None]:
    """Return what takes the hub's word, once it is seen to be true."""

    def acked(moved: dict[str, int]) -> None:
        truth.acknowledged(node, moved)
        progress.acked(moved)

    return acked
