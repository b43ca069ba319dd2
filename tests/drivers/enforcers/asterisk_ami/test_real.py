# SPDX-License-Identifier: Apache-2.0
"""A real Asterisk is told to stop calls, with SIPp on both sides of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from drivers.enforcers.asterisk_ami.driver import AmiEnforcer
from edge.errors import DriverLost, EnforceError
from tests import netns
from tests.drivers.enforcers.asterisk_ami import trunk as line
from tests.drivers.enforcers.asterisk_ami.telling import DIVERTED, opened, order, why_lost
from tests.drivers.enforcers.asterisk_ami.trunk import ANSWERING, RINGING, Trunk

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.peer("mmdebstrap", "sipp", "ip"),
    pytest.mark.asyncio,
]


class Town:
    """A trunk, its enforcer, and the calls over it."""

    def __init__(self, trunk: Trunk, folder: Path, stack: AsyncExitStack) -> None:
        self.asterisk, self.ports = trunk
        self._folder = folder
        self._stack = stack

    async def phone(self, name: str, scenario: str) -> line.Peer:
        port = getattr(self.ports, name)
        return await self._stack.enter_async_context(line.phone(self._folder, name, scenario, port))

    async def call(self, call_id: str, called: str, to: int = 0) -> line.Peer:
        calling = line.call(self._folder, to or self.ports.sip, call_id, called)
        return await self._stack.enter_async_context(calling)

    async def enforcer(self, **more) -> AmiEnforcer:
        return await self._stack.enter_async_context(opened(self.ports.ami, **more))


@pytest.fixture(scope="module")
def trunk() -> Iterator[Trunk]:
    with line.trunk() as one:
        yield one


@pytest_asyncio.fixture
async def town(trunk: Trunk, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        yield Town(trunk, tmp_path, stack)


async def test_a_call_that_rings_is_refused_and_the_phone_stops_ringing(town: Town) -> None:
    enforcer = await town.enforcer()
    phone = await town.phone("ringing", "phone")
    caller = await town.call("ringing-1", RINGING)
    await caller.until("180 Ringing")
    receipt = await enforcer.enforce(order("ringing-1"))
    assert receipt.accepted
    assert receipt.answer.startswith("Channel Hungup: Hangup of PJSIP/trunk-")
    assert await caller.ended_well()
    assert await phone.ended_well()
    assert caller.heard("SIP/2.0 403 Forbidden")
    assert caller.heard("Reason: Q.850;cause=21")
    assert phone.heard("CANCEL sip:ringing@127.0.0.1")


async def test_a_call_that_was_answered_ends_on_both_sides(town: Town) -> None:
    enforcer = await town.enforcer()
    phone = await town.phone("answering", "answering")
    caller = await town.call("talking-1", ANSWERING)
    await phone.until("ACK sip:")
    assert (await enforcer.enforce(order("talking-1"))).accepted
    assert await caller.ended_well()
    assert await phone.ended_well()
    assert caller.heard("BYE sip:447700900123@")
    assert phone.heard("BYE sip:127.0.0.1")


async def test_a_call_that_came_by_the_older_channel_driver_is_refused_too(town: Town) -> None:
    enforcer = await town.enforcer()
    phone = await town.phone("ringing", "phone")
    caller = await town.call("older-1", RINGING, town.ports.older)
    await caller.until("180 Ringing")
    assert "Hangup of SIP/127.0.0.1" in (await enforcer.enforce(order("older-1"))).answer
    assert await caller.ended_well()
    assert await phone.ended_well()
    assert caller.heard("SIP/2.0 403 Forbidden")


async def test_a_call_that_was_up_before_we_came_is_found(town: Town) -> None:
    phone = await town.phone("ringing", "phone")
    caller = await town.call("earlier-1", RINGING)
    await caller.until("180 Ringing")
    enforcer = await town.enforcer()
    assert (await enforcer.enforce(order("earlier-1"))).accepted
    assert await caller.ended_well()
    assert await phone.ended_well()


async def test_an_order_that_is_faster_than_the_call_waits_for_it(town: Town) -> None:
    enforcer = await town.enforcer()
    await town.phone("ringing", "phone")
    async with asyncio.TaskGroup() as group:
        told = group.create_task(enforcer.enforce(order("early-1", within_s=15)))
        await asyncio.sleep(0)
        caller = await town.call("early-1", RINGING)
    assert told.result().accepted
    assert await caller.ended_well()
    assert caller.heard("SIP/2.0 403 Forbidden")


async def test_another_call_of_the_same_number_goes_on(town: Town) -> None:
    enforcer = await town.enforcer()
    phone = await town.phone("answering", "answering")
    other = await town.call("other-1", ANSWERING)
    await phone.until("ACK sip:")
    await town.phone("ringing", "phone")
    caller = await town.call("blocked-1", RINGING)
    await caller.until("180 Ringing")
    await enforcer.enforce(order("blocked-1"))
    assert await caller.ended_well()
    assert other.process.returncode is None
    assert not other.heard("BYE sip:")
    await enforcer.enforce(order("other-1"))
    assert await other.ended_well()


async def test_a_call_is_diverted_to_the_desk(town: Town) -> None:
    enforcer = await town.enforcer(desk_context="desk")
    phone, desk = await town.phone("ringing", "phone"), await town.phone("desk", "answering")
    caller = await town.call("diverted-1", RINGING)
    await caller.until("180 Ringing")
    receipt = await enforcer.enforce(order("diverted-1", DIVERTED))
    assert receipt.accepted
    assert receipt.answer.startswith("Redirect successful: Redirect of PJSIP/trunk-")
    assert await phone.ended_well()
    await desk.until("ACK sip:")
    await caller.until("SIP/2.0 200 OK")
    await enforcer.enforce(order("diverted-1", told="the end"))
    assert await caller.ended_well()


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"secret": "another"}, "Authentication failed to Login of user 'qalqan'"),
        ({"user": "nobody"}, "Authentication failed to Login of user 'nobody'"),
        ({"user": "reader"}, "Permission denied to Status"),
    ],
)
async def test_who_is_not_let_in_is_told_why(town: Town, known: dict, why: str) -> None:
    with pytest.raises(DriverLost, match=why):
        await town.enforcer(**known)


async def test_a_name_that_is_a_pattern_stops_no_call(town: Town) -> None:
    enforcer = await town.enforcer()
    await town.phone("ringing", "phone")
    caller = await town.call("kept-1", RINGING)
    await caller.until("180 Ringing")
    for call in ("/.*/", "kept", "kept-1\r\nAction: Hangup", "447700900123"):
        with pytest.raises(EnforceError, match="no channel with Call-ID"):
            await enforcer.enforce(order(call, within_s=0.2))
    assert not caller.heard("403")
    await enforcer.enforce(order("kept-1"))
    assert await caller.ended_well()


async def test_an_asterisk_that_dies_is_lost(tmp_path: Path) -> None:
    with netns.namespace(), line.trunk() as (asterisk, ports):
        async with opened(ports.ami) as enforcer, asyncio.TaskGroup() as group:
            ways = (enforcer.watch(), enforcer.enforce(order("never")))
            waiting = [group.create_task(why_lost(way)) for way in ways]
            await asyncio.sleep(0)
            asterisk.kill()
        assert all("asterisk 127.0.0.1" in task.result() for task in waiting)
        with pytest.raises(DriverLost, match="Connect call failed"):
            async with opened(ports.ami):
                pass


async def test_one_can_run_on_another_machine_of_the_test() -> None:
    with netns.namespace():
        netns.hub("hub")
        with netns.host("pbx", "192.0.2.5/24", "hub") as machine:
            with line.trunk(*machine.inside) as (_, ports):
                assert {ports.ami, ports.sip} <= machine.ports()
            assert ports.ami not in machine.ports()
