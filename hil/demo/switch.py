# SPDX-License-Identifier: Apache-2.0
"""A switch for the demo, on loopback: SIP over UDP, a gate that it asks, copies of all it hears.

    caller 127.0.0.2 ─── switch 127.0.0.1 ─── phone 127.0.0.3
                            │      └── HEP copies ──► the appliance's tap
                            └── asks ──► the appliance's gate

It makes one call at a time and waits for the gate half a second: like a real one, and no longer.
"""

import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import NamedTuple, Self

CALLER, SWITCH, PHONE = "127.0.0.2", "127.0.0.1", "127.0.0.3"
GATE_WAIT_S = 0.5
WAIT_S = 5.0
MOST = 65_535
_NAMES = {CALLER: "caller", SWITCH: "switch", PHONE: "phone"}
_STOPS = {"603", "608"}

End = tuple[str, int]


class Ports(NamedTuple):
    """Where the appliance is, on loopback."""

    gate: int
    tap: int


Show = Callable[[str], object]
"Prints a line."


class Switch:
    """Carries calls from the caller to the phone, if the gate lets it."""

    def __init__(self, ports: Ports, show: Show, stack: ExitStack) -> None:
        """Open the sockets; what passes is shown by `show`."""
        self._show = show
        self._sockets = {
            place: stack.enter_context(_bound(place)) for place in (CALLER, SWITCH, PHONE)
        }
        self._asks, self._copies = (stack.enter_context(_bound(SWITCH)) for _ in range(2))
        self._ports = ports
        self._number = 0

    def call(self, calling: str, called: str) -> str:
        """Make a call; returns the final status that the caller heard."""
        self._number += 1
        call = f"live-{self._number}@{CALLER}"
        invite = self._request("INVITE", call, calling, called)
        heard = self._pass(CALLER, SWITCH, invite)
        answer = self._asked(heard)
        status = answer.split(b" ", 2)[1].decode() if answer else "404"
        if status in _STOPS:
            refusal = _answer(invite, answer.split(b"\r\n", 1)[0], _header(answer, "Reason"))
            self._pass(SWITCH, CALLER, refusal)
            self._pass(CALLER, SWITCH, self._request("ACK", call, calling, called))
            return status
        self._talk(invite, call, calling, called)
        return "200"

    def _talk(self, invite: bytes, call: str, calling: str, called: str) -> None:
        """Have the phone ring, be answered, and hung up."""
        inner = _behind(self._via(self._sockets[SWITCH]), invite)
        self._pass(SWITCH, PHONE, inner)
        for line in (b"SIP/2.0 180 Ringing", b"SIP/2.0 200 OK"):
            self._pass(PHONE, SWITCH, _answer(inner, line, b""))
            self._pass(SWITCH, CALLER, _answer(invite, line, b""))
        ack, bye = (self._request(method, call, calling, called) for method in ("ACK", "BYE"))
        for request in (ack, bye):
            self._pass(CALLER, SWITCH, request)
            self._pass(SWITCH, PHONE, _behind(self._via(self._sockets[SWITCH]), request))
        self._pass(SWITCH, CALLER, _answer(bye, b"SIP/2.0 200 OK", b""))

    def _asked(self, invite: bytes) -> bytes:
        """Return the gate's answer to a call; empty if none came: it goes on."""
        question = _behind(self._via(self._asks), invite)
        gate = (SWITCH, self._ports.gate)
        self._asks.settimeout(GATE_WAIT_S)
        self._show(f"{'switch':>8} ── INVITE ──► Qalqan Edge")
        with suppress(TimeoutError):
            self._asks.sendto(question, gate)
            answer = self._asks.recv(MOST)
            line = answer.split(b"\r\n", 1)[0].removeprefix(b"SIP/2.0 ").decode()
            line = "go on" if line.startswith("404") else line
            self._show(f"{'switch':>8} ◄── {line} ── Qalqan Edge")
            self._asks.sendto(question.replace(b"INVITE", b"ACK"), gate)
            return answer
        return b""

    def _pass(self, source: str, destination: str, octets: bytes) -> bytes:
        """Send a message from one to the other, copied to the tap; returns it as received."""
        giver, taker = self._sockets[source], self._sockets[destination]
        ends = giver.getsockname(), taker.getsockname()
        giver.sendto(octets, ends[1])
        received = taker.recv(MOST)
        self._copies.sendto(_hep(*ends, received), (SWITCH, self._ports.tap))
        word = received.split(b"\r\n", 1)[0].removeprefix(b"SIP/2.0 ").decode()
        word = word if word[0].isdigit() else word.split(" ", 1)[0]
        self._show(f"{_NAMES[source]:>8} ── {word} ──► {_NAMES[destination]}")
        return received

    def _request(self, method: str, call: str, calling: str, called: str) -> bytes:
        """Return a request of the caller."""
        to_tag = "" if method == "INVITE" else ";tag=phone"
        number = 2 if method == "BYE" else 1
        via = self._via(self._sockets[CALLER], f"{self._number}-{number}")
        lines = (
            f"{method} sip:{called}@{SWITCH} SIP/2.0",
            via.decode(),
            f"From: <sip:{calling}@{CALLER}>;tag=live{self._number}",
            f"To: <sip:{called}@{SWITCH}>{to_tag}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        )
        return "\r\n".join((*lines, "", "")).encode()

    def _via(self, ours: socket.socket, branch: str = "") -> bytes:
        host, port = ours.getsockname()
        branch = branch or f"{self._number}-{port}"
        return f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{branch}".encode()

    @classmethod
    @contextmanager
    def open(cls, ports: Ports, show: Show) -> Iterator[Self]:
        """Have a switch until the block is left."""
        with ExitStack() as stack:
            yield cls(ports, show, stack)


def _bound(place: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((place, 0))
    one.settimeout(WAIT_S)
    return one


def _behind(via: bytes, request: bytes) -> bytes:
    """Return a request with the switch's Via above the others (RFC 3261 section 16.6)."""
    line, rest = request.split(b"\r\n", 1)
    return b"\r\n".join((line, via, rest))


def _answer(request: bytes, line: bytes, reason: bytes) -> bytes:
    """Return an answer to a request (RFC 3261 section 8.2.6)."""
    lines = request.split(b"\r\n")[1:]
    kept = [one for one in lines if one.startswith((b"Via", b"From", b"Call-ID", b"CSeq"))]
    to = next(one for one in lines if one.startswith(b"To:"))
    to = to if b";tag=" in to else to + b";tag=phone"
    own = [b"Reason: " + reason] if reason else []
    return b"\r\n".join((line, *kept, to, *own, b"Content-Length: 0", b"", b""))


def _header(message: bytes, name: str) -> bytes:
    found = re.search(rf"^{name}: (.*?)\r$".encode(), message, re.MULTILINE)
    return found[1] if found else b""


def _hep(source: End, destination: End, octets: bytes) -> bytes:
    """Return a copy for the tap (HEP version 3)."""
    chunks = [
        (1, b"\x02"), (2, b"\x11"),
        (3, ip_address(source[0]).packed), (4, ip_address(destination[0]).packed),
        (7, struct.pack(">H", source[1])), (8, struct.pack(">H", destination[1])),
        (11, b"\x01"), (15, octets),
    ]  # fmt: skip
    body = b"".join(struct.pack(">HHH", 0, kind, 6 + len(data)) + data for kind, data in chunks)
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body
