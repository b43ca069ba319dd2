# SPDX-License-Identifier: Apache-2.0
"""Hears a mirror port through a ring of memory shared with the kernel (AF_PACKET, TPACKET_V3).

Needs CAP_NET_RAW and nothing else: the port is made promiscuous by a membership of the socket,
which, unlike the flag that netlink sets, takes no CAP_NET_ADMIN and ends with the process even if
that is killed.
"""

import asyncio
import ctypes
import os
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from mmap import mmap
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.host import netlink
from drivers.host.netlink import Link
from drivers.taps.afpacket.wire import (
    BLOCK_STATUS_AT,
    INSTRUCTION_SIZE,
    KERNEL,
    USER,
    filter_of,
    units_of,
)
from edge.clock import monotonic_s
from edge.decode.chain import LAYERS
from edge.errors import ConfigError, DriverLost
from edge.intake.readable import readable
from edge.model.unit import Unit
from edge.ports import Driver, Losses

LAST_LOOK_S = 0.5
"Most that is waited for the kernel's last word on an interface, seconds."
LOOK_S = 1.0
"How often the state of the link and its own losses are asked for."

TUNNEL_PORTS = tuple(sorted(number for registry, number in LAYERS if registry == "udp" and number))
"What is sent to them may begin with any octet: the filter passes it all."

BLOCK = 1024 * 1024
_FRAME = 2048
"The kernel wants a size of frames, and uses it in V3 for nothing but its own sums."

# linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h: what `socket` does not name.
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_RX_RING = 5
PACKET_STATISTICS = 6
PACKET_VERSION = 10
PACKET_IGNORE_OUTGOING = 23
PACKET_MR_PROMISC = 1
TPACKET_V3 = 2
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26

_REQUEST = struct.Struct("=7I")
"tpacket_req3: block size, blocks, frame size, frames, retire, private octets, features."
_MEMBERSHIP = struct.Struct("=iHH8x")
_COUNTS = struct.Struct("=3I")
_STATUS = struct.Struct("=I")


