# SPDX-License-Identifier: Apache-2.0
"""The gate over TCP and TLS: what one message of a stream is, and the connections (18.3).

A stranger is refused before anything is read, and so is a connection too many. One that cannot be
framed any more is closed: where the next message begins, nobody could tell.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import NamedTuple, cast

from typing_extensions import override

from drivers.gates.sip_redirect.peers import Peers
from drivers.gates.sip_redirect.replies import WHITE, Replies
from drivers.gates.sip_redirect.udp import Overload
from drivers.gates.sip_redirect.wire import Peer
from edge.clock import monotonic_s, now_ns
from edge.decode.sip.head import ABSENT, NO_NUMBER, read_head
from edge.errors import DriverLost, mendable
from edge.ports import Decide

MAX_MESSAGE = 65_535
"Octets of one message, as over UDP."
MAX_HANDSHAKE_S = 5.0
BREATH_S = 0.05
"How long to wait before the next connection, where the machine had no room for one."

PING, PONG = b"\r\n\r\n", b"\r\n"
"Keep-alive (RFC 5626 section 3.5.1)."
_HEAD_END = b"\r\n\r\n"


class Framer:
    """The octets of one connection. Holds one message at most that is not whole."""

    def __init__(self) -> None:
        """Start where a message should begin."""
        self.pings = 0
        "How often a keep-alive was heard and not answered yet."
        self.is_lost = False
        "Whether what was heard is no SIP, or longer than any."
        self._held = b""
        self._size = 0
        "Of the message in front, once its head is whole."

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the messages that are whole now."""
        self._held += octets
        messages = []
        while not self.is_lost and self._begins():
            size = self._size or self._measure()
            if not size or size > len(self._held):
                break
            messages.append(self._held[:size])
            self._held, self._size = self._held[size:], 0
        return messages

    def _begins(self) -> bool:
        """Whether a message stands in front; what keeps alive before it is taken away."""
        if not self._size and self._held[:1] in WHITE:
            rest = self._held.lstrip(WHITE)
            pings = self._held[: len(self._held) - len(rest)].split(PING)
            self.pings += len(pings) - 1
            self._held = rest or pings[-1][1 - len(PING) :]  # the other half may follow
            return bool(rest)
        return bool(self._held)

    def _measure(self) -> int:
        """Return the size of the message in front; 0 if its head is not whole."""
        end = self._held.find(_HEAD_END, 0, MAX_MESSAGE)
        if end < 0:
            self.is_lost = len(self._held) > MAX_MESSAGE
            return 0
        head = read_head(self._held[: end + len(_HEAD_END)], 0)
        _, _, _, length, *_ = head or (None, None, None, NO_NUMBER)
        # Section 20.14 asks for the length on streams; without it there is no body.
        self._size = end + len(_HEAD_END) + (0 if length == ABSENT else length)
        self.is_lost = length < ABSENT or self._size > MAX_MESSAGE
        return 0 if self.is_lost else self._size


