# SPDX-License-Identifier: Apache-2.0
"""The whole decision; and that no list, rule or mode ever stops an emergency call."""

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.entry import Listed
from edge.blocklist.several import Several
from edge.blocklist.simple import SimpleBlocklist
from edge.model.event import CallOffered
from edge.model.number import Nature, Party, Presentation
from edge.model.verdict import Action, Basis, Mode
from edge.verdict.breaker import SECOND_NS, Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Alarm, Guardrail, Protected
from edge.verdict.policy import Policy
from edge.verdict.rule import RULES, RulePolicy
from tests.verdict.calls import (
    ABROAD,
    ABSENT,
    CITY,
    FIXED,
    FIXED_2,
    GB,
    GB_2,
    MOBILE,
    NATIONAL,
    NOW,
    POLICE,
    RU,
    UNALLOCATED,
    call,
    entry,
)  # fmt: skip

ENFORCED = {ABROAD.name: Mode.ENFORCE, NATIONAL.name: Mode.ENFORCE}
BLOCKING = SimpleBlocklist("national", 42, [entry(GB.e164)])


def engine(policy=None, modes=ENFORCED, limits=None, protected=None) -> Engine:
    alarms: list[Alarm] = []
    guardrail = Guardrail(protected or Protected(), limits or Limits(), alarms.append)
    return Engine(policy or Policy(BLOCKING), guardrail, modes)


@pytest.mark.parametrize("wanted", [Action.BLOCK, Action.DIVERT])
def test_a_trunk_in_enforce_acts(wanted):
    policy = Policy(SimpleBlocklist("national", 42, [entry(GB.e164, action=wanted)]))
    verdict = engine(policy).decide(call(), NOW)
    assert (verdict.action, verdict.wanted, verdict.mode) == (wanted, wanted, Mode.ENFORCE)
    assert verdict.acts


@pytest.mark.parametrize("modes", [None, {}, {ABROAD.name: Mode.OBSERVE}, {"x": Mode.ENFORCE}])
def test_a_trunk_is_observed_unless_it_is_set_to_enforce(modes):
    verdict = engine(modes=modes).decide(call(), NOW)
    assert (verdict.action, verdict.wanted) == (Action.OBSERVE, Action.BLOCK)
    assert (verdict.mode, verdict.rule, verdict.legal_basis) == (
        Mode.OBSERVE, "list.calling", "AST-1",
    )  # fmt: skip
    assert not verdict.acts


@pytest.mark.parametrize("mode", Mode)
def test_ordinary_calls_share_one_verdict_a_mode(mode):
    decides = engine(modes={ABROAD.name: mode})
    verdict = decides.decide(call(GB_2), NOW)
    assert verdict is decides.decide(call(RU), NOW)
    assert (verdict.action, verdict.wanted, verdict.mode) == (Action.ALLOW, Action.ALLOW, mode)


def test_an_observation_is_one_in_either_mode():
    for mode in Mode:
        verdict = engine(modes={ABROAD.name: mode}).decide(call(MOBILE), NOW)
        assert (verdict.action, verdict.wanted) == (Action.OBSERVE, Action.OBSERVE)
        assert verdict.mode is mode


def test_a_new_list_takes_effect_with_the_next_call():
    decides = engine()
    assert decides.decide(call(), NOW).acts
    decides.policy = Policy(SimpleBlocklist("national", 43))
    verdict = decides.decide(call(), NOW)
    assert (verdict.action, verdict.list_version) == (Action.ALLOW, 43)


def test_modes_take_effect_with_the_next_call():
    decides = engine(modes={})
    assert not decides.decide(call(), NOW).acts
    decides.set_modes(ENFORCED)
    assert decides.decide(call(), NOW).acts
    decides.set_modes({ABROAD.name: Mode.OBSERVE})
    assert not decides.decide(call(), NOW).acts


def test_whether_a_trunk_is_enforced_now():
    decides = engine(modes={ABROAD.name: Mode.ENFORCE, NATIONAL.name: Mode.OBSERVE})
    assert [decides.enforces(name) for name in (ABROAD.name, NATIONAL.name, "x")] == [
        True, False, False,
    ]  # fmt: skip
    decides.set_modes({NATIONAL.name: Mode.ENFORCE})
    assert [decides.enforces(name) for name in (ABROAD.name, NATIONAL.name)] == [False, True]


def test_an_overloaded_pipeline_allows_unasked():
    verdict = engine().decide(call(), NOW, overloaded=True)
    assert (verdict.action, verdict.basis) == (Action.ALLOW, Basis.GUARDRAIL)
    assert verdict.rule == "guardrail.overload"
    assert [reason.rule for reason in verdict.reasons] == ["guardrail.overload"]


