# SPDX-License-Identifier: Apache-2.0
"""What every enforcer promises, asked of every one that is installed.

A new driver adds a rig to `RIGS`: the settings by which it reaches its twin, where the call of
`ORDER` can be stopped.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from edge import plugins
from edge.errors import DriverLost
from edge.model.answer import REJECTED, Answer
from edge.model.event import UNKNOWN_TRUNK, CallOffered
from edge.model.message import NO_FLOW, Flow
from edge.model.number import Number, Party
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.ports import Enforcer, Order
from tests.drivers.enforcers.asterisk_ami.twin import manager
from tests.drivers.enforcers.kamailio_rpc.switch import running, waiting_call
from tests.twins.exchange import Exchange
from tests.twins.freeswitch import FreeSwitch


class Invite(msgspec.Struct):
    """The least a message can say."""

    unit: Unit = Unit("rig", LinkType.RAW, 1, b"")
    flow: Flow = NO_FLOW
    earlier: tuple[Unit, ...] = ()
    proto: str = "sip"
    type: str = "INVITE"
    call: str = "1@192.0.2.1"
    calling: str = "+447700900123"
    called: str = "+77172000001"

    def fields(self) -> dict[str, object]:
        return {"cseq": "1 INVITE", "from": "<sip:+447700900123@192.0.2.1>;tag=caller1"}

    def facts(self) -> dict[str, object]:
        return {}


CALLING = Party("from", Number("+447700900123", "447700900123"))
CALLED = Party("request-uri", Number("+77172000001", "77172000001"))
OFFER = CallOffered(
    1, "1@192.0.2.1", 1, UNKNOWN_TRUNK, "sip", CALLING, CALLED, (CALLING, CALLED), Invite()
)
ORDER = Order(
    "order-1",
    OFFER,
    Verdict(Action.BLOCK, Action.BLOCK, Basis.LIST, "list.calling", Mode.ENFORCE),
    Answer(Action.BLOCK, 603, "Decline", cause=REJECTED),
    deadline_ns=1 << 62,
)

Settings = dict[str, Any]


@asynccontextmanager
async def an_asterisk() -> AsyncIterator[Settings]:
    """Have the call up before anybody asks."""
    async with manager() as pbx:
        pbx.calls["PJSIP/trunk-00000001"] = OFFER.call
        call = "Event: Status\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.0\r\n\r\n"
        pbx.answers["Status"] = f"{call}Response: Success\r\n"
        yield {"port": pbx.port, "user": "qalqan", "secret": "a-secret"}


@asynccontextmanager
async def an_exchange() -> AsyncIterator[Settings]:
    exchange = Exchange()
    release = {"send": "RELCALL:CIC=5,OPC=2057,DPC=2058,CAUSE={cause};", "expect": "EXECUTED"}
    yield {"port": exchange.port, "prompt": "<", "release": [release]}
    exchange.close()


@asynccontextmanager
async def a_freeswitch() -> AsyncIterator[Settings]:
    """Have the call up before anybody asks."""
    switch = FreeSwitch("a-secret")
    switch.offer("leg-1", OFFER.call)
    try:
        yield {"port": switch.port, "password": "a-secret"}
    finally:
        switch.close()


@asynccontextmanager
async def a_kamailio() -> AsyncIterator[Settings]:
    """Have the call wait at a phone that says nothing."""
    with (
        TemporaryDirectory() as folder,
        running(Path(folder)) as kamailio,
        waiting_call(kamailio, OFFER.call),
    ):
        yield {"endpoint": kamailio.endpoint, "look_s": 0.05}


RIGS: dict[str, Callable[[], AbstractAsyncContextManager[Settings]]] = {
    "asterisk_ami": an_asterisk,
    "freeswitch_esl": a_freeswitch,
    "kamailio_rpc": a_kamailio,
    "observe": lambda: nullcontext({}),
    "serial_mml": an_exchange,
}
SPEAKS_TO_NOBODY = {"observe"}
NEEDS = {"kamailio_rpc": pytest.mark.peer("kamailio")}
EACH = [pytest.param(name, marks=NEEDS.get(name, ())) for name in sorted(RIGS)]
SPEAKERS = [one for one in EACH if one.values[0] not in SPEAKS_TO_NOBODY]


async def opened(name: str, settings: Settings) -> Enforcer:
    driver = plugins.load("enforcers", name)
    return await driver.open("rig", driver.config.model_validate(settings))


def test_every_enforcer_is_held_to_the_contract() -> None:
    assert set(RIGS) == set(plugins.names("enforcers"))


@pytest.mark.asyncio
@pytest.mark.parametrize("name", EACH)
async def test_an_order_is_answered_by_its_id_and_the_same_when_repeated(name: str) -> None:
    async with RIGS[name]() as settings:
        enforcer = await opened(name, settings)
        receipt = await enforcer.enforce(ORDER)
        assert receipt.order == ORDER.id
        assert receipt.accepted == (name not in SPEAKS_TO_NOBODY)
        assert receipt.answer
        assert await enforcer.enforce(ORDER) == receipt
        await enforcer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", EACH)
async def test_one_that_watches_can_be_cancelled_and_closed_twice(name: str) -> None:
    async with RIGS[name]() as settings:
        enforcer = await opened(name, settings)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await enforcer.watch()
        await enforcer.close()
        await enforcer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", SPEAKERS)
async def test_a_switch_that_vanishes_is_lost(name: str) -> None:
    async with RIGS[name]() as settings:
        enforcer = await opened(name, settings)
    async with asyncio.timeout(20):
        with pytest.raises(DriverLost):
            await enforcer.watch()
    await enforcer.close()


@pytest.mark.asyncio
async def test_the_observer_says_that_nobody_was_told() -> None:
    driver = plugins.load("enforcers", "observe")
    enforcer = await driver.open("rig", driver.config())
    assert not (await enforcer.enforce(ORDER)).accepted
