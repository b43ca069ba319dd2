# SPDX-License-Identifier: Apache-2.0
"""What nothing can override: each guardrail against a policy that wants every call stopped."""

import pytest

from edge.model.number import Number, Party, Refusal
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.verdict.breaker import SECOND_NS, Limits
from edge.verdict.guardrail import EMERGENCY, Alarm, Guardrail, Protected
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
    call,
    no_alarm,
    refused,
)


def wanted(action: Action = Action.BLOCK) -> Verdict:
    reasons = (Reason("list.calling", "A calling number is listed."),)
    return Verdict(
        action, action, Basis.LIST, "list.calling", Mode.ENFORCE, reasons, 42, "AST-1", "bank"
    )


def guard(offer, now_ns=NOW, action=Action.BLOCK, limits=None, **protected):
    alarms: list[Alarm] = []
    guardrail = Guardrail(Protected(**protected), limits or Limits(), alarms.append)
    guardrail.heard(offer.trunk, now_ns)
    return guardrail.guard(offer, wanted(action), now_ns), alarms


def test_what_no_guardrail_speaks_against_passes_unchanged():
    verdict, alarms = guard(call())
    assert verdict == wanted()
    assert alarms == []


def test_the_emergency_numbers_of_the_law_are_among_those_of_the_plan():
    assert {"101", "102", "103", "104", "112"} <= EMERGENCY
    assert not EMERGENCY & {"", "109"}


UNREAD = Number("112", refusal=Refusal.TOO_SHORT)


@pytest.mark.parametrize("action", [Action.BLOCK, Action.DIVERT])
@pytest.mark.parametrize(
    "offer",
    [
        pytest.param(call(GB, POLICE), id="by kind"),
        pytest.param(call(GB, Number("x", "112")), id="by normal form"),
        pytest.param(call(GB, UNREAD), id="by digits as heard"),
        pytest.param(call(GB, Number("+112", refusal=Refusal.TOO_SHORT)), id="plus"),
        pytest.param(call(GB, Number("1-1-2", refusal=Refusal.NOT_DIGITS)), id="separators"),
        pytest.param(call(GB, Number("7172112", refusal=Refusal.TOO_SHORT)), id="area code"),
        pytest.param(call(GB, Number("87172112", refusal=Refusal.TOO_SHORT)), id="trunk prefix"),
        pytest.param(call(GB, Number("+7 7172 103", refusal=Refusal.TOO_SHORT)), id="country"),
        pytest.param(
            call(GB, Party("request-uri", ABSENT, uri="URN:service:sos.police")), id="urn"
        ),
        pytest.param(
            call(GB, FIXED, Party("to", POLICE), trunk=NATIONAL), id="To of a call already routed"
        ),
        pytest.param(call(GB, FIXED, Party("to", UNREAD), trunk=NATIONAL), id="To by digits"),
        pytest.param(
            call(GB, FIXED, Party("original-called", POLICE), trunk=NATIONAL), id="redirected"
        ),
        pytest.param(call(GB, FIXED, Party("history-info", UNREAD), trunk=NATIONAL), id="history"),
    ],
)
def test_a_call_to_an_emergency_service_is_allowed(offer, action):
    verdict, _ = guard(offer, action=action)
    assert (verdict.action, verdict.wanted) == (Action.ALLOW, Action.ALLOW)
    assert (verdict.basis, verdict.rule) == (Basis.GUARDRAIL, "guardrail.emergency-called")
    assert [reason.rule for reason in verdict.reasons] == ["list.calling", verdict.rule]
    assert (verdict.list_version, verdict.legal_basis, verdict.category) == (42, "", "")


