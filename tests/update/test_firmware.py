# SPDX-License-Identifier: Apache-2.0
"""An update goes step by step to its end, whatever is killed; and to none that was not wanted."""

import asyncio
from pathlib import Path

import pytest

from edge.errors import DriverLost
from edge.report.event import Class
from edge.report.kinds import UpdateEvent
from edge.report.message import Campaign, Wanted
from edge.report.port import Inbound
from edge.update.state import State
from tests.update.box import Box, Killed
from tests.update.centre import NOW

pytestmark = pytest.mark.asyncio
TO_REBOOT = ["queued", "downloading", "downloaded", "verified", "installing", "rebooting"]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "update")


async def test_an_update_from_the_wish_to_the_confirmation(box: Box) -> None:
    box.want()
    await box.go()
    assert box.states() == TO_REBOOT
    assert (box.reboots, box.primary, box.booted) == (1, "B", "A")
    box.boot()
    await box.go()
    assert box.update.state is State.PROBATION
    box.finds("confirmed", text="all is well")
    await box.go()
    assert box.states() == [*TO_REBOOT, "probation", "confirmed"]
    assert (box.update.version_from, box.update.version, box.update.slot) == ("1.1.0", "1.2.0", "B")
    assert list(box.place.glob("*.raucb")) == []
    await box.go()
    assert box.states()[-1] == "confirmed"


async def test_every_event_is_one_of_the_wire(box: Box) -> None:
    box.want()
    await box.go()
    for event in box.events:
        assert event.cls is Class.AUDIT
        fields = {"seq": 1, "kind": event.kind, "at": 1, "mono": 1, "boot": "b", "clock": "synced"}
        UpdateEvent.model_validate({**fields, **event.fields})
    percents = [e.fields["percent"] for e in box.events if e.fields["state"] == "downloading"]
    assert percents == [0, 16, 33, 50, 66, 83, 100]


async def test_nothing_is_done_while_nothing_is_wanted(box: Box) -> None:
    await box.go()
    assert (box.events, box.calls) == ([], [])


@pytest.mark.parametrize(
    "point", ["status", "find", "fetch", "inspect", "install", "written", "reboot"]
)
async def test_killed_at_any_point_it_goes_on(box: Box, point: str) -> None:
    box.want()
    box.says[point] = [Killed()]
    with pytest.raises((Killed, BaseExceptionGroup)):
        await box.go()
    box.start()
    await box.go()
    assert box.update.state is State.REBOOTING
    assert box.primary == "B"
    box.boot()
    box.finds("confirmed")
    await box.go()
    assert box.states()[-1] == "confirmed"


async def test_a_power_cut_within_the_installation_ends_in_the_old_slot_and_it_is_made_again(
    box: Box,
) -> None:
    box.want()
    box.says["written"] = [Killed()]
    with pytest.raises(Killed):
        await box.go()
    box.boot()
    assert (box.booted, box.update.state) == ("A", State.INSTALLING)
    await box.go()
    assert (box.update.state, box.update.tries) == (State.REBOOTING, 2)


async def test_a_slot_that_cannot_be_written_three_times_is_given_up(box: Box) -> None:
    box.want()
    box.says["written"] = DriverLost("rauc ended within an installation")
    for _ in range(8):
        await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, "many-tries")
    assert (box.primary, box.reboots) == ("A", 0)


@pytest.mark.parametrize("brought", [[], [0], [5, 1], [0, 1, 2, 3, 4]])
async def test_what_came_before_the_line_was_lost_is_not_fetched_again(
    box: Box, brought: list[int]
) -> None:
    box.want()
    box.brings = brought
    await box.go(1)
    assert "the line is gone" in box.firmware.lost
    box.start()
    box.brings = [index for index in range(6) if index not in brought]
    await box.go()
    assert box.update.state is State.REBOOTING


