# SPDX-License-Identifier: Apache-2.0
"""What a gate was asked and a tap heard is one call, and no name of it is a way past a verdict."""

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.simple import SimpleBlocklist
from edge.enforce.rulings import PATIENCE_NS, Rulings
from edge.model.event import CallOffered, Trunk, TrunkClass
from edge.model.verdict import Action, Mode
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Guardrail, Protected
from edge.verdict.policy import Policy
from tests.call.sip_talk import INTERNATIONAL, write
from tests.enforce.talk import called_from, offer
from tests.verdict.calls import NOW, call, entry, no_alarm

LISTED, HONEST = "+447700900123", "+447700900777"
OTHER = Trunk("other", TrunkClass.INTERNATIONAL)
ASKED = frozenset({INTERNATIONAL.name, OTHER.name})
EMPTY = Policy(SimpleBlocklist("national", 43))


def engine() -> Engine:
    """An engine that stops one number, however often it calls."""
    policy = Policy(SimpleBlocklist("national", 42, [entry(LISTED[1:])]))
    guardrail = Guardrail(Protected(budget_ns=1 << 62), Limits(most=100_000), no_alarm)
    return Engine(policy, guardrail, {t.name: Mode.ENFORCE for t in (INTERNATIONAL, OTHER)})


class Court:
    """Rulings, and an engine whose list is emptied after the first: what is new is allowed."""

    def __init__(self, most: int = 100) -> None:
        self.engine = engine()
        self.rulings = Rulings(self.engine, ASKED, most=most)

    def decide(self, call: CallOffered, now: int = NOW) -> Action:
        verdict = self.rulings.decide(call, now)
        self.engine.policy = EMPTY
        return verdict.action


# How the second ear hears the INVITE, and what of it: the ruling of the first, or one of its own.
ONE = Action.BLOCK
ANEW = Action.ALLOW
SECOND: dict[str, tuple[CallOffered, Action]] = {
    "the same": (offer(), ONE),
    "at another tap, behind a proxy": (offer(write("INVITE", via=("p", "a")), tap="gate"), ONE),
    "as another attempt": (offer(write("INVITE", via=("x",)), attempt=2), ONE),
    "another Call-ID": (offer(write("INVITE", call="c2")), ANEW),
    "another From tag": (offer(write("INVITE", tags=("other", ""))), ANEW),
    "another CSeq": (offer(write("INVITE", cseq="2")), ANEW),
    "another trunk": (offer(trunk=OTHER), ANEW),
}


@pytest.mark.parametrize(("second", "expected"), SECOND.values(), ids=SECOND)
def test_the_second_ear(second: CallOffered, expected: Action) -> None:
    court = Court()
    assert court.decide(offer()) is Action.BLOCK
    assert court.decide(second) is expected
    assert (court.rulings.of(second) is court.rulings.of(offer())) == (expected is ONE)


@pytest.mark.parametrize(
    ("later", "expected"),
    [(0, ONE), (PATIENCE_NS - 1, ONE), (PATIENCE_NS, ANEW), (-1, ANEW)],  # -1: a clock set back
)
def test_a_ruling_holds_as_long_as_an_invite_may_be_sent_again(
    later: int, expected: Action
) -> None:
    court = Court()
    court.decide(offer())
    assert court.decide(offer(), NOW + later) is expected


def test_a_call_on_a_circuit_is_heard_by_one_ear_and_not_remembered() -> None:
    court, circuit = Court(), call(trunk=INTERNATIONAL)
    assert court.decide(circuit) is Action.BLOCK
    assert court.decide(circuit) is Action.ALLOW
    assert court.rulings.of(circuit) is None
    assert len(court.rulings) == 0


def test_a_trunk_that_no_gate_asks_about_is_heard_by_one_ear_and_not_remembered() -> None:
    rulings = Rulings(engine(), {OTHER.name})
    for invite, kept in ((offer(), False), (offer(trunk=OTHER), True)):
        verdict = rulings.decide(invite, NOW)
        assert verdict.action is Action.BLOCK
        assert (rulings.decide(invite, NOW) is verdict) == kept
        assert (rulings.of(invite) is not None) == kept
    assert len(rulings) == 1


def test_both_ears_share_one_record() -> None:
    court = Court()
    court.decide(offer())
    ruling = court.rulings.of(offer(tap="gate"))
    assert ruling
    ruling.record, ruling.leaf = "r-1", 4
    again = court.rulings.of(offer(write("INVITE", via=("p", "a"))))
    assert again
    assert (again.record, again.leaf) == ("r-1", 4)


def test_other_modes_hold_at_once() -> None:
    court = Court()
    court.decide(offer())
    court.rulings.forget()
    assert court.rulings.of(offer()) is None
    assert court.decide(offer()) is ANEW


def test_an_innocent_invite_is_no_way_past_the_verdict_for_another_under_its_name() -> None:
    """A sender who has an honest INVITE decided sends a listed number with the same Call-ID."""
    rulings = Rulings(engine(), ASKED)
    innocent, listed = offer(called_from(HONEST)), offer(write("INVITE", via=("x",)))
    assert rulings.decide(innocent, NOW).action is Action.ALLOW
    assert rulings.decide(listed, NOW).action is Action.BLOCK
    assert rulings.decide(innocent, NOW).action is Action.BLOCK  # and it stays so
    assert len(rulings) == 1


def test_what_a_switch_wrote_into_it_on_the_way_is_no_second_call() -> None:
    asserted = "P-Asserted-Identity: <sip:+447700900777@x>\r\n"
    rulings = Rulings(engine(), ASKED)
    verdict, first = rulings.decide(offer(), NOW), rulings.of(offer())
    assert rulings.decide(offer(write("INVITE", extra=asserted)), NOW) is verdict
    assert rulings.of(offer()) is first


def test_the_oldest_goes_first() -> None:
    court = Court(most=2)
    for number in range(3):
        court.decide(offer(write("INVITE", call=f"c{number}")), NOW + number)
    assert [
        court.rulings.of(offer(write("INVITE", call=f"c{number}"))) is not None
        for number in range(3)
    ] == [False, True, True]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([LISTED, HONEST]), st.integers(0, 40)),
        max_size=60,
    )
)
def test_memory_is_bounded_and_the_oldest_stands_first(steps: list[tuple[int, str, int]]) -> None:
    rulings, now = Rulings(engine(), ASKED, most=4), NOW
    for number, user, seconds in steps:
        now += seconds * 10**9
        rulings.decide(offer(called_from(user, write("INVITE", call=f"c{number}"))), now)
        assert len(rulings) <= 4
        times = [ruling.at for ruling in rulings._known.values()]
        assert times == sorted(times)
