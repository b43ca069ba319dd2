# SPDX-License-Identifier: Apache-2.0
"""Cables, disks and clocks fail: the box says so, goes on with what is left, and mends itself."""

from hil.bench.box import Box
from hil.bench.measure import (
    ALARM_AFTER,
    BACK_AFTER,
    BOOT_TO_HEARING,
    CALLS_FAILED,
    RECORDS_LOST,
    Scenario,
)
from hil.region.tables import HONEST, LISTED
from hil.region.world import Region
from hil.rig.hub import RigHub
from hil.scenarios import look
from hil.scenarios.look import SLOW_S

FILL = "/data/filled"
CALLS = 3
DAY_S = 86_400


def test_mirror_cable_is_pulled(box: Box, region: Region, run: Scenario) -> None:
    """The mirror port's cable is pulled. The gate goes on answering the switch."""
    look.well(box, region)
    box.pull_mirror(True)
    run.measure(ALARM_AFTER, look.after(lambda: not look.is_up(box, "mirror"), "it is missed"))
    assert region.is_refused(LISTED), "the switch still asks, and is answered"
    look.show(run, "A listed caller, while the mirror is deaf", look.last(region, LISTED))
    run.note(look.doctor(box))
    box.pull_mirror(False)
    run.measure(BACK_AFTER, look.after(lambda: look.is_up(box, "mirror"), "it hears again"))
    look.well(box, region)


def test_disk_is_full(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """Somebody fills the disk. Calls are decided all the same; with room again all arrives."""
    look.well(box, region)
    box.ask(f"fallocate -l $(df --output=avail -B1 /data | tail -1) {FILL}; df /data")
    since = look.now_ns()
    try:
        for _ in range(CALLS):
            region.is_refused(LISTED)
        through = region.talks(HONEST)
    finally:
        run.note(look.doctor(box))
        box.ask(f"rm -f {FILL}")
    calls = region.watcher.of(LISTED, since)
    run.measure(CALLS_FAILED, int(not through))
    for number, one in enumerate(calls, 1):
        look.show(run, f"Listed caller {number}, while the disk is full", one)
    passed = look.late(run, calls)
    assert not any(one.lets_through for one in passed), "a full disk is no reason to allow them"
    assert len(passed) < CALLS, "none was stopped"
    look.well(box, region)
    back_s = look.after(lambda: not look.balance(hub).lost, "nothing is missing", SLOW_S)
    run.measure(BACK_AFTER, back_s)
    found = look.balance(hub)
    run.measure(RECORDS_LOST, found.lost + found.back)
    run.note(f"told as lost: {found.gaps}")


def test_clock_begins_in_1970(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The battery of its clock is empty: it starts in 1970. It hears, and stops calls at once."""
    look.well(box, region)
    box.off()
    box.set_clock(0)
    run.measure(BOOT_TO_HEARING, look.switch_on(box))
    battery_s = int(box.ask("cat /sys/class/rtc/rtc0/since_epoch").split()[-1])
    assert battery_s < DAY_S, "its clock did begin in 1970"
    run.note(f"its battery's clock says {battery_s} s after 1970, it {box.ask('date -u').strip()}")
    look.well(box, region)
    since = look.now_ns()
    assert region.is_refused(LISTED)
    (call,) = region.watcher.of(LISTED, since)
    look.show(run, "A listed caller, in 1970", call)
    look.after(lambda: look.all_told(hub, [call.call])[call.call], "the hub is told", 2 * SLOW_S)
    verdict = next(one for one in hub.told("verdict") if one.body["call"] == call.call)
    run.note(f"as the record has it: clock {verdict.body.get('clock')}, at {verdict.at}")
