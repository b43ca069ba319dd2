# SPDX-License-Identifier: Apache-2.0
"""Where a message begins and ends in a datagram. The odd ones are in the torture set."""

import pytest

from edge.decode.sip.framer import MAX_MESSAGES, read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import Unit

INVITE = b"INVITE sip:+77172000001@h SIP/2.0\r\nCall-ID: c1\r\nContent-Length: 4\r\n\r\nbody"
BYE = b"BYE sip:1@h SIP/2.0\r\nCall-ID: c2\r\nContent-Length: 0\r\n\r\n"
OK = b"SIP/2.0 200 OK\r\nCall-ID: c3\r\n\r\n"


def read(octets: bytes) -> list[SipMessage | Malformed]:
    return read_datagram(Unit("t", 1, 0, octets), NO_FLOW, octets)


def told(octets: bytes) -> list[str]:
    """Return what was found, in words."""
    return [
        f"{one.type} {one.call} {one.body.decode()}".strip()
        if isinstance(one, SipMessage)
        else f"malformed at {one.offset}: {one.why}"
        for one in read(octets)
    ]


CASES = {
    "one": (INVITE, ["INVITE c1 body"]),
    "several": (INVITE + BYE + OK, ["INVITE c1 body", "BYE c2", "200 c3"]),
    "empty lines between": (BYE + b"\r\n\r\n" + OK, ["BYE c2", "200 c3"]),
    "empty lines before": (b"\r\n\r\n" + INVITE, ["INVITE c1 body"]),
    "junk behind": (BYE + b"junk", ["BYE c2"]),
    "junk before": (b"\x00\x01VENDOR\xff" + INVITE, ["INVITE c1 body"]),
    "junk line before": (b"no start\r\n" + INVITE, ["INVITE c1 body"]),
    "junk line before a response": (b"no start\r\n" + OK, ["200 c3"]),
    "tabs in the start line": (INVITE.replace(b" ", b"\t", 2), ["INVITE c1 body"]),
    "LF alone": (INVITE.replace(b"\r", b""), ["INVITE c1 body"]),
    "LF LF ends the head, CRLF CRLF comes later": (
        b"BYE x SIP/2.0\nCall-ID: c\n\nv=0\r\n\r\nz",
        ["BYE c v=0\r\n\r\nz"],
    ),
    "broken status line": (b"SIP/2.0 2x0 OK\r\n\r\n", ["malformed at 0: no start line"]),
    "no sip": (b"\x80\x00\x01\x02" * 50, []),
    "nothing": (b"", []),
    "keep-alive": (b"\r\n\r\n", []),
}


@pytest.mark.parametrize(("octets", "expected"), CASES.values(), ids=CASES)
def test_read_datagram(octets: bytes, expected: list[str]) -> None:
    assert told(octets) == expected


ODDITIES = {
    "": b"l: 0\r\n\r\n",
    "no Content-Length": b"X: 1\r\n\r\nbody",
    "body shorter than Content-Length": b"Content-Length: 5\r\n\r\nbody",
    "Content-Length is no number": b"Content-Length: -1\r\n\r\nbody",
    "no empty line behind the headers": b"Content-Length: 4",
}


@pytest.mark.parametrize(("oddity", "rest"), ODDITIES.items(), ids=ODDITIES)
def test_what_is_against_the_rfc_is_said(oddity: str, rest: bytes) -> None:
    (message,) = read(b"BYE sip:1@h SIP/2.0\r\n" + rest)
    assert message.oddities == ((oddity,) if oddity else ())


def test_further_messages_than_are_taken_are_not_lost_in_silence() -> None:
    found = told(BYE * (MAX_MESSAGES + 5))
    assert found[:-1] == ["BYE c2"] * MAX_MESSAGES
    assert found[-1].endswith("more than 64 messages in one datagram")


@pytest.mark.parametrize("cut", range(len(INVITE)))
def test_cut_anywhere_is_at_most_one_finding(cut: int) -> None:
    assert len(read(INVITE[:cut])) <= 1