@pytest.mark.parametrize(
    "offer",
    [
        pytest.param(call(GB, FIXED), id="an ordinary number"),
        pytest.param(call(GB, CITY), id="109 is no emergency number"),
        pytest.param(call(GB, Number("+77272000112", "77272000112")), id="ends like one"),
        pytest.param(call(GB, Number("+112345", refusal=Refusal.NO_COUNTRY)), id="begins so"),
        pytest.param(call(POLICE, FIXED), id="called by one"),
        pytest.param(call(GB, FIXED, Party("location", POLICE)), id="no party"),
        pytest.param(call(GB, FIXED, Party("to", POLICE)), id="To of a call from abroad"),
        pytest.param(call(GB, FIXED, Party("diversion", POLICE)), id="Diversion from abroad"),
    ],
)
def test_other_calls_are_not_emergency_calls(offer):
    assert guard(offer)[0] == wanted()


@pytest.mark.parametrize(
    ("offer", "spared"),
    [
        (call(FIXED_2), True),
        (call(GB, FIXED, Party("p-asserted-identity", FIXED_2)), True),
        (call(GB, FIXED_2), False),
        (call(GB, FIXED, Party("diversion", FIXED_2)), False),
    ],
)
def test_an_emergency_service_may_call_back(offer, spared):
    verdict, _ = guard(offer, callbacks=(FIXED_2.e164,))
    assert (verdict.rule == "guardrail.emergency-calling") is spared
    assert verdict.acts is not spared


@pytest.mark.parametrize(
    "offer",
    [
        call(MOBILE, FIXED),
        call(GB, MOBILE),
        call(GB, FIXED, Party("diversion", MOBILE)),
        call(GB, FIXED, Party("a-role-of-tomorrow", MOBILE)),
    ],
)
def test_a_canary_is_never_stopped_and_raises_an_alarm(offer):
    verdict, alarms = guard(offer, canaries=(MOBILE.e164,))
    assert (verdict.action, verdict.rule) == (Action.ALLOW, "guardrail.canary")
    text = "list.calling wanted to block +77030000001"
    assert alarms == [Alarm("canary-wanted", "ALA-INT", NOW, text)]
    assert guard(offer, canaries=(GB_2.e164,))[0] == wanted()


@pytest.mark.parametrize(("spent_ns", "late"), [(0, False), (100, False), (101, True), (-5, False)])
def test_a_late_verdict_is_allow(spent_ns, late):
    verdict, _ = guard(call(at=NOW), now_ns=NOW + spent_ns, budget_ns=100)
    assert verdict.acts is not late
    assert (verdict.rule == "guardrail.late") is late


def test_a_trunk_that_loses_too_many_calls_is_opened_and_its_neighbour_is_not():
    alarms: list[Alarm] = []
    limits = Limits(most=3, floor=10, hold_ns=60 * SECOND_NS)
    guardrail = Guardrail(Protected(), limits, alarms.append)

    def decide(second: int, trunk=ABROAD) -> bool:
        now_ns = NOW + second * SECOND_NS
        guardrail.heard(trunk, now_ns)
        return guardrail.guard(call(trunk=trunk, at=now_ns), wanted(), now_ns).acts

    assert [decide(0) for _ in range(5)] == [True, True, True, False, False]
    assert [alarm.name for alarm in alarms] == ["breaker-open"]
    assert alarms[0].text == "4 of 4 calls were to be stopped: all are allowed now"
    other = call(trunk=type(ABROAD)("ALA-2", ABROAD.kind)).trunk
    assert decide(1, other)
    assert not decide(59)
    assert decide(60)


def test_what_stops_nothing_is_not_counted():
    allowing = wanted(Action.OBSERVE)
    guardrail = Guardrail(Protected(), Limits(most=1, floor=0, share=0.0), no_alarm)
    for _ in range(10):
        guardrail.heard(ABROAD, NOW)
        assert guardrail.guard(call(), allowing, NOW) is allowing


def test_a_number_that_cannot_be_read_is_no_emergency_number():
    for refusal in Refusal:
        assert guard(call(GB, refused("²³", refusal)))[0] == wanted()
