# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hour.play CABLE RATE COUNTS`: whole calls told into the box's mirror port.

The frames go into the cable itself and not by the switch, so that only the box hears them: callers
and phones of the region are real beside it. All come from `ABROAD2`, whose trunk is observed. Until
SIGTERM; SIGUSR1 adds a flood of five seconds. COUNTS is a file that is written anew each second.
"""

import random
import signal
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event
from typing import NamedTuple
from zlib import crc32

import msgspec

from edge import clock
from hil.region.tables import ABROAD2, DIVERTED, HELP, LISTED, SPOOFED, SWITCH
from hil.rig import mirror

STEP_S = 0.005
MOST_AT_ONCE = 500
"Calls that begin at once, after we were kept waiting."
FLOOD, FLOOD_S = 1000, 5.0
"INVITEs a second beside the calls, which nobody answers, and how long."
SHARES: Mapping[str, int] = {
    "honest": 9780, "listed": 60, "spoofed": 40, "diverted": 20, "help": 70, "help of a listed": 30,
}  # fmt: skip
"Of ten thousand calls."
TALKS_S = tuple(map(float, range(11, 71)))
ENDS: Mapping[str, int] = {
    "busy": 15, "given up": 25, **{f"talks {seconds:g}": 1 for seconds in TALKS_S}
}  # fmt: skip
"Of a hundred calls."
RINGS_S, PATIENCE_S = 2.0, 20.0
"How long it rings before it is answered, or given up."
DEVICES = 1000
"Callers abroad have not all one machine: that would be a campaign, and kept as evidence."
MARK, CALLER, PHONE, DEVICE = b"m00000000000", b"+12025550100", b"76000000000", b"X-Gateway-000"
"Stand in a frame for what differs from call to call, as long as that."
AREAS = tuple(range(202, 998))
"Of numbers 555-0100 to 0199, which are nobody's, as are Kazakh ones that begin with 600."


class Said(NamedTuple):
    """A frame of a call, and how long after its INVITE it is on the wire."""

    after_s: float
    frame: bytes


class Counts(msgspec.Struct):
    """What was sent."""

    calls: dict[str, int]
    "By kind."
    frames: int = 0
    "That the cable took."
    uncarried: int = 0
    "Frames that were not, while it was pulled or full."


def who(kind: str, chance: random.Random) -> tuple[bytes, bytes]:
    """Return who calls whom, in a call of that kind."""
    caller = {
        "listed": LISTED, "help of a listed": LISTED, "diverted": DIVERTED, "spoofed": SPOOFED,
    }.get(kind) or f"+1{chance.choice(AREAS)}55501{chance.randrange(100):02}"  # fmt: skip
    called = HELP if kind.startswith("help") else f"7600{chance.randrange(10**7):07}"
    return caller.encode(), called.encode()


def call(caller: bytes, called: bytes, end: str) -> list[Said]:
    """Return the frames of a call, with `MARK` where each call has its own.

    Args:
        caller: Who calls, and `called` whom: stand for all numbers as long as they are.
        called: See there.
        end: One of `ENDS`.
    """
    parties = caller.decode(), called.decode()
    there = IPv4Address(ABROAD2), IPv4Address(SWITCH)
    out = mirror.Call(*parties, *there)
    back = mirror.Call(*parties, *reversed(there))

    def said(after_s: float, start: str, number: str, far: str = "b") -> Said:
        way = back if start.startswith("SIP") else out
        return Said(after_s, mirror.frame(way, _message(start, number, parties, far)))

    def asks(method: str) -> str:
        return f"{method} sip:{parties[1]}@{SWITCH};user=phone SIP/2.0"

    begins = [said(0, asks("INVITE"), "1 INVITE", ""), said(0.01, "SIP/2.0 100 Trying", "1 INVITE")]
    rings = said(0.3, "SIP/2.0 180 Ringing", "1 INVITE")
    if end == "busy":
        return [*begins, said(0.3, "SIP/2.0 486 Busy Here", "1 INVITE"),
                said(0.31, asks("ACK"), "1 ACK")]  # fmt: skip
    if end == "given up":
        return [
            *begins, rings, said(PATIENCE_S, asks("CANCEL"), "1 CANCEL", ""),
            said(PATIENCE_S + 0.01, "SIP/2.0 200 OK", "1 CANCEL"),
            said(PATIENCE_S + 0.02, "SIP/2.0 487 Request Terminated", "1 INVITE"),
            said(PATIENCE_S + 0.03, asks("ACK"), "1 ACK"),
        ]  # fmt: skip
    over_s = RINGS_S + float(end.split()[1])
    return [
        *begins, rings, said(RINGS_S, "SIP/2.0 200 OK", "1 INVITE"),
        said(RINGS_S + 0.01, asks("ACK"), "1 ACK"), said(over_s, asks("BYE"), "2 BYE"),
        said(over_s + 0.01, "SIP/2.0 200 OK", "2 BYE"),
    ]  # fmt: skip


def _message(start: str, number: str, parties: tuple[str, str], far: str) -> bytes:
    """Return a message of a call (RFC 3261, section 7); `far` begins the tag of who is called."""
    caller, called = parties
    mark = MARK.decode()
    tag = f";tag={far}{mark}" if far else ""
    lines = (
        start, f"Via: SIP/2.0/UDP {ABROAD2}:5060;branch=z9hG4bK{mark}", "Max-Forwards: 66",
        f"From: <sip:{caller}@{ABROAD2};user=phone>;tag=a{mark}",
        f"To: <sip:{called}@{SWITCH};user=phone>{tag}", f"Call-ID: {mark}@{ABROAD2}",
        f"CSeq: {number}", f"{DEVICE.decode()}: 1", "Content-Length: 0", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


class Player:
    """Tells calls, as time passes; `send` says whether the cable took a frame."""

    def __init__(self, rate: float, send: Callable[[bytes], bool], seed: int = 1) -> None:
        """Tell `rate` calls a second."""
        self.counts = Counts({})
        self._kinds: Counter[str] = Counter()
        self._rate = rate
        self._send = send
        self._chance = random.Random(seed)  # noqa: S311 - traffic, no secret
        self._begun = self._names = 0
        self._flood = (0.0, 0)
        "Until when, and how much of it was sent."
        self._waiting: dict[float, deque[tuple[float, bytes, bytes, bytes, bytes]]] = {}
        "By how long after its INVITE a frame comes: each in order."
        self._plans: dict[tuple[int, int, str], list[Said]] = {}

    def step(self, passed_s: float) -> None:
        """Send what is due by now, seconds after the beginning."""
        due = min(int(passed_s * self._rate) - self._begun, MOST_AT_ONCE)
        for _ in range(due):
            self._begin(passed_s)
        for queue in self._waiting.values():
            while queue and queue[0][0] <= passed_s:
                _, *words = queue.popleft()
                self._say(*words)
        self._blow(passed_s)
        self.counts.calls = dict(self._kinds)

    def flood(self, passed_s: float) -> None:
        """Begin a flood."""
        self._flood = (passed_s + FLOOD_S, 0)

    def _begin(self, passed_s: float) -> None:
        self._begun += 1
        kind, end = self._draw(SHARES), self._draw(ENDS)
        self._kinds[kind] += 1
        caller, called = who(kind, self._chance)
        mark = self._mark()
        for after_s, frame in self._plan(caller, called, end):
            if after_s:
                queue = self._waiting.setdefault(after_s, deque())
                queue.append((passed_s + after_s, frame, mark, caller, called))
            else:
                self._say(frame, mark, caller, called)

    def _mark(self) -> bytes:
        """Return what the next call has of its own."""
        self._names += 1
        return b"m%011d" % self._names

    def _draw(self, shares: Mapping[str, int]) -> str:
        return self._chance.choices([*shares], [*shares.values()])[0]

    def _plan(self, caller: bytes, called: bytes, end: str) -> Sequence[Said]:
        """Return the frames of a call between numbers of these lengths."""
        key = (len(caller), len(called), end)
        if key not in self._plans:
            parties = CALLER.ljust(len(caller), b"0"), PHONE[: len(called)]
            self._plans[key] = call(*parties, end)
        return self._plans[key]

    def _say(self, frame: bytes, mark: bytes, caller: bytes, called: bytes) -> None:
        told = frame.replace(MARK, mark)
        told = told.replace(CALLER.ljust(len(caller), b"0"), caller)
        told = told.replace(b"sip:" + PHONE[: len(called)], b"sip:" + called)
        told = told.replace(DEVICE, b"X-Gateway-%03d" % (crc32(caller) % DEVICES))
        if self._send(told):
            self.counts.frames += 1
        else:
            self.counts.uncarried += 1

    def _blow(self, passed_s: float) -> None:
        until_s, sent = self._flood
        left_s = until_s - passed_s
        if not until_s or (left_s <= 0 and sent >= FLOOD * FLOOD_S):
            return
        due = min(int((FLOOD_S - max(left_s, 0)) * FLOOD) - sent, MOST_AT_ONCE)
        for _ in range(due):
            caller, called = who("flood", self._chance)
            self._say(self._plan(caller, called, "busy")[0].frame, self._mark(), caller, called)
        self._kinds["flood"] += max(due, 0)
        self._flood = (until_s, sent + max(due, 0))


def main(cable: str, rate: float, path: Path) -> None:
    """Play until told to stop; what waits then is not said any more."""
    over, flood, pause = Event(), Event(), Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGUSR1, lambda *_: flood.set())
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as end:
        end.bind((cable, 0))

        def send(frame: bytes) -> bool:
            with suppress(OSError):
                end.send(frame, socket.MSG_DONTWAIT)
                return True
            return False

        player, began_s, written_s = Player(rate, send), clock.monotonic_s(), 0.0
        while not over.is_set():
            passed_s = clock.monotonic_s() - began_s
            if flood.is_set():
                flood.clear()
                player.flood(passed_s)
            player.step(passed_s)
            if passed_s - written_s >= 1:
                written_s = passed_s
                write(path, player.counts)
            pause.wait(STEP_S)
        write(path, player.counts)


def write(path: Path, counts: Counts) -> None:
    """Put the counts into a file, whole."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(msgspec.json.encode(counts))
    fresh.replace(path)


def counted(path: Path) -> Counts:
    """Return what was sent so far."""
    return msgspec.json.decode(path.read_bytes(), type=Counts) if path.exists() else Counts({})


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
