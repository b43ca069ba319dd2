# SPDX-License-Identifier: Apache-2.0
"""Builds SIP messages for the torture set: an ordinary INVITE, a case changes some lines of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CALLER, CALLED = "+442079460300", "+77172000300"
HERE, THERE = b"198.51.100.10", b"192.0.2.20"
SDP = b"\r\n".join(
    (
        b"v=0",
        b"o=- 300 1 IN IP4 198.51.100.10",
        b"s=-",
        b"c=IN IP4 198.51.100.10",
        b"t=0 0",
        b"m=audio 30000 RTP/AVP 8",
        b"a=rtpmap:8 PCMA/8000",
        b"",
    )
)


@dataclass(frozen=True, slots=True)
class Case:
    """One file: its octets and what a lenient listener should report of them."""

    name: str
    why: str
    octets: bytes
    expect: Mapping[str, object] = field(default_factory=dict)


def uri(user: str) -> bytes:
    """Write the SIP URI of a caller."""
    return b"sip:" + user.encode() + b"@" + HERE


RURI = b"sip:" + CALLED.encode() + b"@" + THERE


def invite(
    name: str,
    changes: Mapping[bytes, bytes | None] | None = None,
    *,
    start: bytes = b"INVITE " + RURI + b" SIP/2.0",
    body: bytes = SDP,
    extra: tuple[bytes, ...] = (),
    end: bytes = b"\r\n",
) -> bytes:
    """Write an INVITE; `changes` gives whole lines by header name, None takes the header away."""
    tag = name.encode()
    lines = {
        b"Via": b"Via: SIP/2.0/UDP " + HERE + b":5060;branch=z9hG4bK" + tag,
        b"Max-Forwards": b"Max-Forwards: 70",
        b"From": b"From: <" + uri(CALLER) + b">;tag=" + tag,
        b"To": b"To: <" + RURI + b">",
        b"Call-ID": b"Call-ID: " + tag + b"@" + HERE,
        b"CSeq": b"CSeq: 1 INVITE",
        b"Contact": b"Contact: <" + uri(CALLER) + b":5060>",
        b"Content-Type": b"Content-Type: application/sdp",
        b"Content-Length": b"Content-Length: %d" % len(body),
    } | dict(changes or {})
    head = [start, *(line for line in lines.values() if line is not None), *extra]
    return end.join(head) + end + end + body


def response(name: str, start: bytes, method: bytes = b"INVITE") -> bytes:
    """Write a response to an INVITE of the same name."""
    return invite(
        name,
        {
            b"Max-Forwards": None,
            b"Contact": None,
            b"Content-Type": None,
            b"To": b"To: <" + RURI + b">;tag=there",
            b"CSeq": b"CSeq: 1 " + method,
        },
        start=start,
        body=b"",
    )


def heard(name: str, **more: object) -> dict[str, object]:
    """Say what is expected of the ordinary INVITE, with changes; None: no opinion."""
    expect: dict[str, object] = {
        "messages": 1,
        "type": "INVITE",
        "call": f"{name}@198.51.100.10",
        "calling": CALLER,
        "called": CALLED,
        "cseq": "1 INVITE",
    } | more
    return {key: value for key, value in expect.items() if value is not None}


def case(
    name: str, why: str, changes: Mapping[bytes, bytes | None] | None = None, **more: object
) -> Case:
    """Make a case of an INVITE with other lines; `more` is what changes in the expectation."""
    return Case(name, why, invite(name, changes), heard(name, **more))
