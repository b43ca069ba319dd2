# SPDX-License-Identifier: Apache-2.0
"""Packets of osmo-e1d's control socket, against octets written down from its header file."""

import sys

import pytest
from hypothesis import given, strategies as st

from drivers.taps.osmo_e1d.wire import ALARMS, Kind, Message, open_raw, packet, parse
from edge.model.message import Malformed
from edge.model.unit import Alarm

little = pytest.mark.skipif(sys.byteorder != "little", reason="octets in the machine's order")


@little
def test_the_request_for_a_timeslot() -> None:
    # magic 01e1, length 12, TS_OPEN, interface 0, line 1, timeslot 16; RAW, no force, 160 octets
    assert packet(open_raw(0, 1, 16)) == bytes.fromhex("e101 0c00 04 00 01 10  10 00 a000")


@little
def test_an_answer() -> None:
    octets = bytes.fromhex("e101 0e00 84 00 00 00  10 10 00 a000 a5")
    message = parse(octets)
    assert isinstance(message, Message)
    assert message.kind is Kind.ANSWER
    assert message.body == octets[8:]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (0x04, Kind.REQUEST),
        (0x41, Kind.EVENT),
        (0x7F, Kind.EVENT),
        (0x84, Kind.ANSWER),
        (0xD6, Kind.ERROR),
    ],
)
def test_kinds(kind: int, expected: Kind) -> None:
    assert Message(kind).kind is expected


def test_alarms_begin_with_an_even_event_and_end_with_the_next() -> None:
    named = [alarm for alarm, begun in ALARMS.values() if begun]
    assert named == [Alarm.LOS, Alarm.AIS, Alarm.RAI, Alarm.LOF]
    assert all(begun is (kind % 2 == 0) for kind, (_, begun) in ALARMS.items())


@little
@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("e101 0800 84 00 00", "shorter than a header"),
        ("e100 0800 84 00 00 00", "magic 00e1: another version?"),
        ("e101 0900 84 00 00 00", "length 9, but 8 octets"),
    ],
)
def test_what_is_wrong_is_named(octets: str, why: str) -> None:
    assert parse(bytes.fromhex(octets)).why == why


@given(st.binary(max_size=64))
def test_any_octets_are_survived(octets: bytes) -> None:
    message = parse(octets)
    assert isinstance(message, Malformed) or packet(message) == octets
