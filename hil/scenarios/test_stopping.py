# SPDX-License-Identifier: Apache-2.0
"""Scam calls are stopped before it rings; nobody else's are touched."""

import time

from hil.bench.box import Box
from hil.bench.measure import (
    EMERGENCY_STOPPED,
    INVITE_TO_STOPPED,
    URGENT_TO_EFFECT,
    Scenario,
)
from hil.demo.region import Centre
from hil.region.tables import ABROAD2, CAMPAIGN, HELP, HONEST, LISTED, SPOOFED, UNHURRIED
from hil.region.watch import NS
from hil.region.world import Region
from hil.rig.hub import RigHub, now_s
from hil.scenarios import look
from hil.scenarios.look import SLOW_S

CALLS = 5
TOLD = 403
"What Asterisk says to the caller of a call that it was told to hang up with cause 21."
APART_S = 0.5


def test_scam_call_on_sip_is_stopped_before_it_rings(
    box: Box, hub: RigHub, region: Region, run: Scenario
) -> None:
    """A listed number calls from abroad. The switch asks the box, and refuses the call with 603.

    No telephone rings. That the call was stopped is said only once it was heard on the mirror port.
    """
    look.well(box, region)
    wire, since = region.capture("scam-sip"), look.now_ns()
    for _ in range(CALLS):
        assert region.is_refused(LISTED)
    assert region.talks(HONEST), "an honest caller gets through meanwhile"
    region.recorded()
    calls = region.watcher.of(LISTED, since)
    look.none_rang(run, calls)
    look.worst(run, INVITE_TO_STOPPED, [look.refused_after_ms(one) for one in calls])
    look.show(run, "A listed number calls", calls[0])
    look.show(run, "An honest caller", region.watcher.of(HONEST, since)[0])
    run.attach(wire, "what passed both switches")
    told = look.outcome(hub, calls[0].call)
    assert (told.body["result"], told.body["heard"]) == ("stopped", "603"), told
    run.note(f"hub: {told.body['result']}, heard {told.body['heard']}, by {told.body['by']}")


def test_scam_call_by_the_pbx_is_hung_up(
    box: Box, hub: RigHub, region: Region, run: Scenario
) -> None:
    """A listed number calls by a PBX that asks nobody. The box hears it, and has Asterisk hang up.

    Here the telephone may ring before: that is a matter of how fast the box is.
    """
    look.well(box, region)
    look.after(lambda: look.is_up(box, "pbx"), "the box speaks with the PBX")
    assert region.talks(HONEST, second=True)
    since = look.now_ns()
    for _ in range(CALLS):
        assert region.is_refused(LISTED, UNHURRIED, status=TOLD, second=True, may_ring=True)
    both = region.watcher.of(LISTED, since)
    calls = [one for one in both if one.messages[0].source == ABROAD2]  # less Asterisk's own legs
    look.worst(run, INVITE_TO_STOPPED, [look.refused_after_ms(one, TOLD) for one in calls])
    run.note(f"it rang for {look.rang(calls)} of {len(calls)}")
    look.show(run, "A listed number calls by the PBX", calls[0])
    told = [look.outcome(hub, one.call).body for one in calls]
    assert {one["result"] for one in told} <= {"stopped", "stopped-after-ring"}, told
    assert region.talks(LISTED, HELP, second=True), "for help it may call"


def test_urgent_block_takes_effect_in_the_middle_of_a_campaign(
    box: Box, region: Region, centre: Centre, run: Scenario
) -> None:
    """A number nobody knows calls one victim after the other, until the centre blocks it.

    Two signatures, one urgent record over MQTT; the next call is refused.
    """
    look.well(box, region)
    assert region.talks(CAMPAIGN), "nobody has heard of it yet"
    since = look.now_ns()
    centre.block(CAMPAIGN, "RIG-URGENT-1", now_s())
    while not region.is_refused(CAMPAIGN):
        assert look.seconds_since(since) < SLOW_S
        time.sleep(APART_S)  # noqa: TID251 - its next victim
    calls = region.watcher.of(CAMPAIGN, since)
    run.measure(URGENT_TO_EFFECT, (calls[-1].at_ns - since) / NS)
    run.note(f"{len(calls) - 1} calls of the campaign went through meanwhile")
    look.show(run, "The first call after the block was there", calls[-1])
    for _ in range(CALLS):
        assert region.is_refused(CAMPAIGN), "and no call after that one gets through"


def test_national_number_from_abroad_is_a_spoof(
    box: Box, hub: RigHub, region: Region, run: Scenario
) -> None:
    """A Kazakh fixed number calls on the international trunk, which no honest call does."""
    look.well(box, region)
    since = look.now_ns()
    assert region.is_refused(SPOOFED)
    (call,) = region.watcher.of(SPOOFED, since)
    look.none_rang(run, [call])
    run.measure(INVITE_TO_STOPPED, look.refused_after_ms(call))
    look.show(run, "A national number calls from abroad", call)
    told = look.outcome(hub, call.call)
    assert told.body["result"] == "stopped"
    verdict = next(one for one in hub.told("verdict") if one.body["call"] == call.call)
    run.note(f"rule: {verdict.body['rule']}")
    assert verdict.body["rule"].startswith("spoof."), verdict


def test_emergency_call_of_a_blocked_caller_passes(box: Box, region: Region, run: Scenario) -> None:
    """Whoever is blocked may still call 112: that rule has no switch."""
    look.well(box, region)
    since = look.now_ns()
    passed = [region.talks(LISTED, HELP) for _ in range(CALLS)]
    calls = region.watcher.of(LISTED, since)
    run.measure(EMERGENCY_STOPPED, passed.count(False))
    look.show(run, "A blocked caller needs help", calls[0])