def test_guardrails_speak_in_observe_mode_too():
    verdict = engine(modes={}).decide(call(GB, POLICE), NOW)
    assert (verdict.action, verdict.wanted) == (Action.ALLOW, Action.ALLOW)
    assert (verdict.rule, verdict.mode) == ("guardrail.emergency-called", Mode.OBSERVE)


def test_the_breaker_knows_the_share_by_all_calls():
    limits = Limits(most=1000, share=0.5, floor=2)
    decides = engine(limits=limits)
    for _ in range(100):
        assert not decides.decide(call(GB_2), NOW).acts
    assert all(decides.decide(call(), NOW).acts for _ in range(100))
    assert decides.decide(call(), NOW).rule == "guardrail.breaker"


def test_an_entry_ends_with_its_second():
    ends = NOW // SECOND_NS
    policy = Policy(SimpleBlocklist("national", 42, [entry(GB.e164, valid_until=ends)]))
    assert engine(policy).decide(call(at=NOW - 1), NOW - 1).acts
    assert not engine(policy).decide(call(), NOW).acts


# Whatever the lists, the rules, the roaming answers and the message say.

NUMBERS = [GB, GB_2, RU, FIXED, FIXED_2, MOBILE, UNALLOCATED, ABSENT, CITY, POLICE]
PATTERNS = ["44*", "4477*", "77*", "771*", "10*", "102", "102*", "109", GB.e164, FIXED.e164]
ROLES = [
    "from",
    "calling",
    "p-asserted-identity",
    "generic",
    "to",
    "diversion",
    "history-info",
    "?",
]

entries = st.builds(
    entry, st.sampled_from(PATTERNS), party=st.sampled_from(Listed), action=st.sampled_from(Action)
)
lists = st.builds(SimpleBlocklist, st.just("a"), st.just(1), st.lists(entries, max_size=8))
rules = st.builds(
    RulePolicy, st.dictionaries(st.sampled_from([r.id for r in RULES]), st.sampled_from(Action))
)
policies = st.builds(
    Policy,
    st.one_of(lists, st.builds(Several, st.lists(lists, min_size=2, max_size=2))),
    st.one_of(st.none(), lists),
    rules,
    st.sampled_from([lambda _: None, lambda _: True, lambda _: False]),
)
parties = st.builds(
    Party,
    st.sampled_from(ROLES),
    st.sampled_from(NUMBERS),
    st.sampled_from(Nature),
    st.sampled_from(Presentation),
)


def calls(called) -> st.SearchStrategy[CallOffered]:
    return st.builds(
        lambda calling, to, others, trunk: call(calling, to, *others, trunk=trunk),
        parties, called, st.lists(parties, max_size=4), st.sampled_from([ABROAD, NATIONAL]),
    )  # fmt: skip


@given(policies, calls(st.just(POLICE)), st.booleans())
def test_no_list_and_no_policy_stops_an_emergency_call(policy, offer, overloaded):
    verdict = engine(policy).decide(offer, NOW, overloaded=overloaded)
    assert not verdict.acts
    assert verdict.wanted not in {Action.BLOCK, Action.DIVERT}


@given(policies, calls(st.sampled_from(NUMBERS)), st.sampled_from([GB, FIXED, MOBILE]))
def test_no_list_and_no_policy_stops_a_canary_or_a_call_back(policy, offer, spared):
    for protected in (Protected(canaries=(spared.e164,)), Protected(callbacks=(spared.e164,))):
        verdict = engine(policy, protected=protected).decide(offer, NOW)
        if offer.calling.number is spared:
            assert verdict.wanted not in {Action.BLOCK, Action.DIVERT}


@given(policies, calls(st.sampled_from(NUMBERS)))
def test_no_list_and_no_policy_stops_late_or_under_overload(policy, offer):
    assert not engine(policy).decide(offer, NOW + SECOND_NS).acts
    assert not engine(policy).decide(offer, NOW, overloaded=True).acts


@given(policies, calls(st.sampled_from(NUMBERS)), st.sampled_from(Mode))
def test_every_verdict_is_sound(policy, offer, mode):
    verdict = engine(policy, {offer.trunk.name: mode}).decide(offer, NOW)
    assert verdict.mode is mode
    assert not (verdict.acts and mode is Mode.OBSERVE)
    assert verdict.rule == "default" or verdict.rule in {r.rule for r in verdict.reasons}
    assert (verdict.basis is Basis.NONE) == (verdict.rule == "default")
    if mode is Mode.ENFORCE:
        assert verdict.action is verdict.wanted


@given(policies, st.lists(calls(st.sampled_from(NUMBERS)), max_size=40))
def test_no_policy_stops_more_than_the_breaker_lets(policy, offers):
    decides = engine(policy, limits=Limits(most=5, floor=100))
    stopped = sum(decides.decide(offer, NOW).acts for offer in offers)
    assert stopped <= 2 * 5  # of each of two trunks
