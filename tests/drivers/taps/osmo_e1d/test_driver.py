# SPDX-License-Identifier: Apache-2.0
"""An e1-tracer behind a twin of its daemon: both lines, alarms, refusals, disconnects."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import ValidationError

from drivers.taps.osmo_e1d import driver
from drivers.taps.osmo_e1d.driver import Config, OsmoE1dTap, open_tap
from edge.errors import DriverLost
from edge.model.unit import Alarm, Direction, LinkType, Unit
from tests.twins import osmo_e1d as twin
from tests.twins.osmo_e1d import OsmoE1d

pytestmark = pytest.mark.asyncio
DEADLINE_S = 5


@pytest_asyncio.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[OsmoE1d]:
    one = OsmoE1d(tmp_path)
    yield one
    one.close()


@pytest_asyncio.fixture
async def tap(daemon: OsmoE1d) -> AsyncIterator[OsmoE1dTap]:
    opened = await open_tap("tracer", Config(control=daemon.control))
    yield opened
    await opened.close()


async def heard(tap: OsmoE1dTap, octets: int = 0, alarms: int = 0) -> list[Unit]:
    units: list[Unit] = []
    async with asyncio.timeout(DEADLINE_S):
        while sum(len(unit.data) for unit in units) < octets + alarms:
            units += await tap.read()
    return units


async def test_each_line_is_a_direction(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    forth, back = bytes(range(160)) * 3, bytes(range(160, 0, -1)) * 3
    daemon.raw(0, 16, forth)
    daemon.raw(1, 16, back)
    sides = {Direction.A_TO_B: b"", Direction.B_TO_A: b""}
    for unit in await heard(tap, octets=960):
        assert (unit.link, unit.channel, unit.tap) == (LinkType.E1_RAW, "0:16", "tracer")
        sides[unit.direction] += unit.data
    assert sides == {Direction.A_TO_B: forth, Direction.B_TO_A: back}


async def test_alarms_as_they_begin_and_end(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    for kind in (twin.LOS_ON, twin.AIS_ON, twin.LOS_OFF, twin.LOF_ON, twin.RAI_ON):
        daemon.event(kind, line=1)
    units = await heard(tap, alarms=5)
    assert [Alarm(unit.data[0]) for unit in units] == [
        Alarm.LOS,
        Alarm.LOS | Alarm.AIS,
        Alarm.AIS,
        Alarm.AIS | Alarm.LOF,
        Alarm.AIS | Alarm.LOF | Alarm.RAI,
    ]
    assert {(unit.link, unit.channel, unit.direction) for unit in units} == {
        (LinkType.E1_ALARMS, "0:0", Direction.B_TO_A)
    }
    assert tap.alarms == {1: Alarm.AIS | Alarm.LOF | Alarm.RAI}


async def test_events_of_others_and_of_other_kinds_are_passed_over(
    daemon: OsmoE1d, tap: OsmoE1dTap
) -> None:
    daemon.event(twin.LOS_ON, interface=3)
    daemon.event(twin.LOS_ON, line=7)
    daemon.event(twin.SABITS, body=b"\x15")
    daemon.event(twin.RAI_ON)
    assert [unit.data for unit in await heard(tap, alarms=1)] == [bytes([Alarm.RAI])]


async def test_an_event_between_request_and_answer_is_kept(daemon: OsmoE1d) -> None:
    daemon.before_answer = daemon.packed(twin.AIS_ON, b"", 0, 0, 0)
    tap = await open_tap("tracer", Config(control=daemon.control))
    assert {unit.data for unit in await heard(tap, alarms=2)} == {bytes([Alarm.AIS])}
    await tap.close()


async def test_nothing_is_sent_into_a_timeslot(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    daemon.raw(0, 16, b"\xff" * 160)
    await heard(tap, octets=160)
    await tap.close()
    assert daemon.timeslots[0, 0, 16].recv(1) == b""
    assert len(daemon.requests) == 2


@pytest.mark.parametrize(
    "settings", [{"interface": 5}, {"lines": (4,)}], ids=["no interface", "no line"]
)
async def test_what_does_not_exist_is_named(daemon: OsmoE1d, settings) -> None:
    with pytest.raises(DriverLost, match="does not exist or is taken"):
        await open_tap("tracer", Config(control=daemon.control, **settings))


async def test_a_timeslot_is_not_taken_from_another(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    with pytest.raises(DriverLost, match="line 0, timeslot 16 does not exist or is taken"):
        await open_tap("second", Config(control=daemon.control))


async def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(DriverLost, match="No such file"):
        await open_tap("tracer", Config(control=tmp_path / "none"))


async def test_a_daemon_that_does_not_answer(
    daemon: OsmoE1d, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "ANSWER_S", 0.02)
    daemon.mute = True
    with pytest.raises(DriverLost, match="no answer"):
        await open_tap("tracer", Config(control=daemon.control))


async def test_a_daemon_that_is_killed_is_lost(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    daemon.close()
    with pytest.raises(DriverLost):
        await heard(tap, octets=1)


async def test_a_timeslot_that_is_closed_is_lost(daemon: OsmoE1d, tap: OsmoE1dTap) -> None:
    daemon.timeslots[0, 1, 16].close()
    with pytest.raises(DriverLost, match="timeslot 16 of line 1 was closed"):
        await heard(tap, octets=1)


async def test_garbage_on_the_control_socket_is_a_lost_daemon(
    daemon: OsmoE1d, tap: OsmoE1dTap
) -> None:
    daemon.send(b"\x00" * 20)
    with pytest.raises(DriverLost, match="another version"):
        await heard(tap, octets=1)


@pytest.mark.parametrize("wrong", [{"timeslots": (0,)}, {"timeslots": (32,)}, {"lines": ()}])
async def test_the_config_is_checked(wrong) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)
