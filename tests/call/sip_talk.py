# SPDX-License-Identifier: Apache-2.0
"""Writes SIP for ladder tests, independently of the decoder, and names what came of it."""

from edge.call.sip import SipCalls
from edge.call.sip_offer import SipOffers
from edge.call.trunks import TrunkRule, Trunks
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.event import (
    UNKNOWN_TRUNK,
    CallAnswered,
    CallEvent,
    CallOffered,
    CallProgressed,
    Trunk,
    TrunkClass,
)
from edge.model.message import Flow
from edge.model.unit import Unit
from edge.numbering.normalise import home_of

NS = 1_000_000_000
CALLER, SWITCH, PHONE = (bytes([192, 0, 2, last]) for last in (1, 2, 3))

INTERNATIONAL = Trunk("intl", TrunkClass.INTERNATIONAL)


def write(
    start: str,
    *,
    call: str = "c1",
    cseq: str = "",
    via: tuple[str, ...] = ("a",),
    tags: tuple[str, str] = ("caller", ""),
    extra: str = "",
) -> bytes:
    """Return a message: `start` is a method or a status with an optional `of METHOD`."""
    status, _, method = start.partition(" of ")
    method = method or (status if not status.isdigit() else "INVITE")
    first = (
        f"SIP/2.0 {status} As said" if status.isdigit() else f"{status} sip:+77172000001@s SIP/2.0"
    )
    vias = "".join(f"Via: SIP/2.0/UDP h{name};branch=z9hG4bK{name}\r\n" for name in via)
    from_, to = (f";tag={tag}" if tag else "" for tag in tags)
    return (
        f"{first}\r\n{vias}From: <sip:+447700900123@x>{from_}\r\nTo: <sip:+77172000001@s>{to}\r\n"
        f"Call-ID: {call}\r\nCSeq: {cseq or '1'} {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


class Talk:
    """A tap that hears what a test says, second by second."""

    def __init__(self, limit: int = 100, setup_idle_s: int = 300, talk_idle_s: int = 3600) -> None:
        offers = SipOffers({}, home_of(UNKNOWN_TRUNK))
        trunks = Trunks([TrunkRule(INTERNATIONAL, frozenset({"abroad"}))])
        idle = (setup_idle_s * NS, talk_idle_s * NS)
        self.calls = SipCalls(trunks, offers.offer, limit, *idle)
        self.second = 0

    def hear(self, octets: bytes, tap: str = "here") -> list[str]:
        """Return what came of a message, in words."""
        self.second += 1
        unit = Unit(tap, 1, self.second * NS, octets)
        flow = Flow(CALLER, SWITCH, 5060, 5060, "udp")
        (message,) = read_datagram(unit, flow, octets)
        assert isinstance(message, SipMessage)
        return [word(event) for event in self.calls.feed(message)]

    def wait(self, seconds: int) -> list[str]:
        """Return what came of nothing being heard for a while."""
        self.second += seconds
        return [word(event) for event in self.calls.expire(self.second * NS)]


def word(event: CallEvent) -> str:
    """Return an event as a test writes it."""
    if isinstance(event, CallOffered):
        return f"offered {event.attempt}"
    if isinstance(event, CallProgressed):
        return event.stage
    if isinstance(event, CallAnswered):
        return f"answered after {event.after_ns // NS}"
    lasted = f" after {event.lasted_ns // NS}" if event.answered else ""
    return f"released {event.cause} by {event.by}{lasted}"
