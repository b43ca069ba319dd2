# SPDX-License-Identifier: Apache-2.0
"""Bodies are split on octets: an ISUP part holds any of them."""

from hypothesis import given, strategies as st

from edge.decode.sip.body import (
    MAX_PARTS,
    Part,
    isup_parts,
    media_addresses,
    parts,
    session_origin,
)

SDP = b"v=0\r\no=- 1 2 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.10\r\nt=0 0\r\n"
SDP += b"m=audio 1 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n"
SDP += b"m=audio 2 RTP/AVP 8\r\nc=IN IP4 198.51.100.10\r\n"
ISUP = bytes(range(256)) + b"\r\n\r\n--almost\r\n\n"
MIXED = 'multipart/mixed;boundary="a b"'


def mixed(*pieces: bytes, end: bytes = b"\r\n") -> bytes:
    """Write a multipart body as RFC 2046 section 5.1 says."""
    return end.join(
        [b"preamble", *(b"--a b" + end + piece for piece in pieces), b"--a b--", b"after"]
    )


SIP_I = mixed(
    b"Content-Type: application/sdp\r\n\r\n" + SDP,
    b"Content-Disposition: signal\r\nc: application/isup;version=itu-t92+\r\n\r\n" + ISUP,
    b"\r\nno head at all",
)


def test_a_body_that_is_not_multipart_is_its_own_only_part() -> None:
    assert parts("application/sdp", SDP) == [Part("application/sdp", SDP)]
    assert parts("multipart/mixed", b"no boundary") == [Part("multipart/mixed", b"no boundary")]
    assert parts(MIXED, b"") == []


def test_parts_to_the_octet() -> None:
    assert parts(' Multipart/Mixed ; BOUNDARY = "a b"', SIP_I) == [
        Part("application/sdp", SDP),
        Part("application/isup;version=itu-t92+", ISUP),
        Part("", b"no head at all"),
    ]


def test_line_feeds_alone() -> None:
    body = mixed(b"Content-Type: text/plain\n\nhello", end=b"\n")
    assert parts(MIXED, body) == [Part("text/plain", b"hello")]


def test_boundary_that_never_closes_and_too_many_parts() -> None:
    assert parts(MIXED, b"--a b\r\n\r\ncut") == [Part("", b"cut")]
    assert len(parts(MIXED, mixed(*[b"\r\nx"] * 50))) == MAX_PARTS


def test_isup_parts() -> None:
    assert isup_parts(MIXED, SIP_I) == [ISUP]
    assert isup_parts("application/ISUP; version=x", ISUP) == [ISUP]
    assert isup_parts("application/sdp", SDP) == []


def test_sdp_lines() -> None:
    for content_type, body in (("application/sdp", SDP), (MIXED, SIP_I)):
        assert session_origin(content_type, body) == "- 1 2 IN IP4 198.51.100.9"
        assert media_addresses(content_type, body) == ["198.51.100.10", "2001:db8::1"]
    assert (session_origin("text/plain", b"o=x"), media_addresses("", b"")) == ("", [])
    assert media_addresses("application/sdp", b"c=\r\nc= \r\n") == []


@given(st.lists(st.binary(max_size=40), max_size=MAX_PARTS))
def test_any_octets_come_back(pieces: list[bytes]) -> None:
    pieces = [piece for piece in pieces if b"--a b" not in piece]
    body = mixed(*(b"Content-Type: x/y\r\n\r\n" + piece for piece in pieces))
    assert [part.data for part in parts(MIXED, body)] == pieces
