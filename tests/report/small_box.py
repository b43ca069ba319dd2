# SPDX-License-Identifier: Apache-2.0
"""The least appliance there can be, with the whole conversation: session, link, drain, a shelf."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from typing_extensions import override

from edge.process.supervise import Backoff
from edge.report.event import Class
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.link import Hears, Link, Says
from edge.report.hub.reach import Session, Terms
from edge.report.message import Ask, Live, State
from edge.report.port import Connection, Inbound
from tests.report.mosquitto import Broker
from tests.report.proxy import Proxy, Weather
from tests.report.shelf import Shelf
from tests.report.small_hub import SmallHub

AT_ONCE = Backoff(first_s=0.02, most_s=0.1)
PACE = Pace(batch_rows=5, ack_wait_s=0.5, look_s=0.05, answer_wait_s=0.2)


class Box:
    """An appliance: a shelf of events, and what it says on a session."""

    def __init__(self, terms: Terms, pace: Pace = PACE) -> None:
        self.shelf = Shelf()
        self.drain = Drain(terms.node, [self.shelf], pace)
        says = Says(
            lambda epoch: State(state="ready", epoch=epoch),
            lambda epoch: Ask(epoch=epoch, streams=tuple(self.shelf.stream.values())),
            lambda epoch: Live(epoch=epoch, at=1, queued={}),
        )
        self.heard: list[str] = []
        link = Link(terms.node, self.drain, says, Hears({"cmd": self.command}, self.acked))
        self.link = link
        self.session = Session(terms, link, itertools.count(1).__next__, AT_ONCE)

    async def command(self, rest: str, message: Inbound) -> None:
        self.heard.append(message.payload.decode())

    def acked(self, through: dict[str, int]) -> None:
        for cls, stream in self.shelf.stream.items():
            self.shelf.let_go(cls, through.get(stream, 0))


async def eventually(truth: Callable[[], object], within_s: float = 20.0) -> None:
    """Wait until something holds that a broker, and nobody here, brings about."""
    async with asyncio.timeout(within_s):
        while not truth():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def kept(*sessions: Session) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.forever()) for one in sessions]
        yield
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def hub_on(endpoint: str, identity: Path | None = None) -> AsyncIterator[SmallHub]:
    hub = SmallHub()
    terms = Terms("hub", (endpoint,), identity)
    async with kept(Session(terms, hub, itertools.count(1).__next__, AT_ONCE)):
        async with asyncio.timeout(20):
            await hub.listens.wait()
        yield hub


def told(box: Box, hub: SmallHub) -> bool:
    return all(
        hub.has[stream] >= set(range(1, box.shelf.last[cls] + 1)) and not box.shelf.rows[cls]
        for cls, stream in box.shelf.stream.items()
    )


async def say(one: Broker, topic: str, payload: bytes, identity: Path | None = None) -> int:
    """Say something as somebody else, on a connection of its own; returns the reason code."""
    answer: list[int] = []

    class Word(SmallHub):
        @override
        async def converse(self, connection: Connection) -> None:
            answer.append(await connection.publish(self._hub(online=True)._replace(
                topic=topic, payload=payload, retain=False)))  # fmt: skip

    name = "other" if identity is None else identity.name
    await Session(Terms(name, (one.endpoint,), identity), Word(), lambda: 1, AT_ONCE).forever()
    return answer[0]


def comes(hub: SmallHub, more_than: int) -> bool:
    return sum(hub.times.values()) > more_than


def knocks(line: Proxy, accepted: int) -> bool:
    return line.accepted > accepted


def anew(box: Box, connects: int) -> bool:
    return box.session.connects > connects


async def fail(box: Box, hub: SmallHub, spoil: Callable[[], object], line: Proxy) -> None:
    """Spoil the line under load, twice; each time it is connected anew, at last all is told."""
    await eventually(lambda: box.session.connects == 1)
    for connects in (1, 2):
        before = sum(hub.times.values())
        box.shelf.put(Class.CALL, 200)
        box.link.news()
        await eventually(partial(comes, hub, before + 20))
        accepted = line.accepted
        spoil()
        box.shelf.put(Class.AUDIT, 20)
        box.link.news()
        await eventually(partial(knocks, line, accepted))
        line.weather = Weather()
        await eventually(partial(anew, box, connects))
    await eventually(lambda: told(box, hub), 30)