class Connection(asyncio.Protocol):
    """One switch, answered over the connection that it asks on (18.2.2)."""

    def __init__(self, gate: "StreamGate", peer: Peer) -> None:
        """Answer `peer` for a gate."""
        self.heard_s = monotonic_s()
        "When something was heard last."
        self._gate = gate
        self._peer = peer
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be answered from now on."""
        self._transport = cast("asyncio.Transport", transport)
        self._gate.connections.add(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Go."""
        self._gate.connections.discard(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Answer the messages that are whole now."""
        self.heard_s = monotonic_s()
        try:
            self._gate.hear(self, self._framer.feed(data), self._peer)
        except Exception as bug:  # noqa: BLE001 - raised by `serve`
            self._gate.end(bug)
        self.say(PONG * self._framer.pings)
        self._framer.pings = 0
        if self._framer.is_lost:
            self._gate.counts["malformed"] += 1
            self._close()

    @override
    def pause_writing(self) -> None:
        """Hear nothing more of a switch that does not take its answers."""
        if self._transport:
            self._transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        """Hear it again."""
        if self._transport:
            self._transport.resume_reading()

    def say(self, octets: bytes) -> None:
        """Send."""
        if octets and self._transport and not self._transport.is_closing():
            self._transport.write(octets)

    def _close(self) -> None:
        """Close once what was said is on its way; one that does not take it is idle some day."""
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport:
            self._transport.abort()


class Limits(NamedTuple):
    """What connections may take."""

    idle_s: float
    "A connection is closed after so long without anything heard, seconds."
    connections: int


class StreamGate:
    """Answers connections."""

    def __init__(
        self,
        replies: Replies,
        peers: Peers,
        overload: Overload,
        limits: Limits,
        listening: socket.socket,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take a socket that listens and does not block."""
        self.port: int = listening.getsockname()[1]
        self.counts = replies.counts
        self.connections: set[Connection] = set()
        self._replies = replies
        self._peers = peers
        self._overload = overload
        self._limits = limits
        self._listening = listening
        self._tls = tls
        self._greeting = 0
        "Connections whose handshake is under way."
        self._over: asyncio.Future[Exception] | None = None

    @property
    def error(self) -> str:
        """The last error in deciding; empty if there was none."""
        return self._replies.error

    async def serve(self, decide: Decide) -> None:
        """Answer until cancelled. Raises `DriverLost` once it is closed."""
        if self._listening.fileno() < 0:
            raise DriverLost(f"port {self.port}: closed")
        self._replies.decide_by(decide)
        self._over = asyncio.get_running_loop().create_future()
        try:
            with mendable():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._accept(group))
                    group.create_task(self._sweep())
                    raise await self._over
        finally:
            self._over = None
            self._drop(self.connections)

    async def close(self) -> None:
        """Give the port back and let the switches go."""
        self.end(DriverLost(f"port {self.port}: closed"))
        self._drop(self.connections)
        if self._listening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()

    def end(self, why: Exception) -> None:
        """Let `serve` raise."""
        if self._over and not self._over.done():
            self._over.set_result(why)

    def hear(self, connection: Connection, messages: list[bytes], peer: Peer) -> None:
        """Answer the messages of a connection, all heard at one time."""
        at = now_ns()
        for message in messages:
            late = self._overload.is_late(at, now_ns())
            answer = self._replies.to(message, peer, at, now_s=monotonic_s(), late=late)
            if answer:
                connection.say(answer[0])
        self._overload.caught_up()

    async def _accept(self, group: asyncio.TaskGroup) -> None:
        """Take connections as they come; let none take what the machine has not."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                line, end = await loop.sock_accept(self._listening)
            except OSError:
                self.counts["unaccepted"] += 1
                await asyncio.sleep(BREATH_S)
                continue
            peer = self._peers.at(end[0], end[1])
            full = len(self.connections) + self._greeting >= self._limits.connections
            if peer is None or full:
                self.counts["refused connection" if peer else "stranger"] += 1
                line.close()
                continue
            group.create_task(self._greet(line, peer))

    async def _greet(self, line: socket.socket, peer: Peer) -> None:
        """Make a connection of a line; with TLS, if the handshake comes to an end."""
        loop = asyncio.get_running_loop()
        patience = MAX_HANDSHAKE_S if self._tls else None
        self._greeting += 1
        try:
            await loop.connect_accepted_socket(
                lambda: Connection(self, peer), line, ssl=self._tls, ssl_handshake_timeout=patience
            )
        except OSError:  # of which `ssl.SSLError` is one, and a timeout another
            self.counts["handshake failed"] += 1
        finally:
            self._greeting -= 1

    async def _sweep(self) -> None:
        """Close what is idle."""
        idle_s = self._limits.idle_s
        while True:
            await asyncio.sleep(idle_s / 4)
            since = monotonic_s() - idle_s
            idle = [one for one in self.connections if one.heard_s < since]
            self.counts["idle"] += len(idle)
            self._drop(idle)

    def _drop(self, connections: Iterable[Connection]) -> None:
        for connection in list(connections):
            connection.abort()


def listening(family: socket.AddressFamily, place: tuple[str, int], room: int) -> socket.socket:
    """Return a socket that listens at a place. Raises `OSError`.

    What it accepts holds `room` octets each way.
    """
    endpoint = socket.socket(family, socket.SOCK_STREAM)
    try:
        endpoint.settimeout(0)
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for way in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            endpoint.setsockopt(socket.SOL_SOCKET, way, room)
        endpoint.bind(place)
        endpoint.listen()
    except OSError:
        endpoint.close()
        raise
    return endpoint
