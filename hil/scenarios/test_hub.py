# SPDX-License-Identifier: Apache-2.0
"""The hub goes and comes back, lies, or is spoken to by strangers: calls are decided meanwhile."""

from pathlib import Path

import msgspec

from edge.blocklist.manifest import Guards
from hil.bench.box import Box
from hil.bench.measure import (
    BACK_AFTER,
    CALLS_FAILED,
    RANG,
    RECORDS_LOST,
    RECORDS_TWICE,
    Scenario,
)
from hil.bench.newcomer import Newcomer
from hil.demo.region import Centre
from hil.region.tables import HONEST, LISTED, PHONE
from hil.region.watch import Seen
from hil.region.world import Region
from hil.rig.hub import RigHub, now_s
from hil.scenarios import brokers, look
from hil.scenarios.brokers import Rogue
from hil.scenarios.centre import WrongCentre, blocking
from hil.scenarios.look import SLOW_S, Balance

CALLS = 5
WEEK = 7
"Days."


def test_hub_gone_and_back(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The management cable is pulled. The box goes on alone; once it is back all arrives, once.

    Records of calls that were stopped meanwhile wait on the box's disk.
    """
    look.well(box, region)
    before = look.balance(hub)
    box.cut_network(True)
    calls = _stopped_alone(region, run)
    told = sum(look.all_told(hub, [one.call for one in calls]).values())
    assert told == 0, "nothing arrives while the cable is out"
    box.cut_network(False)
    run.measure(BACK_AFTER, _arrived(hub, calls))
    _once(hub, calls, run, before)


def test_hub_gone_for_a_week(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The management cable is pulled, and by the box's clock a week passes, a day at a time.

    Its list grows stale, which it says, and stays in force. Then its clock is set right, as a time
    server would, and the cable is back: all arrives, once.
    """
    look.well(box, region)
    before = look.balance(hub)
    box.cut_network(True)
    calls: list[Seen] = []
    for _ in range(WEEK):
        box.ask("date -s '+1 day'")
        since = look.now_ns()
        assert region.is_refused(LISTED), "a stale list is better than none"
        calls += region.watcher.of(LISTED, since)
    run.measure(RANG, look.rang(calls))
    run.measure(CALLS_FAILED, int(not region.talks(HONEST)))
    look.show(run, "A listed caller, after a week alone", calls[-1])
    run.note(look.doctor(box))
    box.ask(f"date -s '-{WEEK} days'")
    box.cut_network(False)
    run.measure(BACK_AFTER, _arrived(hub, calls))
    _once(hub, calls, run, before)
    assert region.is_refused(LISTED)


def test_broker_is_killed(box: Box, hub: RigHub, region: Region, run: Scenario) -> None:
    """The broker dies at once, and another one starts: all arrives, once."""
    look.well(box, region)
    before = look.balance(hub)
    with brokers.killed(hub):
        calls = _stopped_alone(region, run)
    try:
        run.measure(BACK_AFTER, _arrived(hub, calls))
        _once(hub, calls, run, before)
    finally:
        run.note(f"broker started again: {len(brokers.AGAIN)}")


def _stopped_alone(region: Region, run: Scenario) -> list[Seen]:
    """Have listed and honest people call; return the calls that were to be stopped."""
    since = look.now_ns()
    refused = [region.is_refused(LISTED) for _ in range(CALLS)]
    through = [region.talks(HONEST) for _ in range(2)]
    calls = region.watcher.of(LISTED, since)
    run.measure(RANG, look.rang(calls))
    run.measure(CALLS_FAILED, through.count(False))
    look.show(run, "A listed caller, while nobody is reached", calls[-1])
    assert all(refused)
    return calls


def _arrived(hub: RigHub, calls: list[Seen]) -> float:
    """Wait until all these calls were told, and nothing is missing; return seconds."""
    names = [one.call for one in calls]
    return look.after(
        lambda: all(look.all_told(hub, names).values()) and not look.balance(hub).lost,
        "all arrives", 2 * SLOW_S,
    )  # fmt: skip


def _once(hub: RigHub, calls: list[Seen], run: Scenario, before: Balance) -> None:
    told = look.all_told(hub, [one.call for one in calls])
    found = look.balance(hub)
    run.measure(RECORDS_TWICE, sum(count - 1 for count in told.values()))
    run.measure(RECORDS_LOST, found.missing_since(before))
    run.note(f"{found.held - before.held} events came, {found.gaps - before.gaps} told as lost")


def test_wrong_lists_change_nothing(
    box: Box, hub: RigHub, region: Region, centre: Centre, newcomer: Newcomer, run: Scenario
) -> None:
    """A list that one side alone has signed, then one that both signed and that blocks a canary.

    The box names an alarm each time, and goes on with the list it has.
    """
    look.well(box, region)
    wrong = WrongCentre(centre)

    def alarms() -> set[str]:
        member = hub.member(newcomer.node)
        return set(member.alarms) if member else set()

    before = alarms()
    wrong.alone(blocking(HONEST), now_s())
    took_s = look.after(lambda: alarms() - before, "the unsigned list is refused")
    run.note(f"signed by the operator alone: {', '.join(alarms() - before)} after {took_s:.0f} s")
    assert region.talks(HONEST), "it is not in force"
    look.show(run, "Who is listed by one side alone gets through", look.last(region, HONEST))
    assert region.is_refused(LISTED), "the list before it is"
    canary = blocking(f"+{PHONE}")
    version = wrong.edit(now_s(), added=(canary,), guards=Guards(canaries=(PHONE,)))
    look.after(lambda: any("canary" in one for one in alarms()), "the canary is missed")
    run.note(f"version {version} would block a canary: {', '.join(alarms())}")
    assert region.is_refused(LISTED)
    wrong.edit(now_s(), removed=(canary,))
    look.after(lambda: not alarms() - before, "a right list ends the alarms")


def test_rogue_client_reads_and_writes_nothing(
    box: Box, hub: RigHub, region: Region, newcomer: Newcomer, run: Scenario, folder: Path
) -> None:
    """Strangers at the broker: one without a certificate, one with that of another box.

    The first is not let in. The second may speak for itself, and neither hear nor speak for ours.
    """
    look.well(box, region)
    nobody = Rogue(hub, None)
    assert not nobody.knock()
    nobody.close()
    node = newcomer.node
    rogue = Rogue(hub, brokers.certificate_of(hub, "rogue-1", folder))
    assert rogue.knock(), "a box with a certificate of the hub's is let in"
    rogue.listen("#", "qalqan/v1/#", f"qalqan/v1/up/{node}/#", f"qalqan/v1/dn/{node}/#")
    events = len(hub.told("verdict"))
    lie = msgspec.json.encode({"v": 1, "state": "offline", "epoch": 2**63})
    for topic in (f"qalqan/v1/up/{node}/state", f"qalqan/v1/dn/{node}/cmd", "qalqan/v1/dn/all/cmd"):
        rogue.say(topic, lie)
    assert region.is_refused(LISTED)
    look.after(lambda: len(hub.told("verdict")) > events, "our box is heard")
    look.show(run, "A listed caller, while a stranger listens", look.last(region, LISTED))
    member = hub.member(node)
    rogue.close()
    assert member is not None
    assert member.state in {"ready", "alert"}, "nobody else says how ours is"
    assert [one for one in rogue.read if node in one] == []
    run.note(f"let in with its own name, it heard only {', '.join(sorted(set(rogue.read)))}")
