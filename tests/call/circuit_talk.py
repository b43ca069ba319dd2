# SPDX-License-Identifier: Apache-2.0
"""Says ISUP and Q.931 messages for ladder tests, second by second, and names what came of them."""

from collections.abc import Sequence
from struct import pack
from typing import Generic, TypeVar

from edge.call import isup_offer, q931_offer
from edge.call.isup import IsupCalls
from edge.call.offer import Offers
from edge.call.q931 import Q931Calls
from edge.call.seizure import Bounds
from edge.call.trunks import TrunkRule, Trunks
from edge.decode.isup.message import IsupMessage, parse
from edge.decode.mtp3 import ISUP, Label
from edge.decode.q931.message import Q931Message
from edge.decode.q931.segment import Reader
from edge.model.event import UNKNOWN_TRUNK, CallEvent, CallOffered, Trunk, TrunkClass
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from edge.numbering.normalise import home_of
from hil.e1.calls import Call, Number, iam
from tests.call.sip_talk import NS, word

A, B = 100, 200
"Point codes of two exchanges."
ABROAD = Trunk("abroad", TrunkClass.INTERNATIONAL, "7", "7172")
HOME = home_of(ABROAD)
TRUNKS = Trunks([TrunkRule(ABROAD, opc=frozenset({A, B}))])

LONDON, ASTANA = Number("442079460123"), Number("77172000001")
NETWORK = 2


def isup_message(octets: bytes, sender: int = A, cic: int = 5, at: int = 0) -> IsupMessage:
    """Read a message from its type on, sent by one of two exchanges."""
    label = Label(sender, A + B - sender, cic & 15, ISUP, NETWORK)
    (message,) = parse(
        Unit("e1", LinkType.MTP2, at, octets), NO_FLOW, label, pack("<H", cic) + octets
    )
    assert isinstance(message, IsupMessage)
    return message


def q931_message(octets: bytes, side: str = "network", at: int = 0) -> Q931Message:
    """Read a message from its protocol discriminator on, sent by one side of a D channel."""
    unit = Unit("e1", LinkType.LAPD, at, octets, channel="1:16")
    (message,) = Reader().read(unit, NO_FLOW, "e1/1:16", side, octets)
    assert isinstance(message, Q931Message)
    return message


CallsT = TypeVar("CallsT", IsupCalls, Q931Calls)


class Clock(Generic[CallsT]):
    """What ladders of both signallings share: the time, and the words for events."""

    def __init__(self, calls: CallsT) -> None:
        self.calls: CallsT = calls
        self.second = 0
        self.offers: list[CallOffered] = []

    def told(self, events: Sequence[CallEvent]) -> list[str]:
        """Return what happened, in words."""
        self.offers += [event for event in events if isinstance(event, CallOffered)]
        return [word(event) for event in events]

    def wait(self, seconds: int) -> list[str]:
        """Return what came of nothing being heard for a while."""
        self.second += seconds
        return self.told(self.calls.calls.expire(self.second * NS))


def bounds(limit: int = 100, setup_idle_s: int = 300, talk_idle_s: int = 3600) -> Bounds:
    return Bounds(limit, setup_idle_s * NS, talk_idle_s * NS)


class Isup(Clock[IsupCalls]):
    """A tap between two exchanges."""

    def __init__(self, within: Bounds | None = None) -> None:
        offers = Offers(isup_offer.identities, {"abroad": HOME}, home_of(UNKNOWN_TRUNK))
        super().__init__(IsupCalls(TRUNKS, offers, within or bounds()))

    def hear(self, octets: bytes, sender: int = A, cic: int = 5) -> list[str]:
        """Return what came of a message."""
        self.second += 1
        message = isup_message(octets, sender, cic, self.second * NS)
        return self.told(self.calls.feed(message))


class Q931(Clock[Q931Calls]):
    """A tap beside a D channel."""

    def __init__(self, within: Bounds | None = None) -> None:
        offers = Offers(q931_offer.identities, {}, HOME)
        super().__init__(Q931Calls(TRUNKS, offers, within or bounds()))

    def hear(self, octets: bytes, side: str = "network") -> list[str]:
        """Return what came of a message."""
        self.second += 1
        return self.told(self.calls.feed(q931_message(octets, side, self.second * NS)))


IAM = iam(Call(LONDON, ASTANA))


def rel(cause: int = 16) -> bytes:
    return bytes([0x0C, 2, 0, 2, 0x84, 0x80 | cause])


def sam(digits: str) -> bytes:
    """A subsequent address message; `F` ends the number."""
    signals = [int(digit, 16) for digit in digits] + [0] * (len(digits) % 2)
    body = bytes(low | high << 4 for low, high in zip(signals[::2], signals[1::2], strict=True))
    return bytes([0x02, 2, 0, 1 + len(body), len(digits) % 2 << 7]) + body


ACM, ACM_FREE = b"\x06\x12\x14\x00", b"\x06\x16\x14\x00"
CPG, CPG_ALERTING = b"\x2c\x02\x00", b"\x2c\x01\x00"
CON, ANM, RLC, RSC, UCIC = b"\x07\x16\x14\x00", b"\x09\x00", b"\x10\x00", b"\x12", b"\x2e"
SUS, RES = b"\x0d\x01\x00", b"\x0e\x01\x00"


def q931(type_: int, *elements: bytes, reference: int = 7, far: bool = False) -> bytes:
    """A message; `far`: from the side that did not number the call."""
    return pack(">BBHB", 8, 2, reference | far << 15, type_) + b"".join(elements)


def element(code: int, body: bytes) -> bytes:
    return bytes([code, len(body)]) + body


def slot(number: int) -> bytes:
    return element(0x18, bytes([0xA9, 0x83, 0x80 | number]))


def cause(value: int) -> bytes:
    return element(0x08, bytes([0x80, 0x80 | value]))


def dialled(digits: str) -> bytes:
    return element(0x70, b"\x81" + digits.encode())


CALLING = element(0x6C, b"\x11\x83442079460123")
COMPLETE = b"\xa1"
SETUP = q931(0x05, slot(3), CALLING, element(0x70, b"\x9177172000001"), COMPLETE)