async def test_the_machine_is_asked_again_until_it_starts_anew(box: Box) -> None:
    box.want()
    box.says["reboot"] = [DriverLost("nobody"), None]
    await box.go()
    assert (box.update.state, box.reboots) == (State.REBOOTING, 0)
    for _ in range(2):
        await box.firmware.step()
    assert box.reboots == 2


async def test_a_slot_that_does_not_come_up_is_rolled_back(box: Box) -> None:
    box.want()
    await box.go()
    box.boot("A")  # the boot choice went back by itself
    await box.go()
    assert (box.update.state, box.update.why) == (State.ROLLED_BACK, "did-not-start")
    await box.go()
    assert box.states()[-1] == "rolled_back"
    assert box.calls.count("install") == 1


async def test_a_slot_that_health_gives_back_says_why(box: Box) -> None:
    box.want()
    await box.go()
    box.boot()
    await box.go()
    box.finds("given-back", "taps", "no tap hears")
    await box.go()
    assert box.update.state is State.PROBATION  # until the old slot runs
    box.boot("A")
    await box.go()
    found = box.update
    assert (found.state, found.why, found.text) == (State.ROLLED_BACK, "taps", "no tap hears")


async def test_a_slot_on_probation_that_crashes_is_rolled_back(box: Box) -> None:
    box.want()
    await box.go()
    box.boot()
    await box.go()
    box.boot("A")
    await box.go()
    assert (box.update.state, box.update.why) == (State.ROLLED_BACK, "given-back")


async def test_what_health_found_of_an_earlier_update_confirms_nothing(box: Box) -> None:
    box.booted = "B"
    box.finds("confirmed")
    box.booted = "A"
    box.want()
    await box.go()
    box.boot()
    await box.go()
    assert box.update.state is State.PROBATION


async def test_it_waits_for_its_time_and_for_its_window(box: Box) -> None:
    almaty = (NOW + 300 * 60) % 86_400
    in_an_hour = f"{(almaty // 3600 + 2) % 24:02}:00-{(almaty // 3600 + 3) % 24:02}:00"
    box.want(not_before=NOW + 30, windows=(in_an_hour,))
    assert await box.firmware.step() == 30
    assert (box.update.state, box.update.why, box.calls) == (State.QUEUED, "not-before", [])
    box.now_s += 30
    await box.go()
    assert (box.update.state, box.update.why) == (State.WAITING, "window")
    calls = len(box.calls)
    assert await box.firmware.step() <= 60
    assert len(box.calls) == calls  # nothing is asked while the window is closed
    box.start()
    await box.go()
    assert box.states() == [*TO_REBOOT[:4], "waiting"]
    box.now_s += 2 * 3600
    await box.go()
    assert box.update.state is State.REBOOTING


async def test_what_was_signed_is_asked_again_when_the_window_opens(box: Box) -> None:
    almaty = (NOW + 300 * 60) % 86_400 // 3600
    box.want(windows=(f"{(almaty + 2) % 24:02}:00-{(almaty + 3) % 24:02}:00",))
    await box.go()
    box.now_s += 2 * 3600
    box.says["find"] = box.fails("expired", "what was signed has expired")
    await box.go()
    assert (box.update.state, box.update.why, box.reboots) == (State.FAILED, "expired", 0)


async def test_a_box_whose_clock_was_lost_begins_nothing(box: Box) -> None:
    box.now_s = 1000
    box.want()
    assert await box.firmware.step() == 60
    assert (box.update.state, box.update.why, box.calls) == (State.QUEUED, "clock", [])
    box.now_s = NOW
    await box.go()
    assert box.update.state is State.REBOOTING


async def test_a_slot_that_was_written_when_the_process_ended_is_on_trial_if_it_starts(
    box: Box,
) -> None:
    box.want()
    box.says["reboot"] = [Killed()]
    with pytest.raises(Killed):
        await box.go()
    box.says["find"] = [DriverLost("the hub is away")]
    box.firmware._book.enter(State.INSTALLING, 100)  # as if it was killed one write earlier
    box.start()
    states = []
    for step in (list, box.boot):
        step()
        await box.go()
        states.append(box.update.state)
    assert states == [State.INSTALLING, State.PROBATION]  # never less: the other slot may start


