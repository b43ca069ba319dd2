# SPDX-License-Identifier: Apache-2.0
"""Hears what switches send of their own signalling, HEP version 3 over UDP or TCP.

A unit is the packet as received, its shared key blanked out; its time is ours, not the sender's, so
that all taps go by one clock. Who may send is told by the key, and by nothing else.
"""

import asyncio
import hmac
import socket
import struct
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from drivers.taps.hep.wire import Framer
from edge.clock import now_ns
from edge.decode.hep import LINK, split_key
from edge.errors import DriverLost
from edge.intake.readable import readable
from edge.model.unit import ClockQuality, Unit
from edge.ports import Driver, Losses

BATCH = 512
"Packets of a read at most; between two reads others run."

MAX_PACKET = 65_535
MAX_SENDERS = 256
"TCP connections; one more is refused, and counted."

_KERNEL_CLOCK = ClockQuality("kernel", 9)
_OWN_CLOCK = ClockQuality("receiver", 6)

SO_TIMESTAMPNS, SO_MEMINFO = 35, 55
"asm-generic/socket.h: what `socket` does not name."
_TIME = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIME.size)
_MEMORY = struct.Struct("=32xI")
"sk_meminfo: the last of its nine counts is of packets dropped (linux/sock_diag.h)."


class Config(BaseModel):
    """Where switches send to, and what they prove themselves with."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    listen: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    "Address to receive at."
    port: int = Field(default=9060, ge=0, le=65_535)
    "Port to receive at; 0 takes any that is free."
    transport: Literal["udp", "tcp"] = "udp"
    "TCP loses nothing, and a message may be of any length."
    key: SecretStr = SecretStr("")
    "The shared key, which the network carries in clear. Needed where others can reach `listen`."
    buffer_kib: int = Field(default=4096, ge=64, le=65_536)
    "Room for packets that were not read yet, KiB; over UDP what it cannot hold is lost."

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not self.key.get_secret_value() and not self.listen.is_loopback:
            raise ValueError(f"without a key anybody could send calls to {self.listen}")
        return self


class Intake:
    """Checks what was received, and makes units of it."""

    def __init__(self, name: str, key: bytes) -> None:
        """Take packets for the tap `name`; an empty key lets all in."""
        self.lost: Counter[str] = Counter()
        self._name = name
        self._key = key
        self._heard = 0

    def losses(self) -> Losses:
        """Return what was lost, by cause."""
        return Losses(tuple(sorted((+self.lost).items())))

    def unit(self, packet: bytes, at: int, clock: ClockQuality) -> Unit | None:
        """Return a packet as a unit; None, and it is counted, if it has not the key."""
        key, shown = split_key(packet)
        if self._key and not hmac.compare_digest(key, self._key):
            self.lost["hep wrong key"] += 1
            return None
        self._heard += 1
        return Unit(self._name, LINK, at, shown, self._heard, clock)


class UdpTap:
    """Receives datagrams, stamped by the kernel."""

    def __init__(self, intake: Intake, endpoint: socket.socket) -> None:
        """Take a socket that is bound and does not block."""
        self.port: int = endpoint.getsockname()[1]
        self._intake = intake
        self._socket = endpoint

    async def read(self) -> Sequence[Unit]:
        """Return what was received since the last read; wait if that is nothing."""
        await asyncio.sleep(0)
        while self._socket.fileno() >= 0:
            if units := self._received():
                return units
            await readable(self._socket)
        return ()

    def lost(self) -> Losses:
        """Return what had no room in the buffer, and what had no key."""
        if self._socket.fileno() >= 0:
            octets = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMORY.size)
            (self._intake.lost["hep buffer full"],) = _MEMORY.unpack(octets)
        return self._intake.losses()

    async def close(self) -> None:
        """Give the port back."""
        self.lost()
        self._socket.close()

    def _received(self) -> list[Unit]:
        units = []
        with suppress(BlockingIOError):
            for _ in range(BATCH):
                packet, ancillary, _, _ = self._socket.recvmsg(MAX_PACKET, _ANCILLARY)
                if unit := self._intake.unit(packet, _stamp(ancillary), _KERNEL_CLOCK):
                    units.append(unit)
        return units


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return when the kernel received a packet, nanoseconds since the epoch."""
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, ns = _TIME.unpack(data)
            return int(seconds * 1_000_000_000 + ns)
    return now_ns()


