# SPDX-License-Identifier: Apache-2.0
"""What an attempt remembers of itself is bounded, and no made-up identifier rides on it."""

from collections.abc import Iterator

import pytest

from edge.call.sip import MAX_ATTEMPTS
from edge.call.sip_leg import MAX_LEGS, MAX_OCTETS, SipCall
from edge.model.event import UNKNOWN_TRUNK
from tests.call.sip_talk import Talk, write

BOTH = ("caller", "callee")


def remembered(talk: Talk) -> Iterator[SipCall]:
    for call in talk.calls._calls.values():
        one: SipCall | None = call
        while one is not None:
            yield one
            one = one.sibling


def answered() -> Talk:
    talk = Talk()
    for octets in (write("INVITE"), write("200", tags=BOTH), write("ACK", tags=BOTH, via=("b",))):
        talk.hear(octets)
    return talk


@pytest.mark.parametrize("tags", [BOTH, BOTH[::-1]])
def test_a_reinvite_of_either_side_is_no_attempt(tags: tuple[str, str]) -> None:
    assert answered().hear(write("INVITE", cseq="5", tags=tags, via=("r",))) == []


@pytest.mark.parametrize(
    "tags", [("caller", "made-up"), ("made-up", "caller"), ("callee", "made-up"), ("x", "callee")]
)
def test_a_dialog_that_no_phone_answered_is_decided(tags: tuple[str, str]) -> None:
    assert answered().hear(write("INVITE", cseq="5", tags=tags, via=("r",))) == ["offered 2"]


def test_a_dialog_that_is_over_is_decided() -> None:
    talk = answered()
    talk.hear(write("BYE", cseq="2", tags=BOTH))
    assert talk.hear(write("INVITE", cseq="5", tags=BOTH, via=("r",))) == ["offered 2"]


def test_credentials_from_another_trunk_are_decided() -> None:
    talk = Talk()
    talk.hear(write("INVITE"))
    talk.hear(write("407", tags=BOTH))
    assert talk.hear(write("INVITE", cseq="2", via=("b",)), tap="abroad") == ["offered 2"]


def test_legs_are_bounded() -> None:
    talk = Talk()
    talk.hear(write("INVITE", via=("a",)))
    heard = [talk.hear(write("INVITE", via=(f"p{n}", "a"))) for n in range(MAX_LEGS + 10)]
    assert heard == [[]] * (MAX_LEGS - 1) + [["offered 2"]] + [[]] * 10
    assert all(len(call.tops) <= MAX_LEGS for call in remembered(talk))


def test_octets_are_bounded() -> None:
    talk = Talk()
    giant = "x" * MAX_OCTETS
    for octets in (
        write("INVITE", call=giant),
        write("INVITE", tags=(giant, "")),
        write("INVITE", via=(giant,)),
        write("INVITE", cseq=giant),
    ):
        assert talk.hear(octets) == ["offered 1", "released evicted by us"]
    assert len(talk.calls) == 0
    talk.hear(write("INVITE", via=("a",)))
    assert talk.hear(write("INVITE", via=("p", giant, "a"))) == [
        "offered 2",
        "released evicted by us",
    ]
    talk.hear(write("407", tags=BOTH))
    assert talk.hear(write("INVITE", cseq="2", via=(giant,))) == [
        "offered 2",
        "released evicted by us",
    ]
    assert all(call.octets <= MAX_OCTETS for call in remembered(talk))


def test_attempts_of_one_call_id_are_bounded() -> None:
    """Every message of a Call-ID looks through its attempts: ten thousand would stall us."""
    talk = Talk(limit=10_000)
    for number in range(MAX_ATTEMPTS * 3):
        said = talk.hear(write("INVITE", tags=(f"t{number}", ""), via=(f"v{number}",)))
        crowd = ["released evicted by us"] if number >= MAX_ATTEMPTS else []
        assert said == [*crowd, f"offered {number + 1}"]
    assert len(talk.calls) == talk.calls.up == MAX_ATTEMPTS
    assert talk.calls.counts["evicted"] == MAX_ATTEMPTS * 2
    assert UNKNOWN_TRUNK in {call.trunk for call in remembered(talk)}


def test_a_crowd_of_finished_attempts_makes_room_in_silence() -> None:
    talk = Talk(limit=10_000)
    for number in range(MAX_ATTEMPTS + 1):
        tags, via = (f"t{number}", ""), (f"v{number}",)
        assert talk.hear(write("INVITE", tags=tags, via=via)) == [f"offered {number + 1}"]
        talk.hear(write("486", tags=(f"t{number}", "callee"), via=via))
    assert len(talk.calls) == MAX_ATTEMPTS
