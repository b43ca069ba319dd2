# SPDX-License-Identifier: Apache-2.0
"""What is kept of one call: the first end that was heard, the units that prove it, and no more."""

from typing import Any

import pytest

from edge.enforce.watch import Pair, Watch, pair_of
from edge.model.answer import Answer
from edge.model.event import CallAnswered, CallOffered, CallProgressed, CallReleased
from edge.model.number import Number
from edge.model.outcome import STOPS, Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action
from tests.verdict.calls import ABSENT, FIXED, GB, NOW, POLICE, call

BLOCK = Answer(Action.BLOCK, 603, "Decline", cause=21)
DIVERT = Answer(Action.DIVERT, 302, "Moved Temporarily", contact="sip:desk@pbx.example", cause=21)
CALL = "9f3c@192.0.2.1"


def unit(number: int) -> Unit:
    return Unit("mirror", LinkType.ETHERNET, NOW + number, b"", number)


def asked(answer: Answer = BLOCK, **known: Any) -> Watch:
    """A call that a tap heard, and whose switch agreed to end it."""
    watch = Watch(call(), answer, "r-1", NOW + 10, "pbx", NOW, accepted=True, heard_at=NOW)
    for name, value in known.items():
        setattr(watch, name, value)
    return watch


def released(at: int = 5, cause: str = "603", status: int = 603, **more: Any) -> CallReleased:
    values: dict[str, Any] = {"by": "called", "answered": False, "lasted_ns": 0} | more
    return CallReleased(NOW + at, CALL, 1, cause, sip_status=status, **values)


def progressed(stage: str, at: int = 1) -> CallProgressed:
    return CallProgressed(NOW + at, CALL, 1, stage, "180")


def test_the_first_end_counts_and_its_unit_proves_it() -> None:
    watch = asked()
    watch.hear(released(5), unit(1))
    watch.hear(released(6, "BYE", 0), unit(2))
    assert (watch.released, watch.units) == (released(5), (unit(1),))


def test_a_call_that_we_gave_up_has_not_ended() -> None:
    watch = asked()
    watch.hear(released(5, "evicted", 0, by="us"), unit(1))
    assert (watch.released, watch.units) == (None, ())
    watch.hear(released(6), unit(2))
    assert watch.is_stopped


def test_the_leg_to_the_desk_is_proof_once() -> None:
    """A sender who repeats it fills no memory and moves no time."""
    watch = asked(DIVERT)
    for number in range(100):
        watch.hear(progressed("diverted", number), unit(number))
    assert (watch.diverted_at, watch.units) == (NOW, (unit(0),))
    watch.hear(released(200, "BYE", 0), unit(200))
    assert watch.units == (unit(0), unit(200))
    assert watch.outcome(NOW).result is Result.DIVERTED


def test_who_is_to_be_blocked_is_not_diverted_by_dialling_the_desk() -> None:
    watch = asked()
    watch.hear(progressed("diverted"), unit(1))
    assert (watch.diverted_at, watch.units) == (0, ())


@pytest.mark.parametrize(
    ("stages", "rang_at"),
    [
        ((), 0),
        (("proceeding", "progress"), 0),
        (("alerting",), NOW + 1),
        (("progress", "alerting", "alerting"), NOW + 2),
        (("diverted", "alerting"), 0),  # it is the desk that rings
    ],
)
def test_whether_the_called_phone_rang(stages: tuple[str, ...], rang_at: int) -> None:
    watch = asked(DIVERT)
    for at, stage in enumerate(stages, start=1):
        watch.hear(progressed(stage, at), unit(at))
    assert watch.rang_at == rang_at


def test_the_first_answer_is_when_it_was_answered() -> None:
    watch = asked()
    for at in (3, 4):
        watch.hear(CallAnswered(NOW + at, CALL, 1, at), unit(at))
    assert watch.answered_at == NOW + 3


END = released(5)
PLAIN = released(5, "BYE", 0)
GIVEN_UP = released(5, "487", 487, by="calling")

