# SPDX-License-Identifier: Apache-2.0
"""Many appliances on one broker: the real conversation of each, all in one process.

    python -m tests.flows.fleet [APPLIANCES]      a stampede: the broker is killed and comes back

Their lists lie in memory: a hundred boxes have a hundred disks, this machine has one.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edge import clock
from edge.blocklist.apply import Settings
from edge.blocklist.entry import Listed
from edge.blocklist.simple import SimpleBlocklist
from edge.lists import Lists
from edge.model.event import UNKNOWN_TRUNK
from edge.moment import Moments
from edge.process.supervise import Backoff
from edge.report.hub.drain import Drain
from edge.report.hub.link import Handler, Hears, Link, Says
from edge.report.hub.reach import Session, Terms
from edge.report.lists.fetch import MqttFetcher
from edge.report.lists.follow import Follow, Telling, followed
from edge.report.lists.pull import Shelf
from edge.report.message import Ask, Live, State
from tests.flows.house import NS, House, house, until

MEMORY = Path("/dev/shm")  # noqa: S108 - the only disk in memory that Linux always has
TABLE = Path(__file__).parents[2] / "hil" / "demo" / "list.csv"
PATIENCE_S = 120.0
FIRST = 447700910000
"Numbers of the United Kingdom's range for drama."


class Box:
    """As much of an appliance as an urgent record passes through: from the socket to the list."""

    def __init__(self, folder: Path, node: str, one: House) -> None:
        self.node = node
        self.news = asyncio.Event()
        root = (one.centre.folder / "metadata" / "1.root.json").read_bytes()
        moments = Moments()
        handlers: dict[str, Handler] = {}
        says = Says(
            lambda epoch: State(state="ready", epoch=epoch),
            lambda epoch: Ask(epoch=epoch, urgent=self.follow.urgent_through()),
            lambda epoch: Live(epoch=epoch, at=clock.now_ns(), queued={}),
        )
        link = Link(node, Drain(node, ()), says, Hears(handlers, lambda _moved: None))
        fetcher = MqttFetcher(node, link.send, Shelf(folder / "pull"))
        followed_ = followed(folder / "lists", ["fraud"], root, fetcher, Settings(node))
        telling = Telling(lambda _event: None, moments.now, self.news.set)
        self.follow = Follow(followed_, fetcher, telling)
        handlers.update(self.follow.handlers())
        terms = Terms(node, (f"127.0.0.1:{one.port}",))
        epochs = iter(range(clock.now_ns(), clock.now_ns() + NS))
        self.session = Session(terms, link, lambda: next(epochs), Backoff(1.0, 30.0, 60.0))
        self._lists = Lists(folder / "lists", SimpleBlocklist("none", 0))

    async def until_refused(self, digits: str) -> float:
        """Wait as `core` does until a call of this number would be refused; return when."""
        while True:
            self.news.clear()
            look = self._lists.look(clock.now_ns() // NS)
            hit = look and look.blocklist.find(
                digits, Listed.CALLING, UNKNOWN_TRUNK, clock.now_ns() // NS
            )
            if hit:
                return time.monotonic()  # noqa: TID251 - what is measured
            await self.news.wait()


Scene = Callable[[House, Sequence[Box]], Awaitable[list[float]]]


async def _play(one: House, folder: Path, count: int, scene: Scene) -> list[float]:
    """Have so many boxes follow the list, then play a scene with them."""
    boxes = [Box(folder / f"b{n}", f"box-{n}", one) for n in range(count)]
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [
            group.create_task(work)
            for box in boxes
            for work in (box.session.forever(), box.follow.forever())
        ]
        async with asyncio.timeout(PATIENCE_S):
            while not all(box.session.broker for box in boxes):  # noqa: ASYNC110 - a hundred
                await asyncio.sleep(0.05)
            for box in boxes:
                box.follow.connected()
            while not all(box.follow.versions() for box in boxes):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        found = await scene(one, boxes)
        for task in tasks:
            task.cancel()
    return found


def _in_a_house(count: int, scene: Scene) -> list[float]:
    with TemporaryDirectory(dir=MEMORY) as name, house(Path(name)) as one:
        one.centre.publish(TABLE, clock.now_ns() // NS)
        for part in (one.broker, one.hub):
            part.start()
        until(lambda: "worker" in one.hub.said() or one.hub.process is not None, "the hub")
        return asyncio.run(_play(one, Path(name), count, scene))


def urgent_latencies(count: int, records: int) -> list[float]:
    """Return how long each of so many appliances took to refuse a number that was just blocked."""

    async def scene(one: House, boxes: Sequence[Box]) -> list[float]:
        found = []
        for number in range(FIRST, FIRST + records):
            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
                began = time.monotonic()  # noqa: TID251 - what is measured
                waits = [group.create_task(box.until_refused(str(number))) for box in boxes]
                await asyncio.to_thread(
                    one.centre.block, f"+{number}", "ORDER", clock.now_ns() // NS
                )
            found += [wait.result() - began for wait in waits]
        return found

    return _in_a_house(count, scene)


class Stampede(NamedTuple):
    """What came of a broker that was killed."""

    appliances: int
    back_s: float
    "Until all were connected again."
    most_a_second: int
    "Connections made within the busiest second."


def stampede(count: int) -> Stampede:
    """Kill the broker under so many appliances, and let it come back."""
    when: list[float] = []

    async def scene(one: House, boxes: Sequence[Box]) -> list[float]:
        before = {box.node: box.session.connects for box in boxes}
        one.broker.kill()
        await asyncio.sleep(3)
        one.broker.start()
        began = time.monotonic()  # noqa: TID251 - what is measured
        waiting = set(before)
        async with asyncio.timeout(PATIENCE_S):
            while waiting:
                for box in boxes:
                    if box.node in waiting and box.session.connects > before[box.node]:
                        waiting.discard(box.node)
                        when.append(time.monotonic() - began)  # noqa: TID251 - as above
                await asyncio.sleep(0.02)
        return when

    found = _in_a_house(count, scene)
    busiest = max(sum(1 for at in found if second <= at < second + 1) for second in range(200))
    return Stampede(count, round(max(found), 1), busiest)


if __name__ == "__main__":
    print(stampede(int(sys.argv[1]) if len(sys.argv) > 1 else 100))  # noqa: T201 - its purpose
