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
UNKEPT = "qalqan_evidence_lost_total"
CALLS = 3
DAY_S = 86_400
LONG_AGO_S = 946_684_800
"1 January 2000."


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
    """Somebody fills the disk. A call of which no record can be kept goes on, and is counted.

    Nothing is stopped without evidence. With room again calls are stopped as before.
    """
    look.well(box, region)
    before, unkept = look.balance(hub), look.value(box, UNKEPT)
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
    look.well(box, region)
    back_s = look.after(lambda: not look.balance(hub).lost, "nothing is missing", SLOW_S)
    run.measure(BACK_AFTER, back_s)
    found = look.balance(hub)
    run.measure(RECORDS_LOST, found.lost + found.back - before.back)
    run.note(f"told as lost: {found.gaps - before.gaps}")
    unkept = look.value(box, UNKEPT) - unkept
    run.note(f"records that could not be kept: {unkept:.0f}")
    assert sum(one.lets_through for one in passed) <= unkept, "let through for no such reason"


def test_clock_begins_long_ago(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The battery of its clock is empty: it starts in 2000. It hears, and stops calls at once.

    A PC's firmware knows no year before 1998 (70 is 2070 to it); a Raspberry Pi begins in 1970.
    """
    look.well(box, region)
    box.off()
    box.set_clock(LONG_AGO_S)
    run.measure(BOOT_TO_HEARING, look.switch_on(box))
    battery_s = int(box.ask("cat /sys/class/rtc/rtc0/since_epoch").split()[-1])
    assert 0 <= battery_s - LONG_AGO_S < DAY_S, "its clock did begin then"
    run.note(
        f"battery: {battery_s - LONG_AGO_S} s after 2000 began; it: {box.ask('date -u').strip()}"
    )
    look.well(box, region)
    since = look.now_ns()
    assert region.is_refused(LISTED)
    (call,) = region.watcher.of(LISTED, since)
    look.show(run, "A listed caller, with a clock that begins in 2000", call)
    look.after(lambda: look.all_told(hub, [call.call])[call.call], "the hub is told", 2 * SLOW_S)
    verdict = next(one for one in hub.told("verdict") if one.body["call"] == call.call)
    run.note(f"as the record has it: clock {verdict.body.get('clock')}, at {verdict.at}")
