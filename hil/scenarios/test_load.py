# SPDX-License-Identifier: Apache-2.0
"""An ordinary hour, much at once, and the worst at any time: a storm, an update, the power."""

import os
import random
import time

import pytest

from edge import clock
from hil.bench.box import Box
from hil.bench.measure import (
    BACK_AFTER,
    CALLS_FAILED,
    CPU,
    EMERGENCY_STOPPED,
    GATE_P99,
    MEMORY,
    RECORDS_LOST,
    UNHEARD,
    UPDATE,
    Scenario,
)
from hil.bench.newcomer import Newcomer
from hil.demo.region import Centre
from hil.region import traffic
from hil.region.net import TRUNK_EYE
from hil.region.storm import Storm
from hil.region.tables import BOX, HELP, HONEST, LISTED
from hil.region.watch import Seen
from hil.region.world import Region
from hil.rig.hub import RigHub, now_s
from hil.scenarios import look
from hil.scenarios.look import SLOW_S

ORDINARY, ORDINARY_S = 3, 60.0
"Calls a second, and how long."
RATE, STORM_S = 2000, 5
QUIET_S = 15.0
"The box writes its numbers each second, in software now and then much later."
CUTS = int(os.environ.get("QALQAN_HIL_CUTS", "5"))
SEED = int(os.environ.get("QALQAN_HIL_SEED", "9"))
EARLIEST_S, LATEST_S = 1.0, 12.0
"After it hears, that the power is cut."
SWITCH_WAITS_MS = 500
"For the box's answer (`drivers/README.md`); then the call goes on without."
RINGS_MS = 200
ROLLOUT = "rig-update"
UPDATE_S = 2400.0
"From the order to its end, in software."


