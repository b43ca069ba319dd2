# SPDX-License-Identifier: Apache-2.0
"""Whole telephone calls as the frames of a link: IAM to RLC, SETUP to RELEASE COMPLETE.

Written from Q.703, Q.704, Q.763, Q.764, Q.921 and Q.931 alone, without the appliance's decoder:
each checks the other. What is given are steps (side, frame); `timeslots` makes lines of them.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hil.e1.bits import FLAG, frame

SUBSCRIBER, UNKNOWN, NATIONAL, INTERNATIONAL = 1, 2, 3, 4
"Nature of address (Q.763 3.9 b)."
TYPES = {UNKNOWN: 0, INTERNATIONAL: 1, NATIONAL: 2, SUBSCRIBER: 4}
"Nature of address -> type of number (Q.931 table 4-8)."
ORIGIN, FAR = 0, 1
"The side that begins the call, and the other."


class Number(NamedTuple):
    """A number as it is to be sent."""

    digits: str
    nature: int = INTERNATIONAL
    presentation: int = 0
    screening: int = 3


class Call(NamedTuple):
    """What is to be told of a call."""

    calling: Number
    called: Number
    answered: bool = True
    cause: int = 16
    by: int = ORIGIN
    "Who releases."
    overlap: int = 0
    "How many digits of the called number come later, one at a time."
    redirecting: Number | None = None
    generic: Number | None = None


class Step(NamedTuple):
    """One frame, and which side sends it."""

    side: int
    octets: bytes


# SS7


class Link(NamedTuple):
    """A pair of exchanges; the first seizes."""

    opc: int = 2057
    dpc: int = 4114
    cic: int = 17
    network: int = 2


def _semi_octets(digits: str, *, ended: bool) -> bytes:
    """Address signals, the first in the low half; ST (15) at the end where dialling is over."""
    signals = [int(digit, 16) for digit in digits] + [15] * ended
    signals += [0] * (len(signals) % 2)
    return bytes(signals[at] | signals[at + 1] << 4 for at in range(0, len(signals), 2))


def _odd(digits: str, *, ended: bool) -> int:
    return (len(digits) + ended) % 2 << 7


def _called(number: Number, *, ended: bool) -> bytes:
    odd = _odd(number.digits, ended=ended)
    return bytes([odd | number.nature, 0x10]) + _semi_octets(number.digits, ended=ended)


def _identity(number: Number) -> bytes:
    """A calling, generic or redirecting number: plan E.164, presentation, screening."""
    odd = _odd(number.digits, ended=False)
    second = 0x10 | number.presentation << 2 | number.screening
    return bytes([odd | number.nature, second]) + _semi_octets(number.digits, ended=False)


def _parameters(*named: tuple[int, bytes]) -> bytes:
    return b"".join(bytes([code, len(body)]) + body for code, body in named) + b"\0"


def iam(call: Call) -> bytes:
    """An initial address message, from its type on, as SIP-I carries it too."""
    digits = call.called.digits
    first = digits[: len(digits) - call.overlap]
    called = _called(call.called._replace(digits=first), ended=not call.overlap)
    optional = [(0x0A, _identity(call.calling))] if call.calling.digits else []
    if call.redirecting:
        redirecting = _identity(call.redirecting._replace(screening=0))
        optional += [(0x0B, redirecting), (0x13, bytes([0x03, 0x31]))]
    if call.generic:
        optional += [(0xC0, b"\x06" + _identity(call.generic))]
    fixed = bytes([0x01, 0x00, 0x60, 0x01, 0x0A, 0x00])
    pointers = bytes([2, len(called) + 2 if optional else 0])
    return (
        fixed + pointers + bytes([len(called)]) + called + (_parameters(*optional) * bool(optional))
    )


def _sam(digit: str, *, ended: bool) -> bytes:
    body = bytes([_odd(digit, ended=ended)]) + _semi_octets(digit, ended=ended)
    return bytes([0x02, 2, 0, len(body)]) + body


def isup_messages(call: Call) -> Iterator[Step]:
    """The messages of a call, from their type on."""
    yield Step(ORIGIN, iam(call))
    later = call.called.digits[len(call.called.digits) - call.overlap :]
    for place, digit in enumerate(later, 1):
        yield Step(ORIGIN, _sam(digit, ended=place == call.overlap))
    if call.answered:
        yield Step(FAR, b"\x06\x16\x14\x00")  # ACM: charge, subscriber free, ordinary
        yield Step(FAR, b"\x2c\x02\x00")  # CPG: progress
        yield Step(FAR, b"\x09\x00")  # ANM
    yield Step(call.by, bytes([0x0C, 2, 0, 2, 0x84, 0x80 | call.cause]))
    yield Step(1 - call.by, b"\x10\x00")


def routed(step: Step, link: Link) -> bytes:
    """A message with circuit, routing label and service information octet."""
    opc, dpc = (link.opc, link.dpc) if step.side == ORIGIN else (link.dpc, link.opc)
    label = dpc | opc << 14 | (link.cic & 15) << 28
    head = struct.pack("<BIH", link.network << 6 | 5, label, link.cic)
    return head + step.octets


class Ss7:
    """A signalling link: numbers the units of both sides (Q.703 5)."""

    def __init__(self) -> None:
        """Begin as after alignment: nothing sent, 127 is the last number."""
        self._sent = [127, 127]

    def unit(self, side: int, message: bytes) -> bytes:
        """A message signal unit."""
        self._sent[side] = (self._sent[side] + 1) % 128
        length = min(len(message), 63)
        back, forward = 0x80 | self._sent[1 - side], 0x80 | self._sent[side]
        return bytes([back, forward, length]) + message

    def fill(self, side: int) -> bytes:
        """A fill-in unit: what is sent while there is nothing to say."""
        return bytes([0x80 | self._sent[1 - side], 0x80 | self._sent[side], 0])


def isup_frames(calls: Iterable[tuple[Call, Link]]) -> list[Step]:
    """The signal units of calls, one call after the other."""
    wire = Ss7()
    return [
        Step(step.side, wire.unit(step.side, routed(step, link)))
        for call, link in calls
        for step in isup_messages(call)
    ]


# ISDN


def _element(code: int, body: bytes) -> bytes:
    return bytes([code, len(body)]) + body


def _party(code: int, number: Number) -> bytes:
    octet = bytes(
        [TYPES[number.nature] << 4 | 1, 0x80 | number.presentation << 5 | number.screening]
    )
    return _element(code, octet + number.digits.encode("ascii"))


def _dialled(digits: str, nature: int) -> bytes:
    return _element(0x70, bytes([0x80 | TYPES[nature] << 4 | 1]) + digits.encode("ascii"))


def _setup(call: Call, slot: int) -> Iterator[bytes]:
    yield _element(0x04, b"\x80\x90\xa3")
    yield _element(0x18, bytes([0xA9, 0x83, 0x80 | slot]))
    if call.calling.digits:
        yield _party(0x6C, call.calling)
    first = call.called.digits[: len(call.called.digits) - call.overlap]
    if first:
        yield _dialled(first, call.called.nature)
    if call.redirecting:
        octets = bytes([TYPES[call.redirecting.nature] << 4 | 1, 0x03, 0x8F])
        yield _element(0x74, octets + call.redirecting.digits.encode("ascii"))
    if not call.overlap:
        yield b"\xa1"


def q931_messages(call: Call, reference: int = 1, slot: int = 1) -> Iterator[Step]:
    """The messages of a call, from the protocol discriminator on."""

    def message(side: int, type_: int, *elements: bytes) -> Step:
        flagged = reference | (side == FAR) << 15
        return Step(side, struct.pack(">BBHB", 8, 2, flagged, type_) + b"".join(elements))

    yield message(ORIGIN, 0x05, *_setup(call, slot))
    if call.overlap:
        yield message(FAR, 0x0D, _element(0x18, bytes([0xA9, 0x83, 0x80 | slot])))
    for place, digit in enumerate(call.called.digits[len(call.called.digits) - call.overlap :], 1):
        complete = b"\xa1" * (place == call.overlap)
        yield message(ORIGIN, 0x7B, _dialled(digit, call.called.nature), complete)
    if call.answered:
        yield message(FAR, 0x02)
        yield message(FAR, 0x01)
        yield message(FAR, 0x07)
        yield message(ORIGIN, 0x0F)
    yield message(call.by, 0x45, _element(0x08, bytes([0x80, 0x80 | call.cause])))
    yield message(1 - call.by, 0x4D)
    yield message(call.by, 0x5A)


class Isdn:
    """A D channel: numbers the information frames of both sides (Q.921 3.5)."""

    def __init__(self, network: int = ORIGIN) -> None:
        """Begin as after SABME and UA; `network` is the side whose commands have C/R 1."""
        self._sent = [0, 0]
        self._network = network

    def frame(self, side: int, message: bytes) -> bytes:
        """An information frame."""
        command = 0x02 if side == self._network else 0x00
        numbers = (self._sent[side] << 1, self._sent[1 - side] << 1)
        self._sent[side] = (self._sent[side] + 1) % 128
        return bytes([command, 0x01, *numbers]) + message

    def ready(self, side: int) -> bytes:
        """A receive ready, as response."""
        response = 0x00 if side == self._network else 0x02
        return bytes([response, 0x01, 0x01, self._sent[1 - side] << 1])


def q931_frames(calls: Iterable[Call]) -> list[Step]:
    """The frames of calls, one call after the other, each acknowledged."""
    wire, found = Isdn(), []
    for reference, call in enumerate(calls, 1):
        for side, message in q931_messages(call, reference, 1 + (reference - 1) % 15):
            found.append(Step(side, wire.frame(side, message)))
            found.append(Step(1 - side, wire.ready(1 - side)))
    return found


# Lines


def timeslots(steps: Iterable[Step], octets_apart: int = 160, fill: str = FLAG) -> tuple[str, str]:
    """Both directions of a timeslot as bits: each frame after the other side's, so much later.

    In between `fill` is sent: flags, or the bits of a fill-in unit behind a flag.
    """
    sides = ["", ""]
    for side, octets in steps:
        sides[side] += FLAG + frame(octets) + FLAG
        until = max(map(len, sides)) + octets_apart * 8
        for each in (0, 1):
            missing = until - len(sides[each])
            sides[each] += fill * (missing // len(fill)) + FLAG * (missing % len(fill) // len(FLAG))
    return sides[0], sides[1]
