# SPDX-License-Identifier: Apache-2.0
"""What a timeslot carries, told from a second of it."""

import random

import pytest

from edge.decode.classify import Carries, classify, is_cas, protocol_of
from edge.decode.hdlc import Line
from hil.e1.bits import FISU_HEAD, FLAG, cas, frame, line, octets_of
from hil.e1.calls import Call, Isdn, Link, Number, isup_frames, q931_frames

CALL = Call(Number("442079460123"), Number("77172000001"))
ISUP, Q931 = isup_frames([(CALL, Link())]), q931_frames([CALL])
SECOND = 8000


def filled(bits: str, fill: str = FLAG) -> bytes:
    """Return a second of a timeslot that begins with these bits."""
    return octets_of((bits + fill * (SECOND * 8 // len(fill)))[: SECOND * 8])


FILL_IN = FLAG + frame(FISU_HEAD)
SS7 = filled(line(frame(step.octets) for step in ISUP), FILL_IN)
D_CHANNEL = filled(line(frame(step.octets) for step in Q931))
NOISE = random.Random(7).randbytes(SECOND)


@pytest.mark.parametrize(
    ("octets", "carries", "wired"),
    [
        pytest.param(SS7, None, Line(), id="SS7"),
        pytest.param(D_CHANNEL, None, Line(), id="D channel"),
        pytest.param(bytes(o ^ 0xFF for o in D_CHANNEL), None, Line(invert=True), id="inverted"),
        pytest.param(b"\xff" * SECOND, Carries.IDLE, None, id="ones"),
        pytest.param(b"\x7e" * SECOND, Carries.IDLE, None, id="flags"),
        pytest.param(b"\xd5" * SECOND, Carries.IDLE, None, id="silence of speech"),
        pytest.param(b"", Carries.IDLE, None, id="nothing heard"),
        pytest.param(cas(SECOND), Carries.CAS, None, id="CAS"),
        pytest.param(cas(SECOND)[5:], Carries.CAS, None, id="CAS, joined within a multiframe"),
        pytest.param(NOISE, Carries.NOTHING, None, id="noise"),
    ],
)
def test_classify(octets: bytes, carries: Carries | None, wired: Line | None) -> None:
    found = classify(octets)
    assert (found.carries, found.line) == (carries, wired)


@pytest.mark.parametrize(
    "octets", [SS7, D_CHANNEL, NOISE, bytes(SECOND), b"\x0b" * SECOND, b"\x0b"]
)
def test_what_is_no_multiframe(octets: bytes) -> None:
    assert not is_cas(octets)


def test_a_multiframe_with_bit_errors_is_still_one() -> None:
    octets = bytearray(cas(SECOND))
    for at in random.Random(1).sample(range(SECOND), 100):
        octets[at] ^= 1
    assert is_cas(bytes(octets))


def test_frames_by_protocol() -> None:
    assert {protocol_of(step.octets) for step in ISUP} == {Carries.MTP2}
    told = [protocol_of(step.octets) for step in Q931]
    assert told[::2] == [Carries.LAPD] * (len(Q931) // 2)
    assert set(told[1::2]) <= {None, Carries.LAPD}  # RR: a link status of one octet looks so


@pytest.mark.parametrize(
    ("octets", "carries"),
    [
        ("ffff00", Carries.MTP2),
        ("ffff0100", Carries.MTP2),
        ("00017f", Carries.LAPD),
        ("020173", Carries.LAPD),
        ("00010102", None),
        ("00", None),
        ("", None),
        ("ffff0900", None),
    ],
)
def test_short_frames(octets: str, carries: Carries | None) -> None:
    assert protocol_of(bytes.fromhex(octets)) is carries


def test_a_setup_whose_number_looks_like_a_length() -> None:
    wire = Isdn()
    for _ in range(127):
        octets = wire.frame(0, b"\x08\x02\x00\x01\x05")
        assert protocol_of(octets) is Carries.LAPD
