# SPDX-License-Identifier: Apache-2.0
"""An exchange with E1 lines: the box hears circuits by a probe, and says what to release."""

from collections.abc import Iterator

import pytest

from hil.bench.box import Box
from hil.bench.measure import (
    ALARM_AFTER,
    BACK_AFTER,
    CALLS_FAILED,
    INVITE_TO_STOPPED,
    RANG,
    Scenario,
)
from hil.bench.virtual import VirtualBox
from hil.region import e1
from hil.region.e1 import Exchange, Life
from hil.region.ladder import ladder
from hil.region.serial import Socket
from hil.region.tables import HONEST, LISTED, PHONE
from hil.region.world import Region
from hil.rig.hub import RigHub
from hil.scenarios import look

FOREVER = Life(rings_s=20.0)
"A circuit that is not released in time rings."


@pytest.fixture(scope="module")
def exchange(box: Box) -> Iterator[Exchange]:
    """Have an exchange whose circuits the probe hears, and whose command port the box reaches."""
    if not isinstance(box, VirtualBox):
        pytest.skip("no generator is at this place's serial lines")
    made = Exchange(Socket(box.probe), Socket(box.exchange))
    yield made
    made.close()


def test_scam_call_on_e1_is_released_before_it_rings(
    box: Box, hub: RigHub, exchange: Exchange, run: Scenario
) -> None:
    """A listed number calls on a circuit. The box hears the IAM by its probe and has it released.

    The order goes to the exchange's command port; the REL that follows is heard on the line.
    """
    look.after(lambda: look.is_up(box, "e1"), "the probe is heard")
    look.after(lambda: look.is_up(box, "exchange"), "the exchange's command port answers")
    listed = exchange.call(LISTED[1:], PHONE, 6, FOREVER)
    honest = exchange.call(HONEST[1:], PHONE, 5)
    assert listed.ended.wait(FOREVER.rings_s + 5)
    assert honest.ended.wait(10)
    run.ladder("A listed number calls on circuit 6", ladder(listed.steps, e1.MACHINES))
    run.measure(RANG, int(listed.said("ACM")))
    run.measure(INVITE_TO_STOPPED, listed.after_ms("REL"))
    run.measure(CALLS_FAILED, int(not honest.said("ANM")))
    assert listed.cause == 21, "call rejected"
    told = look.outcome(hub, listed.name)
    assert (told.body["result"], told.body["heard"]) == ("stopped", "REL 21"), told


def test_probe_is_unplugged(box: Box, region: Region, exchange: Exchange, run: Scenario) -> None:
    """The E1 probe's plug is pulled. The box says so; SIP goes on. Plugged in, it hears again."""
    look.after(lambda: look.is_up(box, "e1"), "the probe is heard")
    box.unplug_probe(True)
    run.measure(ALARM_AFTER, look.after(lambda: not look.is_up(box, "e1"), "the probe is missed"))
    assert look.is_up(box, "mirror")
    assert region.is_refused(LISTED), "calls on SIP are stopped meanwhile"
    look.show(run, "A listed caller on SIP, without the probe", look.last(region, LISTED))
    run.note(look.doctor(box))
    box.unplug_probe(False)
    run.measure(BACK_AFTER, look.after(lambda: look.is_up(box, "e1"), "the probe is back"))
    call = exchange.call(LISTED[1:], PHONE, 9, Life(rings_s=20))
    assert call.ended.wait(30)
    run.ladder("A listed caller, after the probe is back", ladder(call.steps, e1.MACHINES))
    assert call.cause == 21