STOP_ROWS: dict[str, tuple[Watch, bool]] = {
    "as it was ordered": (asked(released=END), True),
    "as it was ordered, by 608": (
        asked(Answer(Action.BLOCK, 608, "Rejected"), released=released(5, "608", 608)), True
    ),
    "refused otherwise than ordered": (asked(released=released(5, "608", 608)), False),
    "by cause 21": (asked(released=released(5, "REL 21", 0, q850_cause=21)), True),
    "by another cause": (asked(released=released(5, "REL 16", 0, q850_cause=16)), False),
    "BYE": (asked(released=PLAIN), True),
    "CANCEL": (asked(released=GIVEN_UP), True),
    "not at all": (asked(), False),
    "before the switch was told": (asked(released=PLAIN, asked_at=NOW + 6), False),
    "CANCEL before the switch was told": (asked(released=GIVEN_UP, asked_at=NOW + 6), False),
    "the switch has not said anything": (asked(released=END, accepted=None), True),
    "... and BYE could be anybody's": (asked(released=PLAIN, accepted=None), False),
    "the switch refused": (asked(released=END, accepted=False), False),
    "nobody was asked": (asked(released=END, accepted=None, asked_at=0, by=""), False),
    "diverted, and the desk hangs up": (asked(DIVERT, released=PLAIN), False),
    "diverted, and the caller gives up": (asked(DIVERT, released=GIVEN_UP), False),
    "diverted, as ordered": (asked(DIVERT, released=released(5, "302", 302)), True),
    "diverted, as heard": (asked(DIVERT, diverted_at=NOW + 3), True),
    "diverted, but not by the switch": (asked(DIVERT, diverted_at=NOW + 3, accepted=False), False),
}  # fmt: skip


@pytest.mark.parametrize(("watch", "stopped"), STOP_ROWS.values(), ids=STOP_ROWS)
def test_what_is_the_stop_that_was_ordered(watch: Watch, stopped: bool) -> None:
    assert watch.is_stopped is stopped
    assert watch.outcome(NOW).is_stop is stopped


@pytest.mark.parametrize("end", [END, PLAIN, GIVEN_UP, None], ids=["603", "BYE", "487", "none"])
@pytest.mark.parametrize("accepted", [True, False, None])
@pytest.mark.parametrize("answer", [BLOCK, DIVERT], ids=["block", "divert"])
def test_what_comes_again_elsewhere_is_no_stop(
    answer: Answer, accepted: bool | None, end: CallReleased | None
) -> None:
    watch = asked(answer, accepted=accepted, released=end, again="c2 on other")
    assert watch.outcome(NOW).result not in STOPS
    assert (watch.outcome(NOW).result is Result.REROUTED) == watch.is_stopped


def test_times_are_those_on_the_wire() -> None:
    assert asked(released=released(5)).outcome(NOW + 99).after_ns == 5
    assert asked().outcome(NOW + 99).after_ns == 0
    assert asked(released=released(5), heard_at=0).outcome(NOW).after_ns == 0
    # Another tap, whose clock is behind, heard the end.
    assert asked(released=released(-5)).outcome(NOW).after_ns == 0


def test_an_outcome_names_the_call_and_who_was_told() -> None:
    watch = asked(released=released(5), told="done", rang_at=NOW + 1)
    assert watch.outcome(NOW + 9) == Outcome(
        NOW + 9, Result.STOPPED_RINGING, CALL, 1, "ALA-INT", "r-1", "pbx", "done", "603", 5
    )


@pytest.mark.parametrize(
    ("offer", "pair"),
    [
        (call(GB, FIXED), ("447700900123", "77172000001")),
        (call(GB, POLICE), ("447700900123", "102")),
        (call(Number("x+1", "", refusal=ABSENT.refusal), FIXED), ("x+1", "77172000001")),
        (call(ABSENT, FIXED), ("", "77172000001")),
    ],
)
def test_who_calls_whom(offer: CallOffered, pair: Pair) -> None:
    assert pair_of(offer) == pair
