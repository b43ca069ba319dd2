# SPDX-License-Identifier: Apache-2.0
"""What the region itself sees of its calls: SIP on both switches, read without the box's decoder.

Runs in a thread of its own, on raw sockets; what the kernel drops there is counted.
"""

import select
import socket
import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import NamedTuple

from edge import clock
from hil.region.net import CONTROL_EYE, TRUNK_EYE

NS = 1_000_000_000
MOST_CALLS = 5_000
"That are remembered; the oldest go."
STOPS = frozenset({"603", "608", "403"})
"What a stopped caller hears; the last from Asterisk, and here from nobody else."
_ETH_P_ALL = 3
_TIMESTAMP = 35
"SO_TIMESTAMPNS: the kernel says when a frame came, however late we are to read it."
_TIME = struct.Struct("=qq")
_ROOM = socket.CMSG_SPACE(_TIME.size)
_SOL_PACKET, _STATISTICS = 263, 6
_IPV4, _UDP = 0x0800, 17
_LEAST = 42
"Octets of Ethernet, IPv4 and UDP alone."
_BUFFER = 8 << 20


class Message(NamedTuple):
    """One message on its way."""

    at_ns: int
    source: str
    destination: str
    label: str
    "Its method, or status and phrase."
    call: str
    calling: str
    called: str
    method: str
    "Of its CSeq: what an answer answers."


@dataclass
class Seen:
    """A call, as it went."""

    call: str
    calling: str
    called: str
    messages: list[Message] = field(default_factory=list)

    def first(self, label: str, source: str = "", destination: str = "") -> Message | None:
        """Return the first message that begins so, from or to that address."""
        for one in self.messages:
            if (
                one.label.startswith(label)
                and source in {"", one.source}
                and destination in {"", one.destination}
            ):
                return one
        return None

    @property
    def at_ns(self) -> int:
        """When it began."""
        return self.messages[0].at_ns

    @property
    def result(self) -> str:
        """What became of it, in a word."""
        caller = self.messages[0].source
        heard = [one for one in self.messages if one.destination == caller]
        status = [one.label[:3] for one in heard if one.method == "INVITE"]
        if STOPS.intersection(status):
            return "stopped"
        if self.first("BYE"):
            return "ended"
        if "200" in status:
            return "talks"
        if "180" in status:
            return "rings"
        return next((code for code in status if code >= "300"), "called")


def read(frame: bytes, at_ns: int) -> Message | None:
    """Return the SIP message in an Ethernet frame, if there is one (RFC 3261, section 7)."""
    if len(frame) < _LEAST or int.from_bytes(frame[12:14]) != _IPV4 or frame[23] != _UDP:
        return None
    payload = frame[14 + (frame[14] & 15) * 4 + 8 :]
    head, _, _ = payload.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    if not first.endswith(" SIP/2.0") and not first.startswith("SIP/2.0 "):
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    label = first[8:] if first.startswith("SIP/2.0 ") else first.partition(" ")[0]
    called = first.split()[1] if first.startswith("INVITE") else headers.get("to", "")
    return Message(
        at_ns, str(IPv4Address(frame[26:30])), str(IPv4Address(frame[30:34])), label,
        headers.get("call-id", ""), _user(headers.get("from", "")), _user(called),
        headers.get("cseq", "").rpartition(" ")[2],
    )  # fmt: skip


def _user(uri: str) -> str:
    return uri.partition("sip:")[2].partition("@")[0]


class Watcher:
    """Follows all calls from the moment it is made until it is closed."""

    def __init__(self, interfaces: tuple[str, ...] = (TRUNK_EYE, CONTROL_EYE)) -> None:
        """Begin to look on, in the network of this thread."""
        self._sockets = [_listening(name) for name in interfaces]
        self._calls: OrderedDict[str, Seen] = OrderedDict()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.missed = 0
        "Frames that the kernel dropped before we saw them."
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def calls(self) -> list[Seen]:
        """Return what was seen, the oldest call first, its messages in the order of the wires.

        They are read from one wire after the other: of a call that just began, what the switch asks
        may be read before what made it ask.
        """
        with self._lock:
            return [
                Seen(one.call, one.calling, one.called, sorted(one.messages))
                for one in self._calls.values()
            ]

    def of(self, calling: str, since_ns: int = 0) -> list[Seen]:
        """Return the calls of a caller that began since then."""
        return [one for one in self.calls() if one.calling == calling and one.at_ns >= since_ns]

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def take(self, message: Message) -> None:
        """Note a message."""
        with self._lock:
            seen = self._calls.get(message.call)
            if seen is None:
                seen = Seen(message.call, message.calling, message.called)
                self._calls[message.call] = seen
                while len(self._calls) > MOST_CALLS:
                    self._calls.popitem(last=False)
            seen.messages.append(message)

    def _run(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select(self._sockets, [], [], 0.2)
            for one in ready:
                self._drain(one)
        self.missed += sum(map(_dropped, self._sockets))

    def _drain(self, one: socket.socket) -> None:
        with suppress(BlockingIOError):
            while not self._ended.is_set():
                frame, more, _, (_, _, kind, *_) = one.recvmsg(65_536, _ROOM)
                if kind == socket.PACKET_OUTGOING:
                    continue
                if message := read(frame, _came_ns(more)):
                    self.take(message)


def _came_ns(more: Sequence[tuple[int, int, bytes]]) -> int:
    """Return when the kernel took a frame, nanoseconds since the epoch."""
    for _, kind, octets in more:
        if kind == _TIMESTAMP:
            seconds, ns = _TIME.unpack(octets)
            return int(seconds) * NS + int(ns)
    return clock.now_ns()


def _listening(name: str) -> socket.socket:
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    one.setblocking(False)  # noqa: FBT003 - the socket's own word
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    one.setsockopt(socket.SOL_SOCKET, _TIMESTAMP, 1)
    one.bind((name, 0))
    return one


def _dropped(one: socket.socket) -> int:
    _, dropped = struct.unpack("II", one.getsockopt(_SOL_PACKET, _STATISTICS, 8))
    return int(dropped)
