# SPDX-License-Identifier: Apache-2.0
"""A made-up appliance: says what one would say, right or wrong, and hears what it is told.

It keeps no outbox and resends only when told to: it is here to try hubs, not to report calls.
"""

import asyncio
import uuid
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import msgspec

from edge.report import topic
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.message import (
    Ack,
    Acknowledged,
    Ask,
    BlockHead,
    Cosigned,
    Hub,
    RoamAnswer,
    State,
)
from edge.report.port import Inbound, Outbound
from hil.hub.mqtt import Broker, Link, Session, connected

BEGAN_NS = 1_750_000_000_000_000_000
"Of the made-up events; one a millisecond."


def fresh_stream() -> str:
    """Return the name of a stream that was never used."""
    return str(uuid.uuid4())


def event(seq: int, kind: str = "counters", **fields: object) -> bytes:
    """Return an event as it stands in a batch."""
    moment = Moment(BEGAN_NS + seq * 1_000_000, seq * 1_000_000, "made-up")
    said = fields or {"process": "core", "values": {"heard": seq}}
    return numbered(seq, encode(Event(Class.METRIC, kind, moment, said)))


def gap(lo: int, hi: int, n: int | None = None) -> bytes:
    """Return the record that says that a range is lost."""
    told = {"lo": lo, "hi": hi, "n": n or hi - lo, "first": 1, "last": 2, "reason": "quota"}
    return event(hi, "gap", **told)


def batch(node: str, stream: str, events: Iterable[bytes], cls: str = "call", v: int = 1) -> bytes:
    """Return a batch as JSON."""
    head = {"v": v, "node": node, "stream": stream, "class": cls}
    return msgspec.json.encode(head)[:-1] + b',"events":[' + b",".join(events) + b"]}"


class MadeUp:
    """An appliance, on a connection of its own."""

    def __init__(self, link: Link, node: str) -> None:
        """Speak as `node`."""
        self.node = node
        self.acks: dict[str, Acknowledged] = {}
        "The most that each stream was acknowledged."
        self.answers: list[Ack] = []
        self.hubs: list[Hub] = []
        "What the hub said of itself, the latest last."
        self.cosigned: list[Cosigned] = []
        self.roams: list[RoamAnswer] = []
        self.blocks: list[tuple[str, BlockHead]] = []
        "Heads of blocks, each with the topic that it came on."
        self._link = link
        self._news = asyncio.Event()

    async def say(self, what: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish under a topic of our own."""
        name = topic.up(self.node, what)
        await self._link.publish(Outbound(name, payload, retain=retain))

    async def report(
        self, stream: str, numbers: Sequence[int], cls: str = "call", *, packed: bool = True
    ) -> None:
        """Send events of these numbers as one batch."""
        await self.send(stream, [event(number) for number in numbers], cls, packed=packed)

    async def send(
        self, stream: str, events: Iterable[bytes], cls: str = "call", *, packed: bool = True
    ) -> None:
        """Send a batch of events."""
        octets = batch(self.node, stream, events, cls)
        await self.say(f"{topic.EVENTS}/{cls}", zlib.compress(octets) if packed else octets)

    async def ask(self, *streams: str) -> None:
        """Ask how far these streams have got."""
        await self.say(topic.ASK, Ask(epoch=1, streams=streams).model_dump_json().encode())

    async def be(self, state: State) -> None:
        """Say how we are."""
        payload = state.model_dump_json(by_alias=True).encode()
        await self.say(topic.STATE, payload, retain=True)

    async def until(self, enough: Callable[[], bool], within_s: float) -> bool:
        """Wait until enough was heard; false if that does not come."""
        try:
            async with asyncio.timeout(within_s):
                while not enough():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def through(self, stream: str) -> int:
        """Return how far a stream was acknowledged; -1 if nothing was said of it."""
        return self.acks[stream].through if stream in self.acks else -1

    async def listen(self) -> None:
        """Hear what we are told until the connection ends."""
        while True:
            for message in await self._link.arrived():
                self._hear(message)
                self._link.settle(message)
            self._news.set()

    def _hear(self, message: Inbound) -> None:
        _, _, what = topic.split(message.topic)
        if what == topic.BLOCK:
            head = BlockHead.model_validate_json(message.payload.partition(b"\n")[0])
            self.blocks.append((message.topic, head))
        if what == topic.HUB:
            self.hubs.append(Hub.model_validate_json(message.payload))
        if what == topic.ROAM:
            self.roams.append(RoamAnswer.model_validate_json(message.payload))
        if what == topic.ACK and message.payload:
            ack = Ack.model_validate_json(message.payload)
            self.answers.append(ack)
            self.cosigned += ack.cosigned
            for one in ack.acks:
                if one.through >= self.through(one.stream):
                    self.acks[one.stream] = one

    async def tidy(self) -> None:
        """Take our retained messages away, where the broker lets us."""
        for name in (topic.down(self.node, topic.ACK), topic.up(self.node, topic.STATE)):
            await self._link.publish(Outbound(name, b"", retain=True))


@asynccontextmanager
async def appliance(broker: Broker, node: str) -> AsyncIterator[MadeUp]:
    """Connect as an appliance until the block is left. Raises `DriverLost`."""
    async with connected(broker, Session(node)) as link:
        one = MadeUp(link, node)
        await link.subscribe(*topic.heard_by(node), topic.bulk(node))
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(one.listen())
                try:
                    yield one
                    await one.tidy()
                finally:
                    listening.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