class Config(BaseModel):
    """Which port, and how much is held for a reader that is late."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    interface: str = Field(pattern=r"^[^\s/]{1,15}$")
    "The mirror port; a tap hears one, and there may be many taps."
    filter: Literal["signalling", "all"] = "signalling"
    "`signalling` leaves RTP and RTCP with the kernel, and nothing else; `all` hears speech too."
    blocks: int = Field(default=64, ge=2, le=4096)
    "Blocks of the ring, 1 MiB each; when all are full the kernel drops, and counts."
    retire_ms: int = Field(default=20, ge=1, le=1000)
    "A block that is not full is handed over after this time, milliseconds."
    snaplen: int = Field(default=262_144, ge=2048, le=1_000_000)
    "Octets kept of a packet; the default cuts nothing, not even what the card put together."
    promiscuous: bool = True
    "Hear what is addressed to others, as all on a mirror port is."
    ignore_outgoing: bool = True
    "Leave out what this machine itself sends through the port."


class AfPacketTap:
    """Yields one block of the ring a read."""

    def __init__(self, name: str, config: Config, ring: socket.socket, link: Link) -> None:
        """Take a socket that stands bound to the interface, with its ring set up."""
        self.freezes = 0
        "How often the ring was found full."
        self._name = name
        self._interface = config.interface
        self._handed_over_s = 2 * config.retire_ms / 1000
        self._socket = ring
        self._ring = mmap(ring.fileno(), config.blocks * BLOCK)
        self._at = 0
        self._heard = 0
        self._packets = 0
        self._lost: Counter[str] = Counter()
        self._opened = self._link = link
        self._looked_s = monotonic_s()
        self._gone = ""

    async def read(self) -> Sequence[Unit]:
        """Return the packets of the next block. Raises `DriverLost` if the link is gone."""
        await asyncio.sleep(0)
        while not self._ring.closed:
            if monotonic_s() - self._looked_s >= LOOK_S:
                await self._look()
            if units := self._next():
                return units
            if self._gone:
                raise DriverLost(f"{self._interface}: {self._gone}")
            await self._wait()
        return ()

    def lost(self) -> Losses:
        """Return what the kernel had no room for, and what was lost at the interface itself."""
        self._count()
        link, opened = self._link, self._opened
        self._lost["interface missed"] = link.missed - opened.missed
        self._lost["interface dropped"] = link.dropped - opened.dropped
        self._lost["interface error"] = link.errors - opened.errors
        return Losses(tuple(sorted((+self._lost).items())))

    async def close(self) -> None:
        """Give the ring back; packets in it that were not read are counted as lost."""
        if self._ring.closed:
            return
        with suppress(OSError, TimeoutError):  # what the interface lost since the last look
            async with asyncio.timeout(LAST_LOOK_S):
                await self._look()
        self._count()
        self._lost["unread"] = self._packets - self._lost["ring full"] - self._heard
        self._ring.close()
        self._socket.close()

    def _next(self) -> list[Unit]:
        """Return the units of the next block, and the block to the kernel."""
        at = self._at
        (status,) = _STATUS.unpack_from(self._ring, at + BLOCK_STATUS_AT)
        if not status & USER:
            return []
        units = units_of(self._ring, at, self._name, self._heard)
        _STATUS.pack_into(self._ring, at + BLOCK_STATUS_AT, KERNEL)
        self._at = (at + BLOCK) % len(self._ring)
        self._heard += len(units)
        return units

    async def _wait(self) -> None:
        """Wait until there is a block or an error, but no longer than `LOOK_S`."""
        try:
            async with asyncio.timeout(LOOK_S):
                await readable(self._socket)
        except TimeoutError:
            return
        if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._gone = os.strerror(error).lower()
            await asyncio.sleep(self._handed_over_s)

    async def _look(self) -> None:
        """Ask how the link is: what has lost its cable gives no error, and no packet either."""
        link = await netlink.link(self._interface)
        self._looked_s = monotonic_s()
        if link and link.index != self._opened.index:
            link = None  # made anew under the same name: not the one this socket is bound to
        self._link = link or self._link
        if (state := netlink.state(link)) != netlink.UP:
            self._gone = state

    def _count(self) -> None:
        """Add what the kernel counted since it was last asked: asking sets its counts to zero."""
        if self._ring.closed:
            return
        octets = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, _COUNTS.size)
        packets, dropped, freezes = _COUNTS.unpack(octets)
        self._packets += packets
        self._lost["ring full"] += dropped
        self.freezes += freezes


async def open_tap(name: str, config: Config) -> AfPacketTap:
    """Hear an interface. Raises `DriverLost` if it is not up, `ConfigError` without the right to.

    Nothing is heard before the ring and the filter stand: until then the socket has no protocol.
    """
    link = await netlink.link(config.interface)
    if link is None or netlink.state(link) != netlink.UP:
        raise DriverLost(f"{config.interface}: {netlink.state(link)}")
    if not link.ethernet:
        raise ConfigError(f"{config.interface}: carries no Ethernet")
    try:
        ring = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as refusal:
        raise ConfigError(f"{config.interface}: capture needs CAP_NET_RAW") from refusal
    try:
        _prepare(ring, config, link)
        return AfPacketTap(name, config, ring, link)
    except OSError as refusal:
        ring.close()
        raise DriverLost(f"{config.interface}: {refusal.strerror}") from refusal


def _prepare(ring: socket.socket, config: Config, link: Link) -> None:
    """Set up everything, and let packets in at last."""
    media = config.filter == "all"
    _attach(ring, filter_of(config.snaplen, media=media, passed_ports=TUNNEL_PORTS))
    blocks = config.blocks
    frames = blocks * (BLOCK // _FRAME)
    ring.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
    request = _REQUEST.pack(BLOCK, blocks, _FRAME, frames, config.retire_ms, 0, 0)
    ring.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
    ring.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, int(config.ignore_outgoing))
    if config.promiscuous:
        member = _MEMBERSHIP.pack(link.index, PACKET_MR_PROMISC, 0)
        ring.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, member)
    ring.bind((config.interface, ETH_P_ALL))


def _attach(ring: socket.socket, program: bytes) -> None:
    """Attach a classic BPF program; the kernel copies it."""
    octets = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // INSTRUCTION_SIZE, ctypes.addressof(octets))
    ring.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)


DRIVER = Driver(
    name="afpacket",
    config=Config,
    open=open_tap,
    summary="A mirror port of this machine, through a ring shared with the kernel.",
)