class TcpTap:
    """Receives streams; while its reader is late, the senders wait."""

    def __init__(self, intake: Intake, room: int) -> None:
        """Hold `room` octets that were not read, and no more than a packet beyond."""
        self.port = 0
        self._intake = intake
        self._room = room
        self._held = 0
        self._units: deque[Unit] = deque()
        self._senders: dict[asyncio.Task[object], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._news, self._has_room = asyncio.Event(), asyncio.Event()
        self._has_room.set()

    async def listen(self, address: str, port: int) -> None:
        """Open the port."""
        self._server = await asyncio.start_server(self._hear, address, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def read(self) -> Sequence[Unit]:
        """Return the next units; wait if there are none."""
        await asyncio.sleep(0)
        while self._server and not self._units:
            self._news.clear()
            await self._news.wait()
        units = [self._units.popleft() for _ in range(min(BATCH, len(self._units)))]
        self._held -= sum(len(unit.data) for unit in units)
        if self._held < self._room:
            self._has_room.set()
        return units or ()

    def lost(self) -> Losses:
        """Return what had no key, what could not be framed, and who was refused."""
        return self._intake.losses()

    async def close(self) -> None:
        """Give the port back and let the senders go; what was not read is counted as lost."""
        if self._server:
            self._server.close()
            self._server = None
        self._news.set()
        self._has_room.set()
        for sender in self._senders.values():
            sender.transport.abort()
        if self._senders:
            await asyncio.wait(self._senders)
        self._intake.lost["unread"] += len(self._units)
        self._units.clear()

    async def _hear(self, reader: asyncio.StreamReader, sender: asyncio.StreamWriter) -> None:
        """Take what one switch sends, until it goes or we do."""
        task = asyncio.current_task()
        if task is None or len(self._senders) >= MAX_SENDERS:
            self._intake.lost["hep connection refused"] += 1
            sender.transport.abort()
            return
        self._senders[task] = sender
        framer = Framer()
        with suppress(ConnectionError):
            while self._server and (octets := await reader.read(MAX_PACKET)):
                for packet in framer.feed(octets):
                    await self._has_room.wait()
                    self._take(packet)
        self._intake.lost["hep out of step"] += framer.gaps
        self._intake.lost["hep cut short"] += framer.holds
        del self._senders[task]
        sender.close()

    def _take(self, packet: bytes) -> None:
        unit = self._intake.unit(packet, now_ns(), _OWN_CLOCK)
        if unit is None:
            return
        self._units.append(unit)
        self._held += len(unit.data)
        self._news.set()
        if self._held >= self._room:
            self._has_room.clear()


async def open_tap(name: str, config: Config) -> UdpTap | TcpTap:
    """Open the port. Raises `DriverLost` if the address is not there or the port is taken."""
    intake = Intake(name, config.key.get_secret_value().encode())
    room = config.buffer_kib * 1024
    try:
        if config.transport == "udp":
            return UdpTap(intake, _bound(config, room))
        tap = TcpTap(intake, room)
        await tap.listen(str(config.listen), config.port)
    except OSError as refusal:
        where = f"{config.listen} port {config.port}"
        raise DriverLost(f"{where}: {refusal.strerror}") from refusal
    return tap


def _bound(config: Config, room: int) -> socket.socket:
    family = socket.AF_INET if isinstance(config.listen, IPv4Address) else socket.AF_INET6
    endpoint = socket.socket(family, socket.SOCK_DGRAM)
    try:
        endpoint.settimeout(0)
        endpoint.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        endpoint.bind((str(config.listen), config.port))
    except OSError:
        endpoint.close()
        raise
    return endpoint


DRIVER = Driver(
    name="hep",
    config=Config,
    open=open_tap,
    summary="What switches send of their own signalling: HEP version 3 over UDP or TCP.",
)
