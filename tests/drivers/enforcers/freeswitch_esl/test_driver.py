# SPDX-License-Identifier: Apache-2.0
"""A FreeSWITCH behind a twin on a real socket: calls stopped at every stage, and bad days."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import pytest_asyncio
from pydantic import ValidationError

from drivers.enforcers.freeswitch_esl import driver
from drivers.enforcers.freeswitch_esl.driver import Config, FreeSwitchEsl, open_enforcer
from edge.clock import now_ns
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.errors import DriverLost, EnforceError
from edge.model.answer import GO_ON, REJECTED, Answer
from edge.model.event import UNKNOWN_TRUNK, CallOffered
from edge.model.message import NO_FLOW
from edge.model.number import Number, Party
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.ports import Order
from tests.report.small_box import eventually
from tests.twins.freeswitch import FreeSwitch

PASSWORD = "a password"
REASON = 'SIP;cause=603;text="v=analytics1;id=QE-7"'
BLOCK = Answer(
    Action.BLOCK, 603, "Network Blocked", (("Reason", REASON), ("X-Desk", "a b")), cause=REJECTED
)
DIVERT = Answer(Action.DIVERT, 302, "To The Desk", contact="sip:desk@192.0.2.9", cause=REJECTED)
PHONES = (
    Party("from", Number("+447700900123", "447700900123")),
    Party("request-uri", Number("77172000001", "77172000001")),
)


def order(
    call_id: str = "one@192.0.2.1",
    answer: Answer = BLOCK,
    *,
    tag: str = "caller1",
    proto: str = "sip",
    within_s: float = 20,
) -> Order:
    octets = (
        "INVITE sip:77172000001@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        f"From: <sip:+447700900123@192.0.2.1>;tag={tag}\r\nTo: <sip:77172000001@192.0.2.2>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    (message,) = read_datagram(Unit("rig", LinkType.RAW, 1, octets), NO_FLOW, octets)
    assert isinstance(message, SipMessage)
    offer = CallOffered(1, call_id, 1, UNKNOWN_TRUNK, proto, *PHONES, PHONES, message)
    verdict = Verdict(answer.action, answer.action, Basis.LIST, "list.calling", Mode.ENFORCE)
    return Order(f"of {call_id}", offer, verdict, answer, now_ns() + int(within_s * 1e9))


@pytest_asyncio.fixture
async def switch() -> AsyncIterator[FreeSwitch]:
    one = FreeSwitch(PASSWORD)
    yield one
    one.close()


@asynccontextmanager
async def enforcer(switch: FreeSwitch, **more: object) -> AsyncIterator[FreeSwitchEsl]:
    settings = {"port": switch.port, "password": PASSWORD, "patience_ms": 50} | more
    opened = await open_enforcer("rig", Config.model_validate(settings))
    try:
        yield opened
    finally:
        await opened.close()


pytestmark = pytest.mark.asyncio
UP = [pytest.param(True, id="up before us"), pytest.param(False, id="up after us")]


@pytest.mark.parametrize("before", UP)
@pytest.mark.parametrize("answered", [False, True])
async def test_a_call_is_rejected(switch: FreeSwitch, before: bool, answered: bool) -> None:
    if before:
        come(switch, answered)
    async with enforcer(switch, patience_ms=20_000) as one:
        if not before:
            come(switch, answered)
        variables = switch.channels["leg-1"]
        receipt = await one.enforce(order())
    assert (receipt.accepted, receipt.answer) == (True, "uuid_kill: +OK")
    assert switch.gone == {"leg-1": "CALL_REJECTED"}
    assert variables["sip_reason"] == REASON
    assert variables["sip_rh_X-Desk"] == "a b"
    assert variables["sip_ignore_remote_cause"] == "true"


def come(switch: FreeSwitch, answered: bool) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    if answered:
        switch.answer("leg-1")


@pytest.mark.parametrize("before", UP)
@pytest.mark.parametrize(
    ("answered", "gone", "says"),
    [
        (False, "302 sip:desk@192.0.2.9", "uuid_transfer: +OK"),
        (True, "REFER sip:desk@192.0.2.9", "uuid_deflect: +OK Job-UUID"),
    ],
)
async def test_a_call_is_diverted(
    switch: FreeSwitch, before: bool, answered: bool, gone: str, says: str
) -> None:
    if before:
        come(switch, answered)
    async with enforcer(switch, patience_ms=20_000) as one:
        if not before:
            come(switch, answered)
            await eventually(
                lambda: any(c.answered is answered for c in one.calls.find("one@192.0.2.1"))
            )
        receipt = await one.enforce(order(answer=DIVERT))
    assert receipt.accepted
    assert receipt.answer.startswith(says)
    assert switch.gone == {"leg-1": gone}


async def test_a_call_that_we_hear_before_freeswitch_is_rejected(switch: FreeSwitch) -> None:
    async with enforcer(switch, patience_ms=20_000) as one, asyncio.TaskGroup() as group:
        told = group.create_task(one.enforce(order()))
        await asyncio.sleep(0)
        switch.offer("leg-0", "other@192.0.2.1")
        switch.offer("leg-1", "one@192.0.2.1")
        assert (await told).accepted
    assert switch.gone == {"leg-1": "CALL_REJECTED"}


async def test_other_calls_and_the_legs_that_freeswitch_made_are_left_alone(
    switch: FreeSwitch,
) -> None:
    switch.offer("leg-0", "other@192.0.2.1")
    switch.offer("leg-2", "one@192.0.2.1", "outbound")
    async with enforcer(switch) as one:
        switch.offer("leg-3", "one@192.0.2.1", "outbound")
        switch.offer("leg-1", "one@192.0.2.1")
        await one.enforce(order())
        with pytest.raises(EnforceError, match="no such call new@"):
            await one.enforce(order("new@192.0.2.1"))
    assert set(switch.gone) == {"leg-1"}
    assert "filter Call-Direction inbound" in switch.commands  # events of others cost us nothing


@pytest.mark.parametrize(("tag", "gone"), [("caller1", {"leg-1"}), ("nobody", set())])
async def test_of_two_calls_with_one_call_id_the_tag_tells(
    switch: FreeSwitch, tag: str, gone: set[str]
) -> None:
    async with enforcer(switch) as one:
        switch.offer("leg-1", "one@192.0.2.1")
        switch.offer("leg-2", "one@192.0.2.1", sip_full_from="<sip:x@192.0.2.7>;tag=thief")
        await eventually(lambda: len(one.calls) == 2)
        told = order(tag=tag)
        if gone:
            await one.enforce(told)
        else:
            with pytest.raises(EnforceError, match="which one"):
                await one.enforce(told)
    assert set(switch.gone) == gone


async def test_calls_that_end_are_forgotten(switch: FreeSwitch) -> None:
    async with enforcer(switch) as one:
        switch.offer("leg-1", "one@192.0.2.1")
        await eventually(lambda: len(one.calls) == 1)
        switch.hang_up("leg-1")
        await eventually(lambda: len(one.calls) == 0)
        with pytest.raises(EnforceError, match="no such call one@"):
            await one.enforce(order())


async def test_a_call_that_ends_while_it_is_told_of_is_not_claimed(switch: FreeSwitch) -> None:
    async with enforcer(switch) as one:
        switch.offer("leg-1", "one@192.0.2.1")
        await eventually(lambda: len(one.calls) == 1)
        del switch.channels["leg-1"]
        with pytest.raises(EnforceError, match="No such channel! for one@"):
            await one.enforce(order())


async def test_an_order_is_carried_out_once_however_often_it_is_told(switch: FreeSwitch) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    async with enforcer(switch) as one:
        async with asyncio.TaskGroup() as group:
            told = [group.create_task(one.enforce(order())) for _ in range(3)]
        assert {await task for task in told} == {await one.enforce(order())}
    assert [said for said in switch.commands if "uuid_kill" in said] == [
        "api uuid_kill leg-1 CALL_REJECTED"
    ]


async def test_several_orders_are_under_way_at_once(switch: FreeSwitch) -> None:
    names = [f"{n}@192.0.2.1" for n in range(50)]
    async with enforcer(switch, patience_ms=20_000) as one, asyncio.TaskGroup() as group:
        told = [group.create_task(one.enforce(order(name))) for name in names]
        await asyncio.sleep(0)
        for n, name in reversed(list(enumerate(names))):
            switch.offer(f"leg-{n}", name)
        assert [(await task).order for task in told] == [f"of {name}" for name in names]
    assert len(switch.gone) == 50


async def test_a_dry_run_looks_and_tells_nothing(switch: FreeSwitch) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    async with enforcer(switch, dry_run=True) as one:
        receipt = await one.enforce(order())
    assert (receipt.accepted, receipt.answer) == (False, "dry run: leg-1 not answered")
    assert not [said for said in switch.commands if "setvar" in said or "kill" in said]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: order(proto="isup"), "not a SIP call"),
        (lambda: order(answer=GO_ON), "is to go on"),
        (lambda: order(within_s=-1), "too late"),
        (lambda: order(answer=msgspec.structs.replace(DIVERT, contact="")), "no desk"),
    ],
)
async def test_what_cannot_be_told_is_not(
    switch: FreeSwitch, make: Callable[[], Order], why: str
) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    async with enforcer(switch) as one:
        with pytest.raises(EnforceError, match=why):
            await one.enforce(make())
    assert switch.gone == {}


async def test_a_switch_that_hangs_lets_the_call_through_and_is_lost(switch: FreeSwitch) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    async with enforcer(switch, look_s=0.2) as one:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await one.watch()
        switch.mute = True
        with pytest.raises(EnforceError, match="no answer in time for one@"):
            await one.enforce(order(within_s=0.1))
        async with asyncio.timeout(10):
            with pytest.raises(DriverLost, match="silent"):
                await one.watch()


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (b"", "hung up"),
        (
            b"Content-Type: text/disconnect-notice\nContent-Length: 13\n\nDisconnected.",
            "Disconnect",
        ),
        (b"Content-Length: x\n\n", "a body of x octets"),
    ],
)
async def test_a_line_that_ends_is_lost_at_once(switch: FreeSwitch, last: bytes, why: str) -> None:
    async with enforcer(switch, patience_ms=20_000) as one:
        async with asyncio.TaskGroup() as group:
            lost = group.create_task(lost_by(one))
            await eventually(lambda: switch.commands[-1] == "api status")
            switch.send(last)
            switch.drop()
            assert why in await lost
        with pytest.raises(DriverLost, match=why):
            await one.watch()


async def lost_by(one: FreeSwitchEsl) -> str:
    with pytest.raises(DriverLost) as why:
        await one.watch()
    return str(why.value)


async def test_who_waits_for_an_answer_when_the_line_ends_is_told(switch: FreeSwitch) -> None:
    switch.offer("leg-1", "one@192.0.2.1")
    async with enforcer(switch) as one, asyncio.TaskGroup() as group:
        switch.mute = True
        told = group.create_task(lost_order(one))
        await eventually(lambda: "uuid_kill" in switch.commands[-1])
        switch.drop()
        assert "hung up" in await told


async def lost_order(one: FreeSwitchEsl) -> str:
    with pytest.raises(DriverLost) as why:
        await one.enforce(order())
    return str(why.value)


@pytest.mark.parametrize(
    ("greeting", "password", "why"),
    [
        (b"Content-Type: auth/request\n\n", "wrong", "the login: -ERR invalid"),
        (
            b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n",
            PASSWORD,
            "Access Denied, go away",
        ),
        (b"", PASSWORD, "no answer"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    switch: FreeSwitch,
    monkeypatch: pytest.MonkeyPatch,
    greeting: bytes,
    password: str,
    why: str,
) -> None:
    monkeypatch.setattr(driver, "OPEN_S", 0.3)
    switch.greeting = greeting
    with pytest.raises(DriverLost, match=why):
        async with enforcer(switch, password=password):
            pass


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    with pytest.raises(DriverLost, match=f"127.0.0.1 port {port}"):
        await open_enforcer("rig", Config.model_validate({"port": port, "password": PASSWORD}))


@pytest.mark.parametrize("password", ["", "a\nb", "a\n\napi shutdown"])
async def test_a_password_is_one_line(password: str) -> None:
    with pytest.raises(ValidationError, match="one line"):
        Config.model_validate({"password": password})
