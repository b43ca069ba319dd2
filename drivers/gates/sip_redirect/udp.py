# SPDX-License-Identifier: Apache-2.0
"""The gate over UDP: reads what the kernel holds, and answers each datagram at once.

A call that waited too long, in the kernel or behind others, goes on unasked: the switch would ask
again in half a second (T1), and a gate that falls behind shall not hold calls up.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any, NamedTuple

from drivers.gates.sip_redirect.peers import Peers
from drivers.gates.sip_redirect.replies import Replies
from drivers.gates.sip_redirect.wire import Peer
from edge.clock import monotonic_s, now_ns
from edge.errors import DriverLost
from edge.ports import Decide

BATCH = 128
"Datagrams of one turn; between two turns others run."

MAX_DATAGRAM = 65_535
COUNTED_S = 1.0
"How often the kernel is asked what it had no room for, seconds."
MAX_ENDS = 4096
"Addresses with ports that are remembered."

SO_RCVBUFFORCE, SO_TIMESTAMPNS, SO_MEMINFO = 33, 35, 55
"asm-generic/socket.h: what `socket` does not name."
_TIME = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIME.size)
_MEMORY = struct.Struct("=32xI")
"sk_meminfo: the last of its nine counts is of packets dropped (linux/sock_diag.h)."
_NS = 1_000_000_000


class Overload:
    """When a call goes on unasked."""

    def __init__(self, wait_ms: int, backlog: int) -> None:
        """Let a request wait `wait_ms`, and decide `backlog` without having caught up."""
        self._wait_ns = wait_ms * 1_000_000
        self._backlog = backlog
        self._behind = 0

    def is_late(self, at: int, now: int) -> bool:
        """Whether a request of `at` is late at `now`, nanoseconds since the epoch; counts it."""
        self._behind += 1
        return now - at > self._wait_ns or self._behind > self._backlog

    def caught_up(self) -> None:
        """Note that nothing waits any more."""
        self._behind = 0


class End(NamedTuple):
    """Where a peer sends from."""

    peer: Peer
    scope: tuple[int, ...]
    "Flow and zone of an IPv6 address."


class UdpGate:
    """Answers datagrams."""

    def __init__(
        self, replies: Replies, peers: Peers, overload: Overload, endpoint: socket.socket
    ) -> None:
        """Take a socket that is bound and does not block."""
        self.port: int = endpoint.getsockname()[1]
        self.counts = replies.counts
        self._replies = replies
        self._peers = peers
        self._overload = overload
        self._socket = endpoint
        self._ends: dict[tuple[Any, ...], End] = {}
        self._over: asyncio.Future[Exception] | None = None

    @property
    def error(self) -> str:
        """The last error in deciding; empty if there was none."""
        return self._replies.error

    async def serve(self, decide: Decide) -> None:
        """Answer until cancelled. Raises `DriverLost` once it is closed."""
        if self._socket.fileno() < 0:
            raise DriverLost(f"port {self.port}: closed")
        loop = asyncio.get_running_loop()
        self._replies.decide_by(decide)
        self._over = loop.create_future()
        loop.add_reader(self._socket, self._turn)
        try:
            while not self._over.done():
                await asyncio.wait((self._over,), timeout=COUNTED_S)
                self.dropped()
            raise self._over.result()
        finally:
            loop.remove_reader(self._socket)
            self._over = None

    async def close(self) -> None:
        """Give the port back."""
        self._end(DriverLost(f"port {self.port}: closed"))
        self.dropped()
        self._socket.close()

    def dropped(self) -> int:
        """Return how many datagrams the kernel had no room for; counts them, too."""
        if self._socket.fileno() >= 0:
            octets = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMORY.size)
            (self.counts["dropped"],) = _MEMORY.unpack(octets)
        return self.counts["dropped"]

    def _end(self, why: Exception) -> None:
        if self._over and not self._over.done():
            self._over.set_result(why)

    def _turn(self) -> None:
        """Answer what waits; a bug ends `serve`, and is not lost in the loop."""
        try:
            now = monotonic_s(), now_ns()
            for _ in range(BATCH):
                octets, ancillary, _, end = self._socket.recvmsg(MAX_DATAGRAM, _ANCILLARY)
                peer = self._ends.get(end) or self._meet(end)
                if peer:
                    self._hear(octets, _stamp(ancillary), peer, now)
                else:
                    self.counts["stranger"] += 1
        except BlockingIOError:
            self._overload.caught_up()
        except OSError as lost:
            self._end(DriverLost(f"port {self.port}: {lost.strerror}"))
        except Exception as bug:  # noqa: BLE001 - raised by `serve`
            self._end(bug)

    def _hear(self, octets: bytes, at: int, end: End, now: tuple[float, int]) -> None:
        now_s, now_ns = now
        late = self._overload.is_late(at or now_ns, now_ns)
        answer = self._replies.to(octets, end.peer, at or now_ns, now_s=now_s, late=late)
        if answer is None:
            return
        try:
            self._socket.sendto(answer[0], (end.peer.host, answer[1], *end.scope))
        except OSError:  # the way back is shut or full; the switch asks again
            self.counts["unsent"] += 1

    def _meet(self, end: tuple[Any, ...]) -> End | None:
        """Return the peer at an address, to be met again; None for a stranger."""
        host, port, *scope = end
        peer = self._peers.at(host, port)
        if peer is None:
            return None
        if len(self._ends) >= MAX_ENDS:
            self._ends.clear()
        known = self._ends[end] = End(peer, tuple(scope))
        return known


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return when the kernel received a datagram, nanoseconds since the epoch; 0 if unknown."""
    if not ancillary:
        return 0
    seconds, ns = _TIME.unpack(ancillary[0][2])  # nothing else is asked for
    return int(seconds * _NS + ns)


def bound(family: socket.AddressFamily, place: tuple[str, int], room: int) -> socket.socket:
    """Return a socket that receives at a place and holds `room` octets. Raises `OSError`.

    Without the right to (`CAP_NET_ADMIN`) it holds no more than `net.core.rmem_max`.
    """
    endpoint = socket.socket(family, socket.SOCK_DGRAM)
    try:
        endpoint.settimeout(0)
        endpoint.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        with suppress(PermissionError):  # beyond `net.core.rmem_max`, where we may
            endpoint.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
        endpoint.bind(place)
    except OSError:
        endpoint.close()
        raise
    return endpoint
