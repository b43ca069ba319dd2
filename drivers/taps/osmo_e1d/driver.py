# SPDX-License-Identifier: Apache-2.0
"""Hears timeslots through osmo-e1d: an e1-tracer, each of its two lines a direction of a trunk.

Timeslots are opened raw and deframed by us, for the daemon drops bad and long frames unsaid. Raw
octets have neither time nor number: units bear our own time, and what the daemon could not hand
over is not told to us. Nothing is ever sent.
"""

import asyncio
import os
import selectors
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from drivers.taps.osmo_e1d.wire import (
    ALARMS,
    MAX_LENGTH,
    Kind,
    Message,
    open_raw,
    packet,
    parse,
)
from edge.clock import now_ns
from edge.errors import DriverLost
from edge.intake.readable import readable
from edge.model.message import Malformed
from edge.model.unit import Alarm, ClockQuality, Direction, LinkType, Unit
from edge.ports import Driver, Losses

CHUNK = 4096
"Octets of a timeslot read at once: half a second."
ANSWER_S = 5.0
CLOCK = ClockQuality("receiver", 2)
"When we were given 20 ms of octets, not when they were on the wire."
SIDES = (Direction.A_TO_B, Direction.B_TO_A)
"By line of an e1-tracer."

Line = Annotated[int, Field(ge=0, le=254)]
Timeslot = Annotated[int, Field(ge=1, le=31)]


