# SPDX-License-Identifier: Apache-2.0
"""A timeslot finds its own way, whatever the wiring, the errors and the size of the pieces."""

import random

import pytest
from hypothesis import given, strategies as st

from edge.decode.classify import Carries
from edge.decode.hdlc import REVERSED, STANDARD
from edge.decode.timeslot import LOOK_AGAIN, SECOND, Timeslot
from edge.model.message import Malformed
from hil.e1.bits import FISU_HEAD, FLAG, aborted, cas, flipped, frame, line, octets_of, slipped
from hil.e1.calls import Call, Link, Number, isup_frames

CALL = Call(Number("442079460123"), Number("77172000001"))
FRAMES = [step.octets for step in isup_frames([(CALL, Link())])]
FILL_IN = FLAG + frame(FISU_HEAD)
BODIES = [frame(octets) for octets in FRAMES]


def a_second(bits: str) -> bytes:
    return octets_of((bits + FILL_IN * (SECOND * 8 // len(FILL_IN)))[: SECOND * 8])


LINE = a_second(line(BODIES))


def heard(timeslot: Timeslot, octets: bytes, piece: int = 160) -> list[bytes | Malformed]:
    pieces = (octets[at : at + piece] for at in range(0, len(octets), piece))
    return [frame for each in pieces for frame in timeslot.feed(each)]


@pytest.mark.parametrize("piece", [1, 3, 160, SECOND])
def test_pieces_do_not_matter(piece: int) -> None:
    assert heard(Timeslot(), LINE, piece) == FRAMES


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(lambda octets: bytes(o ^ 0xFF for o in octets), id="inverted"),
        pytest.param(lambda octets: octets.translate(REVERSED), id="reversed"),
        pytest.param(lambda octets: bytes(o ^ 0xFF for o in octets.translate(REVERSED)), id="both"),
    ],
)
def test_a_wrong_wiring_is_found_and_nothing_is_missed(wire) -> None:
    timeslot = Timeslot()
    assert heard(timeslot, wire(LINE) + wire(LINE)) == FRAMES * 2
    assert timeslot.line != STANDARD


def test_errors_cost_what_they_hit() -> None:
    bodies = [FLAG + body for body in BODIES]
    bad = [bodies[0], FLAG + aborted(FRAMES[1]), flipped(bodies[2], 40), *bodies[3:]]
    timeslot = Timeslot()
    found = heard(timeslot, a_second(FILL_IN * 4 + "".join(bad) + FLAG))
    good = [one for one in found if isinstance(one, bytes)]
    assert good == [octets for n, octets in enumerate(FRAMES) if n not in {1, 2}]
    assert timeslot.bad >= 1


def test_a_slip_costs_one_frame() -> None:
    octets = slipped(LINE, 25)
    found = [one for one in heard(Timeslot(), octets) if isinstance(one, bytes)]
    assert len(FRAMES) - 1 <= len(found) <= len(FRAMES)
    assert found[1:] == FRAMES[-len(found) + 1 :]


def test_a_flag_shared_by_two_frames() -> None:
    timeslot = Timeslot()
    bits = FLAG + (FLAG[:-1] + FLAG).join(BODIES) + FLAG  # the last zero is the next one's first
    assert heard(timeslot, a_second(bits)) == FRAMES


@pytest.mark.parametrize(
    ("octets", "carries"),
    [(cas(SECOND), Carries.CAS), (b"\xff" * SECOND, Carries.IDLE)],
    ids=["cas", "idle"],
)
def test_what_carries_no_frames_is_named_and_looked_at_anew(
    octets: bytes, carries: Carries
) -> None:
    timeslot = Timeslot()
    assert heard(timeslot, octets) == []
    assert (timeslot.carries, timeslot.looks) == (carries, 1)
    for _ in range(LOOK_AGAIN // SECOND):
        heard(timeslot, octets)
    heard(timeslot, octets)
    assert timeslot.looks == 2


def test_frames_that_begin_later_are_heard_at_once() -> None:
    timeslot = Timeslot()
    heard(timeslot, b"\xff" * SECOND)
    assert heard(timeslot, LINE) == FRAMES


def test_a_line_rewired_is_found_again() -> None:
    timeslot = Timeslot()
    heard(timeslot, LINE)
    turned = bytes(octet ^ 0xFF for octet in LINE)
    found: list[bytes | Malformed] = []
    for _ in range(LOOK_AGAIN // SECOND + 3):
        found += heard(timeslot, turned, SECOND)
    assert [one for one in found if isinstance(one, bytes)][-len(FRAMES) :] == FRAMES
    assert timeslot.line.invert


def test_votes() -> None:
    timeslot = Timeslot()
    assert timeslot.vote(None) is None
    assert timeslot.vote(Carries.LAPD) is Carries.LAPD
    assert timeslot.vote(None) is Carries.LAPD
    assert [timeslot.vote(Carries.MTP2) for _ in range(2)][-1] is Carries.MTP2


@given(st.lists(st.binary(max_size=400), max_size=12))
def test_any_octets(pieces: list[bytes]) -> None:
    timeslot = Timeslot()
    for piece in pieces:
        assert all(isinstance(one, bytes | Malformed) for one in timeslot.feed(piece))


def test_noise_for_a_minute_costs_no_memory() -> None:
    timeslot, noise = Timeslot(), random.Random(3)
    for _ in range(30):
        timeslot.feed(noise.randbytes(SECOND))
    assert timeslot.carries is Carries.NOTHING
    assert len(timeslot._window) <= SECOND
