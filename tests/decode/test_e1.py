# SPDX-License-Identifier: Apache-2.0
"""Units of an E1 to messages: raw, framed, alarms, signalling bits; what they carry is said."""

import pytest
from hypothesis import given, strategies as st

from edge.decode.e1 import CAS_UNREAD, E1
from edge.decode.layer import LayerMessage
from edge.model.message import Malformed
from edge.model.unit import Alarm, Direction, LinkType, Unit
from hil.e1.bits import cas, frame, line, octets_of
from hil.e1.calls import Call, Link, Number, isup_frames, q931_frames
from hil.e1.probe import with_crc

CALL = Call(Number("442079460123"), Number("77172000001"))
ISUP, Q931 = isup_frames([(CALL, Link())]), q931_frames([CALL])
SIDES = (Direction.A_TO_B, Direction.B_TO_A)
SECOND = 8000


def unit(link: int, octets: bytes, side: int = 0, at: int = 0, channel: str = "1:16") -> Unit:
    return Unit("e1", link, at, octets, direction=SIDES[side], channel=channel)


def types(found: list) -> list[str]:
    return [one.type for one in found]


def test_raw_octets_of_both_directions() -> None:
    e1, found = E1(), []
    for side in (0, 1):
        bits = line(frame(step.octets) for step in ISUP if step.side == side)
        found += e1.feed(unit(LinkType.E1_RAW, octets_of(bits + "01111110" * 4), side))
    assert types(found) == ["MTP2", "IAM", "REL", "MTP2", "ACM", "CPG", "ANM", "RLC"]
    iam = found[1]
    assert (iam.unit.link, iam.unit.direction, iam.unit.channel) == (140, SIDES[0], "1:16")
    assert iam.unit.data == ISUP[0].octets
    assert (iam.calling, iam.called) == ("442079460123", "77172000001")


def test_frames_with_their_check_sequence() -> None:
    e1, found = E1(), []
    for step in Q931:
        found += e1.feed(unit(LinkType.E1_HDLC, with_crc(step.octets), step.side))
    assert [one for one in types(found) if one not in {"RR", "LAPD"}] == [
        "SETUP", "CALL PROCEEDING", "ALERTING", "CONNECT", "CONNECT ACKNOWLEDGE", "DISCONNECT",
        "RELEASE", "RELEASE COMPLETE",
    ]  # fmt: skip
    assert {one.unit.link for one in found if one.proto == "q931"} == {LinkType.LAPD}
    assert e1.losses() == {}


def test_a_damaged_frame_is_evidence_and_a_loss() -> None:
    e1 = E1()
    damaged = bytearray(with_crc(ISUP[0].octets))
    damaged[9] ^= 4
    (found,) = e1.feed(unit(LinkType.E1_HDLC, bytes(damaged)))
    assert isinstance(found, Malformed)
    assert (found.layer, found.why, found.unit.channel) == ("hdlc", "bad FCS", "1:16")
    assert e1.losses() == {"hdlc frames damaged": 1}


def test_cas_is_named_and_said_to_be_not_supported() -> None:
    e1 = E1()
    (found,) = e1.feed(unit(LinkType.E1_RAW, cas(SECOND)))
    assert (found.proto, found.type, found.fields()["supported"]) == ("e1", "CAS", False)
    assert e1.feed(unit(LinkType.E1_RAW, cas(SECOND))) == []
    assert e1.losses() == {CAS_UNREAD: 1}


def test_signalling_bits_are_named_now_and_then() -> None:
    e1 = E1()
    seconds = (0, 1, 59, 60, 61)
    found = [e1.feed(unit(LinkType.E1_CAS, b"\x09", at=s * 10**9, channel="1:5")) for s in seconds]
    assert [types(one) for one in found] == [["CAS"], [], [], ["CAS"], []]
    assert e1.losses() == {CAS_UNREAD: 2}


def test_alarms_are_named_and_counted() -> None:
    e1 = E1()
    wrong = Alarm.LOS | Alarm.LOF
    (found,) = e1.feed(unit(LinkType.E1_ALARMS, bytes([wrong]), channel="1:0"))
    assert found.fields()["alarms"] == ["LOS", "LOF"]
    (found,) = e1.feed(unit(LinkType.E1_ALARMS, b"\0", channel="1:0"))
    assert found.fields()["alarms"] == []
    assert e1.losses() == {"e1 LOS": 1, "e1 LOF": 1}


def test_an_idle_line_is_said_to_be_idle_once() -> None:
    e1 = E1()
    found = [one for _ in range(3) for one in e1.feed(unit(LinkType.E1_RAW, b"\xff" * SECOND))]
    assert types(found) == ["IDLE"]


def test_a_wrong_wiring_is_said() -> None:
    e1 = E1()
    bits = line(frame(step.octets) for step in ISUP) + "01111110" * SECOND
    octets = bytes(octet ^ 0xFF for octet in octets_of(bits)[:SECOND])
    said, *_ = e1.feed(unit(LinkType.E1_RAW, octets))
    assert said.fields() == {
        "channel": "1:16",
        "direction": "a-b",
        "supported": True,
        "reversed": False,
        "inverted": True,
        "rate": 64,
    }


def test_links_that_were_captured_deframed() -> None:
    e1 = E1()
    assert types(e1.feed(unit(LinkType.MTP2, ISUP[0].octets))) == ["IAM"]
    assert types(e1.feed(unit(LinkType.MTP2, ISUP[0].octets))) == []  # retransmitted
    assert types(e1.feed(unit(LinkType.LAPD, Q931[0].octets, channel="2:16"))) == ["SETUP"]
    assert LinkType.ETHERNET not in e1.links


def test_units_missed_are_losses() -> None:
    e1 = E1()
    for step in (ISUP[0], ISUP[4]):
        e1.feed(unit(LinkType.MTP2, step.octets))
    assert e1.losses() == {}
    lost = bytes([0xFF, 0x80 | 9]) + ISUP[0].octets[2:]
    e1.feed(unit(LinkType.MTP2, lost))
    assert e1.losses()["mtp2 units missed"] > 0


def test_no_more_timeslots_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.decode.e1.MAX_TIMESLOTS", 3)
    e1 = E1()
    for span in range(9):
        e1.feed(unit(LinkType.E1_RAW, b"\x7e", channel=f"{span}:16"))
        e1.feed(unit(LinkType.E1_CAS, b"\x09", channel=f"{span}:5"))
    assert len(e1._timeslots) <= 3
    assert len(e1._cas) <= 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([link for link in LinkType if link in E1().links]),
            st.binary(max_size=300),
            st.integers(0, 1),
        ),
        max_size=8,
    )
)
def test_any_octets(heard: list[tuple[LinkType, bytes, int]]) -> None:
    e1 = E1()
    for link, octets, side in heard:
        for one in e1.feed(unit(link, octets, side)):
            assert isinstance(one, Malformed | LayerMessage) or one.proto in {"isup", "q931"}
        assert all(count > 0 for count in e1.losses().values())
