# SPDX-License-Identifier: Apache-2.0
"""Both channels of a GTH, against texts of its manual and octets packed by hand."""

import pytest
from hypothesis import given, strategies as st

from drivers.taps.gth.wire import (
    MAX_BODY,
    CommandFramer,
    Place,
    Record,
    RecordFramer,
    Said,
    alarms,
    command,
    monitor,
    parse,
    switch_on,
)
from edge.model.message import Malformed
from edge.model.unit import Alarm
from tests.twins.gth import Gth

TWO = (
    b"Content-type: text/xml\r\nContent-length: 5\r\n\r\n<ok/>"
    b"content-LENGTH:14\r\nContent-type: text/xml\r\n\r\n<job id='m1'/>"
)


@pytest.mark.parametrize("size", [1, 3, 50, 1000])
def test_texts_are_found_however_the_stream_is_cut(size: int) -> None:
    framer = CommandFramer()
    found = [text for at in range(0, len(TWO), size) for text in framer.feed(TWO[at : at + size])]
    assert found == [b"<ok/>", b"<job id='m1'/>"]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"Content-type: text/xml\r\n\r\n", "header without a fit length"),
        (b"Content-length: -1\r\n\r\n", "header without a fit length"),
        (b"Content-length: %d\r\n\r\n" % (MAX_BODY + 1), "header without a fit length"),
        (b"Content-length: " + b"9" * 500 + b"\r\n\r\n", "header without a fit length"),
        (b"x" * 2000, "header without end"),
    ],
)
def test_a_stream_out_of_step_is_named(octets: bytes, why: str) -> None:
    (found,) = CommandFramer().feed(octets)
    assert isinstance(found, Malformed)
    assert found.why == why


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"<ok/>", Said("ok", {})),
        (b"<job id='m2mo9'/>", Said("job", {"id": "m2mo9"})),
        (b'<error reason="badarg"/>', Said("error", {"reason": "badarg"})),
        (
            b"<event><l1_message name='3A' state='OK'/></event>",
            Said("l1_message", {"name": "3A", "state": "OK"}, is_event=True),
        ),
    ],
)
def test_answers_and_events(text: bytes, said: Said) -> None:
    assert parse(text) == [said]


@pytest.mark.parametrize(
    "text",
    [
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><ok>&b;</ok>",
        b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><ok/>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE x><ok/>".encode("utf-16"),
        b"<?xml version='1.0' encoding='no-such'?><ok/>",
        b"<ok>",
        b"<ok/><ok/>",
        b"\xff\xfe",
        b"",
        b"<ok x='&b;'/>",
    ],
)
def test_a_hostile_text_is_refused(text: bytes) -> None:
    assert isinstance(parse(text), Malformed)


def test_a_text_as_deep_as_it_can_be_is_survived() -> None:
    depth = MAX_BODY // 7
    assert parse(b"<a>" * depth + b"</a>" * depth) == [Said("a", {})]


@given(st.one_of(st.binary(max_size=80), st.text(alphabet="<>/='\"!&;ab \0", max_size=80)))
def test_any_text_is_survived(text: bytes | str) -> None:
    octets = text.encode() if isinstance(text, str) else text
    assert isinstance(parse(octets), Malformed | list)
    CommandFramer().feed(octets)


def test_commands_are_what_the_manual_says() -> None:
    place = Place("192.0.2.7", 4000, 3)
    assert command("<bye/>") == b"Content-type: text/xml\r\nContent-length: 6\r\n\r\n<bye/>"
    assert monitor("lapd", "1A", 16, place) == (
        '<new><lapd_monitor ip_addr="192.0.2.7" ip_port="4000" tag="3">'
        '<pcm_source span="1A" timeslot="16"/></lapd_monitor></new>'
    )
    assert ' tag="3" fisu="no">' in monitor("mtp2", "1A", 16, place)
    assert switch_on("set", "pcm1A", {"monitoring": "true"}) == (
        '<set name="pcm1A"><attribute name="monitoring" value="true"/></set>'
    )


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("OK", Alarm(0)),
        ("ok", Alarm(0)),
        ("LOS", Alarm.LOS),
        ("lfa", Alarm.LOF),
        ("AIS", Alarm.AIS),
        ("RAI", Alarm.RAI),
        ("something new", Alarm.LOF),
    ],
)
def test_states_of_a_span(state: str, found: Alarm) -> None:
    assert alarms(state) == found


# length 15: tag 2, flags 0, 2^32 + 5 ms, five octets
RECORD = bytes.fromhex("000f 0002 0000 0001 00000005 ffff00ffff")


@pytest.mark.parametrize("size", [1, 3, 16, 100])
def test_records_are_found_however_the_stream_is_cut(size: int) -> None:
    framer = RecordFramer()
    line = RECORD + Gth.record(7, b"", 2**48 - 1, 0xFFFF) + RECORD
    found = [one for at in range(0, len(line), size) for one in framer.feed(line[at : at + size])]
    first = Record(2, 0, 2**32 + 5, bytes.fromhex("ffff00ffff"))
    assert found == [first, Record(7, 0xFFFF, 2**48 - 1, b""), first]


def test_a_record_shorter_than_its_head_ends_the_stream() -> None:
    *good, bad = RecordFramer().feed(RECORD + b"\x00\x09" + bytes(9))
    assert len(good) == 1
    assert bad.why == "record of 9 octets"


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_any_octets_are_survived(pieces: list[bytes]) -> None:
    framer = RecordFramer()
    for piece in pieces:
        framer.feed(piece)
    assert len(framer._held) <= 65_535 + 2
