# SPDX-License-Identifier: Apache-2.0
"""The order in which allowlist, lists and rules are asked, and what decides."""

import pytest

from edge.blocklist.entry import Listed
from edge.blocklist.simple import SimpleBlocklist
from edge.model.event import TrunkClass
from edge.model.number import Party
from edge.model.verdict import Action, Basis, Mode
from edge.verdict.policy import Policy
from edge.verdict.rule import CAMPAIGN, RULES, RulePolicy
from tests.verdict.calls import (
    FIXED,
    FIXED_2,
    GB,
    GB_2,
    MOBILE,
    NATIONAL,
    NOW_S,
    POLICE,
    call,
    entry,
)  # fmt: skip

NOBODY = SimpleBlocklist("national", 42)


def listed(*entries, name="national", version=42) -> SimpleBlocklist:
    return SimpleBlocklist(name, version, entries)


def judge(offer, blocklist=NOBODY, **parts):
    return Policy(blocklist, **parts).judge(offer, NOW_S)


def reasons(verdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


def test_where_nothing_speaks_one_shared_verdict_allows():
    policy = Policy(NOBODY)
    verdict = policy.judge(call(), NOW_S)
    assert verdict is policy.judge(call(GB_2), NOW_S)
    assert (verdict.action, verdict.wanted, verdict.rule) == (
        Action.ALLOW, Action.ALLOW, "default",
    )  # fmt: skip
    assert (verdict.basis, verdict.reasons, verdict.list_version) == (Basis.NONE, (), 42)
    assert policy.ordinary_observed.mode is Mode.OBSERVE


PAI = Party("p-asserted-identity", GB_2)


@pytest.mark.parametrize(
    ("offer", "party", "rule"),
    [
        (call(GB_2), Listed.CALLING, "list.calling"),
        (call(GB, FIXED, PAI), Listed.CALLING, "list.calling"),
        (call(GB, FIXED, Party("remote-party-id", GB_2)), Listed.CALLING, "list.calling"),
        (call(GB, FIXED, Party("generic", GB_2)), Listed.CALLING, "list.calling"),
        (call(GB, GB_2), Listed.CALLED, "list.called"),
        (call(GB, FIXED, Party("to", GB_2)), Listed.CALLED, "list.called"),
        (call(GB, FIXED, Party("diversion", GB_2)), Listed.REDIRECTING, "list.redirecting"),
        (call(GB, FIXED, Party("redirecting", GB_2)), Listed.REDIRECTING, "list.redirecting"),
    ],
)
@pytest.mark.parametrize("action", [Action.BLOCK, Action.DIVERT, Action.OBSERVE])
def test_every_identity_is_looked_up_in_its_role(offer, party, rule, action):
    for each in Listed:
        verdict = judge(offer, listed(entry(GB_2.e164, party=each, action=action)))
        if each is not party:
            assert verdict.rule == "default"
            continue
        assert (verdict.action, verdict.wanted, verdict.rule) == (action, action, rule)
        assert (verdict.basis, verdict.legal_basis) == (Basis.LIST, "AST-1")
        assert (verdict.category, verdict.list_version) == ("bank", 42)


def test_the_reason_of_a_list_names_the_entry_and_what_it_rests_on():
    blocking = entry("4420*", valid_until=NOW_S + 1, source="operator 7")
    verdict = judge(call(GB, FIXED, PAI), listed(blocking))
    assert verdict.reasons[0].facts == (
        ("p-asserted-identity", "+442079460001"),
        ("list", "national"),
        ("version", "42"),
        ("entry", "+4420*"),
        ("action", "block"),
        ("category", "bank"),
        ("legal_basis", "AST-1"),
        ("valid_until", str(NOW_S + 1)),
        ("scope", "all"),
        ("source", "operator 7"),
    )


def test_the_moment_and_the_trunk_reach_the_list():
    soon = entry(GB.e164, valid_from=NOW_S + 1)
    assert judge(call(), listed(soon)).rule == "default"
    elsewhere = entry(GB.e164, scope="class:" + TrunkClass.NATIONAL.value)
    assert judge(call(), listed(elsewhere)).rule == "default"
    assert judge(call(trunk=NATIONAL), listed(elsewhere)).rule == "list.calling"


def test_the_allowlist_beats_list_and_rules():
    allowlist = listed(entry(FIXED_2.e164, action=Action.ALLOW), name="allow", version=3)
    verdict = judge(call(FIXED_2), listed(entry(FIXED_2.e164)), allowlist=allowlist)
    assert (verdict.action, verdict.basis, verdict.rule) == (
        Action.ALLOW, Basis.LIST, "list.calling",
    )  # fmt: skip
    assert verdict.list_version == 3
    assert ("list", "allow") in verdict.reasons[0].facts


def test_what_is_no_allow_on_the_allowlist_is_not_heard():
    assert judge(call(), allowlist=listed(entry(GB.e164))).rule == "default"


@pytest.mark.parametrize("beside", [PAI, Party("remote-party-id", GB_2), Party("to", GB_2)])
def test_an_allowed_number_carried_beside_the_meant_one_opens_no_door(beside):
    offer = call(GB, FIXED, beside)
    allows = [
        entry(GB_2.e164, party=party, action=Action.ALLOW)
        for party in (Listed.CALLING, Listed.CALLED)
    ]
    assert judge(offer, listed(entry(GB.e164), *allows)).acts
    assert judge(offer, listed(entry(GB.e164)), allowlist=listed(*allows)).acts


def test_an_allow_of_the_list_ends_the_asking_unless_another_number_is_to_be_stopped():
    allow = entry(FIXED_2.e164, action=Action.ALLOW)
    assert judge(call(FIXED_2), listed(allow)).action is Action.ALLOW
    verdict = judge(call(FIXED_2, FIXED, PAI), listed(allow, entry(GB_2.e164)))
    assert verdict.action is Action.BLOCK
    assert reasons(verdict) == ["list.calling", "list.calling"]


def test_of_several_entries_the_strictest_decides_and_all_are_told():
    lists = listed(
        entry(GB.e164, action=Action.OBSERVE),
        entry(GB_2.e164, action=Action.DIVERT, basis="AST-2"),
        entry(FIXED.e164, party=Listed.CALLED, basis="AST-3"),
    )
    verdict = judge(call(GB, FIXED, PAI), lists)
    assert (verdict.action, verdict.rule, verdict.legal_basis) == (
        Action.BLOCK, "list.called", "AST-3",
    )  # fmt: skip
    assert reasons(verdict) == ["list.calling", "list.calling", "list.called"]


def test_an_observed_number_is_not_shielded_from_the_rules():
    verdict = judge(call(FIXED_2), listed(entry(FIXED_2.e164, action=Action.OBSERVE)))
    assert (verdict.action, verdict.basis) == (Action.BLOCK, Basis.RULE)
    assert verdict.rule == "spoof.fixed-cli-abroad"
    assert reasons(verdict) == ["list.calling", "spoof.fixed-cli-abroad"]
    assert (verdict.legal_basis, verdict.list_version) == ("", 42)


def test_a_listed_number_is_stopped_before_any_rule_is_asked():
    verdict = judge(call(MOBILE), listed(entry(MOBILE.e164)), roaming=pytest.fail)
    assert verdict.rule == "list.calling"


def test_emergency_and_short_codes_are_not_looked_up():
    lists = listed(*(entry("102*", party=party) for party in Listed))
    assert judge(call(GB, POLICE), lists).rule == "default"


def test_the_reason_of_a_rule_names_trunk_and_identities():
    verdict = judge(call(FIXED_2, FIXED, PAI))
    assert verdict.rule == "spoof.fixed-cli-abroad"
    assert verdict.reasons[0].facts == (
        ("trunk", "ALA-INT"),
        ("class", "international"),
        ("from", "+77172000002"),
        ("p-asserted-identity", "+442079460001"),
    )
    assert reasons(verdict)[1:] == ["spoof.fixed-cli-behind-foreign", "identity.disagree"]


@pytest.mark.parametrize("action", [Action.OBSERVE, Action.DIVERT, Action.BLOCK])
def test_a_rule_does_as_configured(action):
    rules = RulePolicy({"spoof.roaming-unknown": action})
    verdict = judge(call(MOBILE), rules=rules)
    assert (verdict.action, verdict.wanted) == (action, action)
    assert (verdict.basis, verdict.rule) == (Basis.RULE, "spoof.roaming-unknown")


def test_a_rule_set_to_allow_is_silent_and_does_not_shield():
    rules = RulePolicy({"spoof.fixed-cli-abroad": Action.ALLOW})
    assert judge(call(FIXED_2), rules=rules).rule == "default"
    verdict = judge(call(FIXED_2, FIXED, PAI), rules=rules)
    assert verdict.rule == "spoof.fixed-cli-behind-foreign"


def test_the_answer_on_roaming_decides():
    answers = {True: Action.ALLOW, False: Action.BLOCK, None: Action.OBSERVE}
    for answer, action in answers.items():
        assert judge(call(MOBILE), roaming={MOBILE.e164: answer}.get).action is action


def test_all_rules_silenced_let_every_call_pass():
    silent = RulePolicy(dict.fromkeys((rule.id for rule in RULES), Action.ALLOW))
    assert judge(call(FIXED_2, FIXED, PAI), rules=silent).rule == "default"


FACTS = ("campaign", "c0123456789ab"), ("score", "0.91")


def test_a_campaign_is_the_last_that_is_asked_and_observes():
    verdict = judge(call(), suspect=lambda _: FACTS)
    assert (verdict.action, verdict.wanted, verdict.basis, verdict.rule) == (
        Action.OBSERVE, Action.OBSERVE, Basis.ANALYTICS, "analytics.campaign",
    )  # fmt: skip
    assert verdict.reasons[-1].facts == FACTS
    assert judge(call(), suspect=lambda _: ()).basis is Basis.NONE


@pytest.mark.parametrize("action", [Action.BLOCK, Action.DIVERT])
def test_a_campaign_is_stopped_where_that_is_configured(action):
    rules = RulePolicy({CAMPAIGN.id: action})
    verdict = judge(call(), rules=rules, suspect=lambda _: FACTS)
    assert (verdict.action, verdict.basis) == (action, Basis.ANALYTICS)


def test_what_else_speaks_goes_before_a_campaign_and_both_are_named():
    verdict = judge(call(FIXED), suspect=lambda _: FACTS)
    assert (verdict.action, verdict.basis) == (Action.BLOCK, Basis.RULE)
    assert reasons(verdict) == ["spoof.fixed-cli-abroad", "analytics.campaign"]


@pytest.mark.parametrize("action", [Action.ALLOW, Action.BLOCK, Action.DIVERT])
def test_a_list_ends_the_asking_before_a_campaign(action):
    def asked(_):
        raise AssertionError("asked after a list had spoken")

    verdict = judge(call(GB_2), listed(entry("442079460001", action=action)), suspect=asked)
    assert (verdict.action, verdict.basis) == (action, Basis.LIST)
