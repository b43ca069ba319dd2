# SPDX-License-Identifier: Apache-2.0
"""Offers for the tests of detection: written as octets, read by the decoders."""

import random
from collections.abc import Iterator
from pathlib import Path

from edge.call import isup_offer
from edge.call.offer import Offers
from edge.call.sip_offer import SipOffers
from edge.decode.isup.message import IsupMessage, parse
from edge.decode.mtp3 import ISUP, Label
from edge.decode.pcapfile import CaptureReader
from edge.decode.signalling import Signalling
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.event import CallOffered, CallReleased, Trunk, TrunkClass
from edge.model.message import NO_FLOW, Flow, Malformed
from edge.model.unit import LinkType, Unit
from edge.numbering.normalise import home_of

NS = 1_000_000_000
VECTORS = Path(__file__).parents[1] / "vectors"
ABROAD = Trunk("intl", TrunkClass.INTERNATIONAL, "7", "7172")
HOME = home_of(ABROAD)
OFFERS = SipOffers({"intl": HOME}, HOME)
CIRCUITS = Offers(isup_offer.identities, {"intl": HOME}, HOME)
AT = 1_764_115_200 * NS

PLAIN = """\
INVITE sip:{called}@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{branch};rport
Max-Forwards: 70
From: <sip:{calling}@{host}>;tag={tag}
To: <sip:{called}@192.0.2.1>
Call-ID: {call}
CSeq: 1 INVITE
Contact: <sip:{calling}@{host}:5060>
{extra}Allow: INVITE, ACK, BYE, CANCEL
Content-Type: application/sdp
Content-Length: {length}

{body}"""
SDP = """\
v=0
o=- {number} {number} IN IP4 {media}
s=-
c=IN IP4 {media}
t=0 0
m=audio {port} RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
"""


def octets(number: int = 1, **change: str) -> bytes:
    """Write an INVITE; each number makes another call of the same device."""
    media = change.pop("media", "198.51.100.7")
    sdp = change.pop("sdp", SDP).format(number=1000 + number, media=media, port=4000 + number * 2)
    body = sdp.replace("\n", "\r\n")
    given = {
        "calling": "+447700900123", "called": "+77172000001", "host": "198.51.100.7",
        "branch": f"{number * 7919:08x}", "tag": f"{number * 104729:08x}",
        "call": f"{number:032x}", "extra": "", "length": str(len(body)), "body": body,
        **change,
    }  # fmt: skip
    text = given.pop("text", PLAIN)
    head, gap, rest = text.format(**given).partition("\n\n")
    return head.replace("\n", "\r\n").encode() + gap.replace("\n", "\r\n").encode() + rest.encode()


def message(raw: bytes, at: int = AT, source: bytes = b"\xc0\x00\x02\x14") -> SipMessage:
    """Read an INVITE."""
    unit = Unit("tap", LinkType.ETHERNET, at, raw, 7)
    (found,) = read_datagram(unit, Flow(source, b"\xc0\x00\x02\x01", 5060, 5060, "udp"), raw)
    assert isinstance(found, SipMessage)
    return found


def offer(number: int = 1, at: int = AT, **change: str) -> CallOffered:
    """Read an INVITE as an offer."""
    return OFFERS.offer(message(octets(number, **change), at), ABROAD, 1)


def isup(raw: bytes, opc: int = 4400, cic: int = 5, at: int = AT) -> IsupMessage:
    """Read a message of a circuit, from its type on."""
    label = Label(opc, 100, cic & 15, ISUP, 2)
    unit = Unit("e1", LinkType.MTP2, at, raw, 9)
    (found, *_) = parse(unit, NO_FLOW, label, cic.to_bytes(2, "little") + raw)
    assert isinstance(found, IsupMessage)
    return found


def seized(raw: bytes, opc: int = 4400, at: int = AT) -> CallOffered:
    """Read an IAM as an offer."""
    return CIRCUITS.offer(isup(raw, opc, at=at), ABROAD, 1, at)


def over(
    offered: CallOffered, after_s: float = 10, talk_s: float = 0, by: str = "calling"
) -> CallReleased:
    """End a call."""
    lasted = int(talk_s * NS)
    return CallReleased(
        offered.at + int(after_s * NS) + lasted, offered.call, offered.attempt,
        "BYE" if lasted else "CANCEL", by, bool(lasted), lasted,
    )  # fmt: skip


HUNG_UP, TALKED, NO_ANSWER = "hung up", "talked", "no answer"


def centre(
    count: int, *, numbers: int = 1000, bad: float = 0.6, first: int = 1, **more: str
) -> Iterator[tuple[CallOffered, CallReleased]]:
    """Yield calls of one device, a minute apart, each with its end; `bad`: hung up on at once."""
    rng = random.Random(first * 7919)
    for number in range(first, first + count):
        change = {"calling": f"+447700900{rng.randrange(numbers):03}",
                  "called": f"+771729{rng.randrange(100_000):05}", **more}  # fmt: skip
        one = offer(number, AT + number * 60 * NS, **change)
        ends = rng.choices((HUNG_UP, TALKED, NO_ANSWER), (bad, 1 - bad, 0.6))[0]
        talk_s = {HUNG_UP: 4.0, TALKED: 10 + rng.expovariate(1 / 80), NO_ANSWER: 0.0}[ends]
        yield one, over(one, 15.0, talk_s, "calling" if ends is NO_ANSWER else "called")


def recorded(path: Path) -> list[SipMessage]:
    """Return the INVITEs of a capture."""
    decoder, found = Signalling(), []
    for unit in CaptureReader("tap").feed(path.read_bytes()):
        assert not isinstance(unit, Malformed)
        found += [one for one in decoder.feed(unit) if isinstance(one, SipMessage)]
    return [one for one in found if one.type == "INVITE"]
