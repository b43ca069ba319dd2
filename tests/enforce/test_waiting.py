# SPDX-License-Identifier: Apache-2.0
"""Calls that an answer about roaming may still stop, for as long as it may."""

import pytest

from edge.enforce.waiting import Waiting
from edge.model.number import Number
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.verdict.rule import ROAMING_UNKNOWN
from tests.verdict.calls import FIXED, GB, MOBILE, NOW, call

S = 1_000_000_000
MARKED = Verdict(
    Action.OBSERVE, Action.OBSERVE, Basis.RULE, ROAMING_UNKNOWN.id, Mode.ENFORCE,
    (Reason(ROAMING_UNKNOWN.id, ROAMING_UNKNOWN.title),),
)  # fmt: skip
OTHER = Verdict(Action.OBSERVE, Action.OBSERVE, Basis.RULE, "cli.absent", Mode.ENFORCE)
DIGITS = MOBILE.e164


@pytest.mark.parametrize(("after_ns", "in_time"), [
    (0, True), (2 * S - 1, True), (2 * S, False), (-1, False),
])  # fmt: skip
def test_an_answer_finds_the_calls_it_is_in_time_for(after_ns: int, in_time: bool) -> None:
    waiting, offer = Waiting(2 * S), call(MOBILE)
    waiting.put(offer, MARKED, NOW)
    assert waiting.take(DIGITS, NOW + after_ns) == [offer] * in_time
    assert not len(waiting)


def test_an_answer_is_given_to_all_calls_of_the_number_once() -> None:
    waiting = Waiting(2 * S)
    offers = [call(MOBILE, at=NOW + n) for n in range(3)]
    for offer in offers:
        waiting.put(offer, MARKED, NOW)
    assert waiting.take(DIGITS, NOW) == offers
    assert waiting.take(DIGITS, NOW) == []


@pytest.mark.parametrize(("calling", "verdict"), [(MOBILE, OTHER), (GB, MARKED), (FIXED, MARKED)])
def test_nothing_else_waits(calling: Number, verdict: Verdict) -> None:
    waiting = Waiting(2 * S)
    waiting.put(call(calling), verdict, NOW)
    assert not len(waiting)


def test_what_nobody_answers_takes_bounded_room() -> None:
    waiting = Waiting(2 * S, most=10)
    for number in range(1000):
        digits = str(77030000000 + number)
        waiting.put(call(Number("+" + digits, digits, MOBILE.kind, "KZ")), MARKED, NOW)
        waiting.put(call(MOBILE), MARKED, NOW + number * S)
    assert len(waiting) == 10
    assert len(waiting.take(DIGITS, NOW + 999 * S)) == 2, "those of the last two seconds"