def test_ordinary_traffic(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """Mixed calls for a while: honest, listed, spoofed, one for help now and then.

    The switch asks about each. What that costs the box, and how long the switch waits, is measured.
    """
    look.well(box, region)
    before, since, used_s = look.balance(hub), look.now_ns(), look.cpu_s(box)
    callers = traffic.begin(region, ORDINARY)
    try:
        time.sleep(ORDINARY_S)  # noqa: TID251 - people call meanwhile
    finally:
        callers.stop()
    took_s = look.seconds_since(since)
    run.measure(CPU, 100 * (look.cpu_s(box) - used_s) / took_s)
    run.measure(MEMORY, look.private_mb(box))
    calls = [one for one in region.watcher.calls() if one.at_ns >= since]
    waits = [answer.after_ms for one in calls if (answer := look.answered(one)).label]
    run.measure(GATE_P99, look.p99(waits))
    for_help = [one for one in calls if one.called == HELP]
    run.measure(EMERGENCY_STOPPED, sum(one.result == "stopped" for one in for_help))
    run.measure(CALLS_FAILED, sum(_failed(one) for one in calls))
    look.after(lambda: not look.balance(hub).lost, "nothing is missing at the hub")
    run.measure(RECORDS_LOST, look.balance(hub).missing_since(before))
    run.note(f"{len(calls)} calls, {len(for_help)} for help; answered at the gate: {len(waits)}")
    look.show(run, "A call for help by a listed caller", for_help[0])
    assert len(waits) > len(calls) / 2, "the switch was hardly answered"


def test_storm_of_calls_harms_nobody(box: Box, region: Region, run: Scenario) -> None:
    """2,000 INVITE a second on the mirror. No call waits longer for us than the switch allows.

    What the box could not take is counted: heard and lost together are what was sent.
    """
    look.well(box, region)
    before = _taken(box)
    since = look.now_ns()
    storm = Storm(TRUNK_EYE)
    with storm.blowing(RATE, STORM_S):
        through = [region.talks(HONEST) for _ in range(3)]
    calls = region.watcher.of(HONEST, since)
    taken = _settled(box)
    spoken = sum(
        BOX not in {one.source, one.destination}
        for call in region.watcher.calls() for one in call.messages if one.at_ns >= since
    )  # fmt: skip
    heard, lost = taken[0] - before[0], taken[1] - before[1]
    run.measure(CALLS_FAILED, through.count(False))
    run.measure(UNHEARD, max(storm.sent + spoken - heard - lost, 0))
    delays = [look.setup_ms(one) - RINGS_MS for one in calls]
    run.note(f"{storm.sent} INVITE, {storm.sent / storm.seconds:.0f} a second")
    run.note(f"heard {heard:.0f}, counted as lost {lost:.0f}")
    run.note(f"a call waited for the box at most {max(delays):.0f} ms")
    look.show(run, "An honest caller in the storm", calls[0])
    assert max(delays) < SWITCH_WAITS_MS + 2 * RINGS_MS, "the switch goes on without us"
    assert look.well(box, region) < SLOW_S


def _settled(box: Box) -> tuple[float, float]:
    """Return what the mirror tap has taken, once that no longer grows: a slow box comes after."""
    taken, since_s = _taken(box), clock.monotonic_s()
    end_s = since_s + SLOW_S
    while clock.monotonic_s() < min(since_s + QUIET_S, end_s):
        if (found := _taken(box)) != taken:
            taken, since_s = found, clock.monotonic_s()
    return taken


def _taken(box: Box) -> tuple[float, float]:
    """Return what the mirror tap has heard so far, and lost so far."""
    found = look.numbers(box).numbers
    names = ("qalqan_units_total", "qalqan_units_lost_total")
    heard, lost = (
        sum(values[0] for told, values in found.get(name, []) if "mirror" in told) for name in names
    )
    return heard, lost


@pytest.fixture
def version(request: pytest.FixtureRequest, centre: Centre) -> str:
    """Have a later version that may be installed: the bundle of `--update`."""
    bundle = request.config.getoption("--update")
    if bundle is None:
        pytest.skip("no bundle to install: --update FILE (`make bundle PROFILE=hil`)")
    return centre.release(bundle, now_s()).version


def test_update_under_traffic(
    box: Box, hub: RigHub, region: Region, newcomer: Newcomer, version: str, run: Scenario
) -> None:
    """A version is fetched over MQTT, written beside the one that runs, started, and confirmed.

    Calls go on all the while; those during its restart are not asked about, and so not stopped.
    """
    look.well(box, region)
    since, callers = look.now_ns(), traffic.begin(region, 1)
    try:
        hub.begin(ROLLOUT, version, newcomer.node)
        ends = {"confirmed", "rolled_back", "failed"}
        run.measure(UPDATE, look.after(lambda: _state(hub) in ends, "the update ends", UPDATE_S))
    finally:
        callers.stop()
    assert _state(hub) == "confirmed", hub.rollout(ROLLOUT).boxes[0]
    calls = [one for one in region.watcher.calls() if one.at_ns >= since]
    listed = [one for one in calls if one.calling == LISTED and one.called != HELP]
    run.measure(CALLS_FAILED, sum(_failed(one) for one in calls if one not in listed))
    passed = look.rang(listed)
    look.show(run, "A call while it is updated", calls[-1])
    run.note(f"{len(calls)} calls; of {len(listed)} listed ones {passed} passed while it restarted")
    run.measure(BACK_AFTER, look.well(box, region))


def _state(hub: RigHub) -> str:
    return hub.rollout(ROLLOUT).boxes[0].state


def _failed(call: Seen) -> bool:
    """Return whether a call of an honest caller was refused by anybody."""
    return call.calling.startswith(HONEST[:8]) and call.result[0].isdigit()


def test_power_cuts(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The plug is pulled again and again, whenever it happens to be, with calls under way.

    Each time it hears again by itself; what the hub has acknowledged is there, nothing is missing.
    """
    look.well(box, region)
    chance = random.Random(SEED)  # noqa: S311 - a seed that can be said again
    through: list[bool] = []
    before = look.balance(hub)
    callers = traffic.begin(region, 2)
    try:
        for cut in range(CUTS):
            wait_s = chance.uniform(EARLIEST_S, LATEST_S)
            time.sleep(wait_s)  # noqa: TID251 - the moment of the cut
            box.power_cut()
            through.append(region.talks(HONEST))
            back_s = look.switch_on(box)
            run.measure(BACK_AFTER, back_s)
            look.well(box, region, 2 * SLOW_S)
            run.note(f"cut {cut + 1} after {wait_s:.1f} s: hears again after {back_s:.0f} s")
    finally:
        callers.stop()
    run.measure(CALLS_FAILED, through.count(False))
    since = look.now_ns()
    look.after(lambda: look.is_stopping(region), "a listed caller is refused")
    *passed, last = region.watcher.of(LISTED, since)
    look.late(run, passed)
    look.after(lambda: look.all_told(hub, [last.call])[last.call], "the last is told", SLOW_S)
    look.after(lambda: not look.balance(hub).lost, "nothing is missing", SLOW_S)
    found = look.balance(hub)
    run.measure(RECORDS_LOST, found.missing_since(before))
    run.note(f"seed {SEED}: {found.held - before.held} events came")
    look.show(run, "A listed caller after the last cut", last)