class Config(BaseModel):
    """Which timeslots of which interface."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    control: Path = Path("/tmp/osmo-e1d.ctl")  # noqa: S108 - where the daemon makes it
    "The daemon's control socket."
    interface: int = Field(default=0, ge=0, le=254)
    "Interface of the e1-tracer, as the daemon numbers it."
    lines: tuple[Line, ...] = Field(default=(0, 1), min_length=1, max_length=2)
    "Line of the direction A to B, and of B to A."
    timeslots: tuple[Timeslot, ...] = Field(default=(16,), min_length=1)
    "Timeslots that carry signalling; speech is never opened."


class Control:
    """The control socket: asks, and notes what is told meanwhile."""

    def __init__(self, path: str) -> None:
        """Be ready to connect to `path`."""
        self.told: list[Message] = []
        "Events that nobody has taken yet."
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(0)
        self._path = path

    async def connect(self) -> None:
        """Connect. Raises `DriverLost` if there is no daemon."""
        try:
            await asyncio.get_running_loop().sock_connect(self.socket, self._path)
        except OSError as refusal:
            raise self.lost(os.strerror(refusal.errno or 0)) from refusal

    async def open(self, interface: int, line: int, timeslot: int) -> socket.socket:
        """Return the octets of a timeslot. Raises `DriverLost` if it cannot be had."""
        request = packet(open_raw(interface, line, timeslot))
        await asyncio.get_running_loop().sock_sendall(self.socket, request)
        while True:
            await readable(self.socket.fileno())
            message, descriptors = self._receive()
            if message and message.kind is not Kind.EVENT:
                break
        if message.kind is not Kind.ANSWER or not descriptors:
            place = f"interface {interface}, line {line}, timeslot {timeslot}"
            raise self.lost(f"{place} does not exist or is taken")
        return socket.socket(fileno=descriptors[0])

    def listen(self) -> None:
        """Take an event, if there is one."""
        self._receive()

    def lost(self, why: str) -> DriverLost:
        """Return the loss of the daemon, for whoever raises it."""
        return DriverLost(f"{self._path}: {why}")

    def _receive(self) -> tuple[Message | None, list[int]]:
        """Take a packet, keeping it if it is an event."""
        try:
            octets, descriptors, _, _ = socket.recv_fds(self.socket, MAX_LENGTH, 1)
        except BlockingIOError:
            return None, []
        except OSError as gone:
            raise self.lost(os.strerror(gone.errno or 0)) from gone
        message = parse(octets)
        if isinstance(message, Message) and message.kind is Kind.ANSWER:
            return message, descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        if isinstance(message, Malformed):
            raise self.lost(message.why if octets else "hung up")
        if message.kind is Kind.EVENT:
            self.told.append(message)
        return message, []


class OsmoE1dTap:
    """Yields the octets of timeslots, and the alarms of their lines."""

    def __init__(self, name: str, config: Config, control: Control) -> None:
        """Take a control socket that is connected; timeslots are added with `hear`."""
        self.alarms: dict[int, Alarm] = {}
        "By line, as the daemon told since we connected."
        self._name = name
        self._interface = config.interface
        self._sides = dict(zip(config.lines, SIDES, strict=False))
        self._control = control
        self._sockets = [control.socket]
        self._ready = selectors.EpollSelector()
        self._ready.register(control.socket, selectors.EVENT_READ, self._listen)
        self._heard = 0

    def hear(self, line: int, timeslot: int, octets: socket.socket) -> None:
        """Hear a timeslot that was opened."""
        octets.settimeout(0)
        self._sockets.append(octets)
        take = partial(self._octets, octets, line, timeslot)
        self._ready.register(octets, selectors.EVENT_READ, take)

    async def read(self) -> Sequence[Unit]:
        """Return the next units; wait if there are none."""
        while True:
            await asyncio.sleep(0)
            if not self._sockets:
                return ()
            units: list[Unit] = []
            for key, _ in self._ready.select(0):
                take: Callable[[], list[Unit]] = key.data
                units += take()
            units += self._told()
            if units:
                return units
            # The selector has itself a descriptor, readable while one of its own is.
            await readable(self._ready)

    def lost(self) -> Losses:
        """Return nothing: the daemon drops what we do not fetch in seconds, and does not say."""
        return Losses()

    async def close(self) -> None:
        """Give the timeslots back."""
        for one in self._sockets:
            one.close()
        self._sockets.clear()
        self._ready.close()

    def _octets(self, octets: socket.socket, line: int, timeslot: int) -> list[Unit]:
        try:
            data = octets.recv(CHUNK)
        except OSError as gone:
            raise self._control.lost(os.strerror(gone.errno or 0)) from gone
        if not data:
            raise self._control.lost(f"timeslot {timeslot} of line {line} was closed")
        return [self._unit(LinkType.E1_RAW, line, timeslot, data)]

    def _listen(self) -> list[Unit]:
        self._control.listen()
        return []

    def _told(self) -> list[Unit]:
        """Return the alarms that changed."""
        told, self._control.told = self._control.told, []
        return [unit for message in told for unit in self._alarmed(message)]

    def _alarmed(self, message: Message) -> list[Unit]:
        ours = message.interface == self._interface and message.line in self._sides
        if not ours or message.type not in ALARMS:
            return []
        alarm, begun = ALARMS[message.type]
        before = self.alarms.get(message.line, Alarm(0))
        now = before | alarm if begun else before & ~alarm
        self.alarms[message.line] = now
        return [self._unit(LinkType.E1_ALARMS, message.line, 0, bytes([now]))]

    def _unit(self, link: LinkType, line: int, timeslot: int, data: bytes) -> Unit:
        self._heard += 1
        return Unit(
            self._name,
            link,
            now_ns(),
            data,
            self._heard,
            CLOCK,
            self._sides[line],
            channel=f"{self._interface}:{timeslot}",
        )


async def open_tap(name: str, config: Config) -> OsmoE1dTap:
    """Open every timeslot of every line. Raises `DriverLost` if one cannot be had."""
    control = Control(str(config.control))
    tap = OsmoE1dTap(name, config, control)
    try:
        async with asyncio.timeout(ANSWER_S):
            await control.connect()
            for line in config.lines:
                for timeslot in config.timeslots:
                    octets = await control.open(config.interface, line, timeslot)
                    tap.hear(line, timeslot, octets)
    except TimeoutError:
        await tap.close()
        raise control.lost(f"no answer in {ANSWER_S:g} s") from None
    except BaseException:
        await tap.close()
        raise
    return tap


DRIVER = Driver(
    name="osmo_e1d",
    config=Config,
    open=open_tap,
    summary="Both directions of an Osmocom e1-tracer, through the daemon osmo-e1d.",
)
