# SPDX-License-Identifier: Apache-2.0
"""Hears signalling through a Corelatus GTH, which deframes it: MTP2, LAPD or raw timeslots.

We ask over its command port and listen; it connects back with what it hears. Nothing is ever sent
into a timeslot, and its transmitters are switched off. Times are by its clock, which should be set.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from drivers.taps.gth.hearing import Ear, Hearing
from drivers.taps.gth.wire import (
    CommandFramer,
    Monitor,
    Place,
    RecordFramer,
    Said,
    command,
    element,
    monitor,
    parse,
    switch_on,
)
from edge.clock import now_ns
from edge.errors import DriverLost
from edge.model.message import Malformed
from edge.model.unit import Direction, Unit
from edge.ports import Driver, Losses

ANSWER_S = 10.0
"To each question."
KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"A GTH that lost its power says nothing: half a minute later the command channel breaks."
ROOM = 4096
"Units held for a reader that is late; beyond them the GTH has to wait."

Span = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,32}$")]


class Link(BaseModel):
    """One signalling timeslot: the spans that carry its directions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    a_to_b: Span
    "Span of the direction A to B, as on the case: `1A`. It names the link."
    b_to_a: Span | None = None
    "Span of the other direction."
    timeslot: int = Field(default=16, ge=1, le=31)
    "Timeslot of both."
    protocol: Monitor = "mtp2"
    "What it carries; `raw` has that found here."

    def ears(self) -> list[Ear]:
        """Return what is to be monitored."""
        spans = ((self.a_to_b, Direction.A_TO_B), (self.b_to_a, Direction.B_TO_A))
        return [
            Ear(span, self.timeslot, self.protocol, self.a_to_b, direction)
            for span, direction in spans
            if span
        ]


