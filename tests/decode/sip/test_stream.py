# SPDX-License-Identifier: Apache-2.0
"""Messages in a stream, however it is cut."""

import pytest
from hypothesis import given, strategies as st

from edge.decode.sip.message import SipMessage
from edge.decode.sip.stream import MAX_HEAD, MAX_MESSAGE, SEARCHED, StreamFramer
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import Unit

UNIT = Unit("t", 1, 0, b"")


def message(call: str, body: bytes = b"", length: str | None = None) -> bytes:
    said = str(len(body)) if length is None else length
    line = f"Content-Length: {said}\r\n" if said else ""
    return f"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: {call}\r\n{line}\r\n".encode() + body


STREAM = (
    message("one") + b"\r\n\r\n" + message("two", b"v=0\r\n\r\nINVITE x SIP/2.0\r\n") + message("3")
)


def names(framer: StreamFramer, *pieces: bytes) -> list[str]:
    found = [one for piece in pieces for one in framer.feed(UNIT, NO_FLOW, piece)]
    return [one.call if isinstance(one, SipMessage) else one.why for one in found]


@pytest.mark.parametrize("size", [1, 3, 7, 50, len(STREAM)])
def test_cut_anywhere(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    framer = StreamFramer()
    assert names(framer, *pieces) == ["one", "two", "3"]
    assert framer.held == 0


def test_joined_in_the_middle() -> None:
    assert names(StreamFramer(), STREAM[20:]) == ["two", "3"]


def test_without_content_length_there_is_no_body() -> None:
    assert names(StreamFramer(), message("a", length="") + message("b")) == ["a", "b"]


def test_a_gap_loses_what_was_begun_and_nothing_after() -> None:
    framer = StreamFramer()
    assert names(framer, message("whole") + message("cut", b"x" * 100)[:-10]) == ["whole"]
    (lost,) = framer.gap(UNIT)
    assert isinstance(lost, Malformed)
    assert lost.why == "cut by a gap in the stream"
    assert names(framer, b"xxxx tail\r\n" + message("next")) == ["next"]
    assert framer.gap(UNIT) == []


def test_a_head_or_body_without_end_is_given_up() -> None:
    framer = StreamFramer()
    endless = b"INVITE sip:a@b SIP/2.0\r\n" + b"X: y\r\n" * (MAX_HEAD // 6 + 1)
    assert names(framer, endless) == ["message without end"]
    assert names(framer, message("ok")) == ["ok"]
    assert names(framer, message("big", length=str(MAX_MESSAGE))) == ["message without end"]
    assert names(framer, message("ok")) == ["ok"]


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_any_octets_are_bounded(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    for piece in pieces * 20:
        framer.feed(UNIT, NO_FLOW, piece)
        assert framer.held <= max(SEARCHED, MAX_MESSAGE + len(piece))
