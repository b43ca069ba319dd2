# SPDX-License-Identifier: Apache-2.0
"""What of an SDP is a device's, and what is a call's."""

import pytest
from hypothesis import given, strategies as st

from edge.detect.sdp_shape import NO_SDP, SdpShapes, media_shape
from tests.detect.box import SDP

KIND = b"application/sdp"


def body(text: str = SDP, **change: object) -> bytes:
    given = {"number": 1000, "media": "198.51.100.7", "port": 4000, **change}
    return text.format(**given).replace("\n", "\r\n").encode()


def test_an_offer_of_audio() -> None:
    shape = SdpShapes().of(KIND, body())
    assert shape.media == "a.avp:8,0,dt8@101;rrfp;e16,p20"
    assert shape.session == "-n=-.sct"
    assert shape.address == "198.51.100.7"


@pytest.mark.parametrize(
    "change", [{"number": 7}, {"number": 99_999_999}, {"media": "10.1.2.3"}, {"port": 65_534}]
)
def test_numbers_addresses_and_ports_do_not_show(change) -> None:
    shapes = SdpShapes()
    one, other = shapes.of(KIND, body(**change)), shapes.of(KIND, body())
    assert (one.media, one.session) == (other.media, other.session)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("8 0 101", "0 8 101"),
        ("a=ptime:20", "a=ptime:30"),
        ("0-16", "0-15"),
        ("RTP/AVP", "RTP/SAVP"),
        ("a=ptime:20\n", "a=ptime:20\na=sendrecv\n"),
        ("telephone-event", "TELEPHONE-EVENT"),
        ("{port} RTP", "0 RTP"),
        ("audio", "video"),
    ],
)
def test_what_a_device_can_do_shows_in_the_media_part(old: str, new: str) -> None:
    one, other = SdpShapes().of(KIND, body()), SdpShapes().of(KIND, body(SDP.replace(old, new)))
    assert one.media != other.media
    assert one.session == other.session


@pytest.mark.parametrize(
    ("old", "new"), [("s=-", "s=Asterisk"), ("o=- ", "o=root "), ("t=0 0", "b=AS:84\nt=0 0")]
)
def test_how_a_session_is_written_shows_in_its_own_part(old: str, new: str) -> None:
    one, other = SdpShapes().of(KIND, body()), SdpShapes().of(KIND, body(SDP.replace(old, new)))
    assert one.media == other.media
    assert one.session != other.session


def test_a_persons_name_does_not_show() -> None:
    shapes = SdpShapes()
    named = [shapes.of(KIND, body(SDP.replace("s=-", f"s={name}"))) for name in ("Aliya", "Bob")]
    assert [one.session for one in named] == ["-n=w.sct"] * 2


def test_keys_and_addresses_of_ice_are_told_once() -> None:
    some = "a=candidate:1 1 UDP 7 10.0.0.1 4 typ host\n"
    one = media_shape(("m=audio 4 RTP/AVP 0\n" + some).splitlines())
    assert one == media_shape(("m=audio 4 RTP/AVP 0\n" + some * 5).splitlines())


def test_within_a_multipart_body() -> None:
    parts = b"--x\r\nContent-Type: application/sdp\r\n\r\n" + body() + b"\r\n--x--\r\n"
    inside = SdpShapes().of(b"multipart/mixed; boundary=x", parts)
    assert inside.media == SdpShapes().of(KIND, body()).media


def test_without_sdp() -> None:
    assert SdpShapes().of(b"", b"") == NO_SDP
    assert SdpShapes().of(b"text/plain", b"hello") == NO_SDP


@given(st.binary(max_size=600))
def test_any_octets_have_a_bounded_shape(octets: bytes) -> None:
    shape = SdpShapes().of(KIND, octets)
    assert len(shape.media) <= 512
    assert "|" not in shape.media + shape.session.partition(".")[2]


@given(
    st.lists(st.sampled_from(["m=audio 4 RTP/AVP 0 8", "a=rtpmap:0 PCMU", "a=fmtp", "c=", "m="]))
)
def test_any_lines_have_a_shape(lines: list[str]) -> None:
    assert len(media_shape(lines)) <= 512


def test_what_is_remembered_is_bounded() -> None:
    shapes = SdpShapes()
    for number in range(10_000):
        shapes.of(KIND, body(SDP + f"a=x-{number}\n"))
    assert len(shapes._known) <= 4096