class Config(BaseModel):
    """Which GTH, and what it listens to."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(min_length=1)
    "Its address."
    port: int = Field(default=2089, ge=1, le=65_535)
    "Its command port."
    links: tuple[Link, ...] = Field(min_length=1, max_length=256)
    "Signalling timeslots; speech is never opened."
    spans: Literal["electrical", "optical", "as they are"] = "electrical"
    "How spans are switched on: an electrical one without its transmitter; or not by us."
    monitoring: bool = False
    "Electrical spans are at a -20 dB monitor point."
    framing: Literal["doubleframe", "multiframe", "as it is"] = "as it is"
    "Of electrical spans: SS7 mostly `doubleframe`, PRI `multiframe` (with CRC-4)."

    def switching(self, span: str) -> str:
        """Return the command that has a span listened to; empty if that is not our business."""
        if self.spans == "as they are":
            return ""
        if self.spans == "optical":
            return switch_on("enable", span, {})
        attributes = {"status": "enabled", "tx_enabled": "false"}
        if self.monitoring:
            attributes["monitoring"] = "true"
        if self.framing != "as it is":
            attributes["framing"] = self.framing
        return switch_on("set", f"pcm{span}", attributes)


class GthTap:
    """Yields what the monitors hear, and the alarms of their spans."""

    def __init__(self, name: str, config: Config) -> None:
        """Be ready to open."""
        self._ears = [ear for link in config.links for ear in link.ears()]
        self.hearing = Hearing(name, self._ears)
        self._config = config
        self._units: deque[Unit] = deque()
        self._news = asyncio.Event()
        self._gone = ""
        self._closed = False
        self._commands = Commands(self)
        self._jobs: list[str] = []
        self._server: asyncio.Server | None = None
        self._data: set[asyncio.Transport] = set()

    async def open(self) -> None:
        """Start a monitor for every timeslot and direction. Raises `DriverLost`."""
        loop = asyncio.get_running_loop()
        config = self._config
        try:
            async with asyncio.timeout(ANSWER_S):
                await loop.create_connection(lambda: self._commands, config.host, config.port)
        except OSError as refusal:
            raise DriverLost(f"gth {config.host}: {str(refusal) or 'no answer'}") from refusal
        address = self._commands.address
        self._server = await loop.create_server(lambda: Data(self), address, 0)
        port = self._server.sockets[0].getsockname()[1]
        for span in dict.fromkeys(ear.span for ear in self._ears):
            if switching := config.switching(span):
                await self._ask(switching, "ok")
        for tag, ear in enumerate(self._ears):
            place = Place(address, port, tag)
            job = await self._ask(monitor(ear.protocol, ear.span, ear.timeslot, place), "job")
            self._jobs.append(job.attributes.get("id", ""))

    async def read(self) -> Sequence[Unit]:
        """Return the next units; wait if there are none."""
        await asyncio.sleep(0)
        while not (self._units or self._gone or self._closed):
            self._news.clear()
            await self._news.wait()
        if self._closed:
            return ()
        if not self._units:
            raise DriverLost(self._gone)
        units = tuple(self._units)
        self._units.clear()
        for transport in self._data:
            transport.resume_reading()
        return units

    def lost(self) -> Losses:
        """Return slips, what the GTH had to drop, and what we could not place or never read."""
        return Losses(tuple(sorted(self.hearing.lost.items())))

    async def close(self) -> None:
        """End the monitors and hang up."""
        if self._closed:
            return
        self._closed = True
        self._commands.leave(self._jobs)
        if self._server:
            self._server.close()
        for transport in tuple(self._data):
            transport.abort()
        if self._units:
            self.hearing.lost["unread"] += len(self._units)
            self._units.clear()
        self._news.set()

    def take(self, units: Sequence[Unit]) -> None:
        """Take units of any channel."""
        self._units.extend(units)
        self._news.set()
        if len(self._units) >= ROOM:
            for transport in self._data:
                transport.pause_reading()

    def vanish(self, why: str) -> None:
        """Note that the GTH is gone; the first reason stands."""
        self._gone = self._gone or f"gth {self._config.host}: {why}"
        self._news.set()

    def welcome(self, transport: asyncio.Transport) -> bool:
        """Whether a data channel comes from the GTH; no stranger is heard."""
        if transport.get_extra_info("peername")[0] == self._commands.peer:
            self._data.add(transport)
            return True
        self.hearing.lost["stranger refused"] += 1
        transport.abort()
        return False

    def hung_up(self, transport: asyncio.Transport) -> None:
        """Note the end of a data channel: its monitors have ended with it."""
        if transport in self._data:
            self._data.discard(transport)
            self.vanish("data channel closed")

    async def _ask(self, xml: str, expected: str) -> Said:
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._commands.ask(xml)
        except TimeoutError:
            raise DriverLost(f"gth {self._config.host}: no answer to {xml}") from None
        if self._gone:
            raise DriverLost(self._gone)
        if answer.name != expected:
            reason = answer.attributes.get("reason", answer.name)
            raise DriverLost(f"gth {self._config.host}: {reason} to {xml}")
        return answer


class Commands(asyncio.Protocol):
    """The command channel: asks one question at a time; what is told meanwhile goes to the tap."""

    def __init__(self, tap: GthTap) -> None:
        """Be ready for a connection."""
        self.address = ""
        "Ours, as the GTH sees it."
        self.peer = ""
        self._tap = tap
        self._framer = CommandFramer()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Said] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        endpoint = transport.get_extra_info("socket")
        for level, option, value in KEEPALIVE:
            endpoint.setsockopt(level, option, value)
        self.address = transport.get_extra_info("sockname")[0]
        self.peer = transport.get_extra_info("peername")[0]

    @override
    def data_received(self, data: bytes) -> None:
        """Sort answers from events."""
        for text in self._framer.feed(data):
            found = text if isinstance(text, Malformed) else parse(text)
            if isinstance(found, Malformed):
                self._fail(found.why)
                return
            for said in found:
                self._hear(said)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the tap, and whoever waits for an answer."""
        self._fail(str(exc) if exc else "hung up")

    async def ask(self, xml: str) -> Said:
        """Return the answer to a command."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport:
            self._transport.write(command(xml))
        return await self._answer

    def leave(self, jobs: Sequence[str]) -> None:
        """End the jobs and say goodbye; the answers are not waited for."""
        if self._transport and not self._transport.is_closing():
            for job in jobs:
                self._transport.write(command(element("delete", {"id": job})))
            self._transport.write(command("<bye/>"))
            self._transport.close()

    def _hear(self, said: Said) -> None:
        if said.is_event:
            self._tap.take(self._tap.hearing.event(said, now_ns()))
            if said.name == "fatality":
                self._tap.vanish(f"job {said.attributes.get('id', '')} has ended")
        elif self._answer and not self._answer.done():
            self._answer.set_result(said)

    def _fail(self, why: str) -> None:
        self._tap.vanish(why)
        if self._answer and not self._answer.done():
            self._answer.set_result(Said("error", {"reason": why}))
        if self._transport:
            self._transport.abort()


class Data(asyncio.Protocol):
    """A data channel: one for all monitors, or one for each, as the GTH likes."""

    def __init__(self, tap: GthTap) -> None:
        """Be ready for a connection."""
        self._tap = tap
        self._framer = RecordFramer()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if it is the GTH."""
        stream = cast("asyncio.Transport", transport)
        if self._tap.welcome(stream):
            self._transport = stream

    @override
    def data_received(self, data: bytes) -> None:
        """Hand records on."""
        for record in self._framer.feed(data):
            if isinstance(record, Malformed):
                self._tap.vanish(record.why)
                return
            self._tap.take(self._tap.hearing.record(record))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the tap."""
        if self._transport:
            self._tap.hung_up(self._transport)


async def open_tap(name: str, config: Config) -> GthTap:
    """Connect and start the monitors. Raises `DriverLost` if the GTH refuses or is away."""
    tap = GthTap(name, config)
    try:
        await tap.open()
    except BaseException:
        await tap.close()
        raise
    return tap


DRIVER = Driver(
    name="gth",
    config=Config,
    open=open_tap,
    summary="A Corelatus GTH probe over TCP: MTP2, LAPD or raw timeslots of E1 and SDH.",
)
