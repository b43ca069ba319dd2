# SPDX-License-Identifier: Apache-2.0
"""The hub's one voice: says whether the hub is there, and publishes what its parts want to be said.

There is one herald to a hub. Its will takes the word back when it dies, under the same epoch; a
will of an earlier life that comes late is spoken against at once. It also hears births that are
retained, which workers that share a subscription are not given.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from edge import clock
from edge.report import topic
from edge.report.message import Hub
from edge.report.port import Inbound, Outbound
from hil.hub import outgoing
from hil.hub.ledger import EPOCH
from hil.hub.mqtt import REFUSED, Broker, Link, Session, connected
from hil.hub.parts import Desk
from hil.hub.store import WORDS, Store

LOOK_S = 0.1
"How often it looks for what is to be said."

EVERYBODY = topic.down(topic.ALL, topic.HUB)
BIRTHS = topic.up("+", topic.STATE)

Result = TypeVar("Result")


def next_epoch(store: Store) -> int:
    """Return an epoch above all earlier ones of this hub."""
    with store.writing() as connection:
        raised = store.insert(WORDS).values(name=EPOCH, value=1)
        raised = raised.on_conflict_do_update(
            index_elements=["name"], set_={"value": WORDS.c.value + 1}
        )
        connection.execute(raised)
        found = connection.execute(sa.select(WORDS.c.value).where(WORDS.c.name == EPOCH))
        return int(found.scalar_one())


class Herald:
    """Keeps the hub's state on a broker, and empties `outgoing`."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        *,
        name: str = "hub",
        now_ns: Callable[[], int] = clock.now_ns,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        """Publish what is in `store`; give births to `desk`."""
        self._store = store
        self._desk = desk
        self._name = name
        self._now_ns = now_ns
        self._sleep = sleep
        # one, so that it takes one connection to the database, however much it has to do at once
        self._thread = ThreadPoolExecutor(1, "herald")

    async def _beside(self, work: Callable[..., Result], *args: object) -> Result:
        """Do what may wait for the database, one thing after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def run(self, broker: Broker) -> None:
        """Speak on one connection until it ends. Raises `DriverLost`."""
        epoch = await self._beside(next_epoch, self._store)
        session = Session(f"{self._name}-herald", will=self._state(epoch, online=False))
        async with connected(broker, session) as link:
            await link.subscribe(EVERYBODY, BIRTHS)
            try:
                await link.publish(self._state(epoch, online=True))
                await self._at_work(link, epoch)
            finally:
                link.send(self._state(epoch, online=False))

    async def _at_work(self, link: Link, epoch: int) -> None:
        await self._beside(self._anew)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hear(link, epoch))
                group.create_task(self._speak(link))
        except BaseExceptionGroup as both:
            raise both.exceptions[0] from None

    def _anew(self) -> None:
        """Have all said again; in the thread, where news of an earlier connection may be asked."""
        for voice in self._desk.voices:
            voice.anew()

    def _state(self, epoch: int, *, online: bool) -> Outbound:
        state = Hub(online=online, epoch=epoch, at=self._now_ns())
        return Outbound(EVERYBODY, state.model_dump_json().encode(), retain=True)

    async def _hear(self, link: Link, epoch: int) -> None:
        while True:
            for message in await link.arrived():
                if message.topic != EVERYBODY:
                    await self._birth(message)
                elif is_stale(message, epoch):
                    await link.publish(self._state(epoch, online=True))
                link.settle(message)

    async def _birth(self, message: Inbound) -> None:
        await self._beside(self._desk.take, message.topic, message.payload, self._now_ns())

    def _news(self) -> list[Outbound]:
        now_ns = self._now_ns()
        return [one for voice in self._desk.voices for one in voice.news(now_ns)]

    async def _speak(self, link: Link) -> None:
        while True:
            for message in await self._beside(self._news):
                _complain(message, await link.publish(message))
            messages = await self._beside(outgoing.waiting, self._store)
            sent = [(number, link.send(message)) for number, message in messages]
            taken = []
            for (number, future), (_, message) in zip(sent, messages, strict=True):
                code = await future
                taken.append(number)
                _complain(message, code)  # said again it would be refused again
            if taken:
                await self._beside(outgoing.done, self._store, taken)
            else:
                await self._sleep(LOOK_S)


def _complain(message: Outbound, code: int) -> None:
    if code >= REFUSED:
        structlog.get_logger("hub").error("refused", topic=message.topic, code=code)


def is_stale(message: Inbound, epoch: int) -> bool:
    """Whether a word about the hub is that of an earlier life, or says that we are not here."""
    try:
        said = Hub.model_validate_json(message.payload)
    except ValueError:
        return True
    return said.epoch < epoch or not said.online
