# SPDX-License-Identifier: Apache-2.0
"""Keeps a bulk connection from filling the line: what is urgent comes over the same one.

Blocks are pulled, so what lies in the queue before us is never more than the window that our end of
TCP has opened (RFC 9293 section 3.8.6). It is held to what the line carries in a short time, as
measured: the wait of an urgent message is no longer than that, whatever the size of a block.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from edge.clock import monotonic_s

WINDOW_CLAMP = 10  # TCP_WINDOW_CLAMP of Linux tcp(7); the module `socket` has it from 3.11 on
FIRST, LEAST, MOST = 6 << 10, 4 << 10, 1 << 20
"""Octets of the window: at first, and its bounds. Below `LEAST` acknowledgements are late; beyond
64 KiB the kernel does not go where it was told `FIRST` before it connected."""
_MIN_RTT = struct.Struct("=I")
_MIN_RTT_AT = 148  # of `struct tcp_info`: tcpi_min_rtt, since Linux 4.6
_LEAST_ROOM = 3 << 10  # with less, not two packets fit
_OPENS = 2.0  # most that a window grows at once


class Pace(msgspec.Struct, frozen=True):
    """How much of the line is taken."""

    queue_s: float = 0.1
    "What may lie before an urgent message, as time on the line."
    kbit: int = 0
    "Most that is taken of the line, kbit/s; 0: no bound of its own."


class Line:
    """The line of a bulk connection, over many sockets."""

    def __init__(
        self,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        *,
        now_s: Callable[[], float] = monotonic_s,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the line at this pace."""
        self.window = FIRST
        "Octets that may be on their way to us at once."
        self.kbit = 0.0
        "What the line carried last, kbit/s."
        self._pace = pace
        self._now_s = now_s
        self._sleep = sleep
        self._wire: socket.socket | None = None
        self._free_s = 0.0

    def tune(self, wire: socket.socket) -> None:
        """Begin anew on a socket that was just opened: it may be another line."""
        self._wire, self.window = wire, FIRST
        self._clamp()

    def carried(self, octets: int, took_s: float) -> None:
        """Take note that so much came in a time in which we waited for nothing but the line."""
        if octets <= 0 or took_s <= 0:
            return
        rate = octets / took_s
        self.kbit = rate * 8 / 1000
        # The queue before us is what the window has above what the way itself holds.
        fitting = int(rate * (self._pace.queue_s + self._round_trip_s()))
        self.window = max(LEAST, min(fitting, int(self.window * _OPENS), MOST))
        self._clamp()

    async def leave_room(self, octets: int) -> None:
        """Wait until so many octets more keep within the bound."""
        if not self._pace.kbit:
            return
        now_s = self._now_s()
        begin_s = max(now_s, self._free_s)
        self._free_s = begin_s + octets * 8 / (self._pace.kbit * 1000)
        if begin_s > now_s:
            await self._sleep(begin_s - now_s)

    def _clamp(self) -> None:
        if self._wire is not None:
            with suppress(OSError):  # it is closed by now
                # The kernel takes a clamp back when it learns how large packets are (Linux 6.18);
                # it keeps to the room, of which a part is for its own use.
                room = max(self.window * 4 // 5, _LEAST_ROOM)
                self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
                self._wire.setsockopt(socket.IPPROTO_TCP, WINDOW_CLAMP, self.window)

    def _round_trip_s(self) -> float:
        """Return the shortest way there and back that the kernel has seen; 0 where it cannot say.

        Only an empty line shows it, so that a queue is not taken for distance.
        """
        if self._wire is None:
            return 0.0
        try:
            info = self._wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            (found,) = _MIN_RTT.unpack_from(info, _MIN_RTT_AT)
        except (OSError, struct.error):
            return 0.0
        return 0.0 if found == 0xFFFFFFFF else found / 1e6  # noqa: PLR2004 - none yet
