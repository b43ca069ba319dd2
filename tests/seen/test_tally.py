# SPDX-License-Identifier: Apache-2.0
"""Both sides of every balance are equal, and a run of years fills no memory."""

import pytest
from msgspec.structs import replace

from edge.model.event import CallAnswered, CallProgressed, CallReleased, TapBlind
from edge.model.message import Malformed
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.pipeline import Decided
from edge.seen.tally import ALARMS_KEPT, KEPT, OUTCOMES, Tally, outcome
from edge.verdict.guardrail import Alarm
from tests.verdict.calls import ABROAD, NATIONAL, call

PLAIN = Verdict(Action.ALLOW, Action.ALLOW, Basis.NONE, "default", Mode.OBSERVE)
REASONS = (Reason("list.calling", "A calling number is listed."),)


def verdict(action: Action, wanted: Action) -> Verdict:
    return Verdict(action, wanted, Basis.LIST, "list.calling", Mode.OBSERVE, REASONS)


@pytest.mark.parametrize(
    ("action", "wanted", "name"),
    [
        (Action.ALLOW, Action.ALLOW, "allowed"),
        (Action.OBSERVE, Action.OBSERVE, "noted"),
        (Action.OBSERVE, Action.BLOCK, "would_block"),
        (Action.OBSERVE, Action.DIVERT, "would_divert"),
        (Action.BLOCK, Action.BLOCK, "blocked"),
        (Action.DIVERT, Action.DIVERT, "diverted"),
    ],
)
def test_outcome(action: Action, wanted: Action, name: str) -> None:
    assert outcome(verdict(action, wanted)) == name
    assert name in OUTCOMES


def test_counts_by_trunk_rule_and_outcome() -> None:
    tally = Tally()
    for trunk, said in ((ABROAD, verdict(Action.OBSERVE, Action.BLOCK)), (NATIONAL, PLAIN)):
        offer = replace(call(), trunk=trunk)
        for finding in (offer, Decided(offer, said, 1000)):
            tally.count(finding)
    tally.count(CallProgressed(1, "c", 1, "alerting", "180"))
    tally.count(CallAnswered(2, "c", 1, 1))
    tally.count(CallReleased(3, "c", 1, "BYE", "calling", answered=True, lasted_ns=1))
    tally.count(Malformed("sip", 0, "why", b""))
    tally.count(TapBlind(1, "t", (), "fragments missing", 3))
    summary = tally.summary(None)
    counts = {name: summary[name] for name in ("offered", "answered", "released", "malformed")}
    assert counts == {"offered": 2, "answered": 1, "released": 1, "malformed": 1}
    assert summary["by_rule"] == {"list.calling": 1}
    assert summary["by_trunk"] == {
        "ALA-INT": {"offered": 1, "would_block": 1},
        "AST-NAT": {"offered": 1, "allowed": 1},
    }
    assert summary["verdict_us"] == {"p50": 1.0, "p99": 1.0}
    assert tally.blind == {"fragments missing": 3}


def test_memory_is_bounded_and_nothing_uncounted() -> None:
    tally = Tally()
    for _ in range(KEPT + 10):
        tally.count(Decided(call(), PLAIN, 1))
    for at in range(ALARMS_KEPT + 10):
        tally.alarm(Alarm("canary-wanted", "t", at, "text"))
    assert (len(tally.took_ns), tally.calls["allowed"]) == (KEPT, KEPT + 10)
    summary = tally.summary(None)
    assert len(tally.alarms) == ALARMS_KEPT
    assert summary["by_alarm"] == {"canary-wanted": ALARMS_KEPT + 10}