async def test_past_its_deadline_it_is_left(box: Box) -> None:
    box.want(deadline=NOW + 100)
    box.brings = [0]
    await box.go(1)
    box.now_s += 100
    await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, "deadline")


async def test_a_fetch_ends_when_it_is_not_wanted_any_more(box: Box) -> None:
    begun = asyncio.Event()

    async def endless(part: object, came: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    box.firmware._do = box.firmware._do._replace(fetch=endless)
    box.want()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        going = group.create_task(box.go())
        await begun.wait()
        await box.firmware.hear("", Inbound("", Wanted().model_dump_json().encode()))
        await going
    assert (box.update.state, box.update.why) == (State.FAILED, "withdrawn")


async def test_withdrawn_and_wanted_again_it_is_made_after_all(box: Box) -> None:
    box.want()
    box.brings = [0, 1]
    await box.go(1)
    box.firmware.keep(None)
    box.firmware.look()
    await box.go()
    assert box.states()[-1] == "failed"
    box.want()
    box.brings = [2, 3, 4, 5]
    await box.go()
    assert box.update.state is State.REBOOTING


async def test_another_campaign_takes_the_place_of_one_that_has_not_begun_to_install(
    box: Box,
) -> None:
    box.want()
    box.brings = []
    await box.go(1)
    box.want("summer")
    box.brings = list(range(6))
    await box.go()
    told = [(e.fields["campaign"], e.fields["state"], e.fields["why"]) for e in box.events]
    assert ("spring", "failed", "superseded") in told
    assert (box.update.campaign, box.update.state) == ("summer", State.REBOOTING)


async def test_another_campaign_waits_for_one_whose_slot_is_written(box: Box) -> None:
    box.want()
    await box.go()
    box.want("summer")
    for _ in range(3):
        await box.firmware.step()
    told = [e.fields for e in box.events if e.fields["campaign"] == "summer"]
    assert [(one["state"], one["why"]) for one in told] == [("queued", "busy")]
    assert box.update.campaign == "spring"
    box.boot()
    box.finds("confirmed")
    await box.go()
    ended = [e.fields["campaign"] for e in box.events if e.fields["state"] == "confirmed"]
    assert ended[0] == "spring"
    assert box.update.campaign == "summer"


async def test_a_version_that_runs_already_is_confirmed(box: Box) -> None:
    box.says["find"] = box.fails("installed", "1.2.0 runs already")
    box.want()
    await box.go()
    assert (box.states(), box.update.why) == (["queued", "confirmed"], "installed")


async def test_who_is_away_is_asked_again_later_each_time(box: Box) -> None:
    box.says["status"] = DriverLost("rauc does not answer")
    box.want()
    waits = [await box.firmware.step() for _ in range(5)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert (box.update.state, box.firmware.lost) == (State.QUEUED, "rauc does not answer")


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b'{"campaign":null}', b"no json", b'{"v":9,"campaign":null}',
                b'{"campaign":{"id":"../x","version":"1"}}', b'{"campaign":{"id":"x"}}'],
)  # fmt: skip
async def test_what_is_no_wish_changes_nothing(box: Box, payload: bytes) -> None:
    await box.firmware.hear("", Inbound("", payload))
    await box.go()
    assert (box.firmware.wanted, box.events) == (None, [])


async def test_a_wish_is_on_disk_when_it_was_heard(box: Box) -> None:
    campaign = Campaign(id="spring", version="1.2.0", windows=("02:00-05:00",))
    payload = Wanted(campaign=campaign).model_dump_json().encode()
    await box.firmware.hear("", Inbound("", payload))
    box.start()
    assert box.firmware.wanted == campaign


async def test_it_goes_on_as_soon_as_something_is_wanted(box: Box) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(box.firmware.forever())
        await asyncio.sleep(0)
        box.want()
        while not box.reboots:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        running.cancel()
