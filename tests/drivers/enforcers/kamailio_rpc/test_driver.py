# SPDX-License-Identifier: Apache-2.0
"""Calls through a real Kamailio, between SIPp and SIPp, stopped at every stage; and bad days."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from drivers.enforcers.kamailio_rpc.driver import Config, KamailioRpc, open_enforcer
from edge.errors import DriverLost, EnforceError
from edge.model.answer import GO_ON, Answer
from edge.model.verdict import Action
from edge.ports import Order
from tests.drivers.enforcers.kamailio_rpc.between import between
from tests.drivers.enforcers.kamailio_rpc.orders import BLOCK, DIVERT, REASON, order
from tests.drivers.enforcers.kamailio_rpc.phones import call
from tests.drivers.enforcers.kamailio_rpc.switch import Kamailio, invite, running, waiting_call

REAL = pytest.mark.peer("kamailio")
PHONES = pytest.mark.peer("kamailio", "sipp")


@pytest.fixture(scope="module")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with running(tmp_path_factory.mktemp("kamailio")) as one:
        yield one


@asynccontextmanager
async def enforcer(endpoint: str, **more: object) -> AsyncIterator[KamailioRpc]:
    opened = await open_enforcer("rig", Config.model_validate({"endpoint": endpoint, **more}))
    try:
        yield opened
    finally:
        await opened.close()


@PHONES
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["waits", "rings"])
async def test_a_call_before_its_answer_is_rejected_and_nobody_rings_on(
    kamailio: Kamailio, tmp_path: Path, mode: str
) -> None:
    async with (
        enforcer(kamailio.endpoint) as one,
        call(kamailio, tmp_path, f"{mode}@192.0.2.1", mode) as (caller, callee),
    ):
        receipt = await one.enforce(order(f"{mode}@192.0.2.1"))
        assert (receipt.accepted, receipt.answer) == (True, "tm.reply_callid: answered 603")
        assert await caller.ended()
        assert await callee.ended()
    assert caller.heard("SIP/2.0 603 Network Blocked") == 1
    assert caller.heard(f"Reason: {REASON}") == 1
    assert caller.heard("Call-Info: <https://example.test>;purpose=jwscard") == 1
    assert callee.heard("CANCEL") == 1


@PHONES
@pytest.mark.asyncio
async def test_an_answered_call_is_ended_for_both(kamailio: Kamailio, tmp_path: Path) -> None:
    async with (
        enforcer(kamailio.endpoint) as one,
        call(kamailio, tmp_path, "talks@192.0.2.1", "answers") as (caller, callee),
    ):
        async with asyncio.timeout(20):
            while not callee.heard("ACK "):  # noqa: ASYNC110 - SIPp tells nobody
                await asyncio.sleep(0.01)
        with pytest.raises(EnforceError, match="too late to divert"):
            await one.enforce(order("talks@192.0.2.1", DIVERT, name="divert"))
        receipt = await one.enforce(order("talks@192.0.2.1"))
        assert (receipt.accepted, receipt.answer) == (True, "dlg.end_dlg: BYE to both")
        for phone in (caller, callee):
            assert await phone.ended()
            assert phone.heard("BYE") == phone.heard(f"Reason: {REASON}") == 1


@PHONES
@pytest.mark.asyncio
async def test_a_call_is_diverted_to_the_desk(kamailio: Kamailio, tmp_path: Path) -> None:
    async with (
        enforcer(kamailio.endpoint) as one,
        call(kamailio, tmp_path, "divert@192.0.2.1", "rings") as (caller, callee),
    ):
        assert (await one.enforce(order("divert@192.0.2.1", DIVERT))).accepted
        assert await caller.ended()
        assert await callee.ended()
    assert caller.heard("SIP/2.0 302 To The Desk") == 1
    assert caller.heard("Contact: <sip:desk@192.0.2.9>") == 1


@PHONES
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["rings", "answers"])
async def test_another_call_of_the_same_numbers_goes_on(
    kamailio: Kamailio, tmp_path: Path, mode: str
) -> None:
    async with (
        enforcer(kamailio.endpoint) as one,
        call(kamailio, tmp_path, f"left-{mode}@192.0.2.1", mode) as (left, left_callee),
        call(kamailio, tmp_path, f"gone-{mode}@192.0.2.1", mode) as (gone, _),
    ):
        await one.enforce(order(f"gone-{mode}@192.0.2.1"))
        assert await gone.ended()
        (listed,) = kamailio.ask("dlg.list_match", "callid", "eq", f"left-{mode}@192.0.2.1")[
            "result"
        ]
        assert listed["state"] == {"rings": 2, "answers": 4}[mode]
        assert left.process.returncode is left_callee.process.returncode is None
        assert left.heard("SIP/2.0 603") == left.heard("BYE") == left_callee.heard("CANCEL") == 0


@REAL
@pytest.mark.asyncio
async def test_only_the_attempt_of_the_order_is_rejected(kamailio: Kamailio) -> None:
    """The same call offered anew, as after a challenge: Call-ID and tag are the same."""
    with waiting_call(kamailio, "anew@192.0.2.1") as caller:
        caller.send(invite("anew@192.0.2.1", 9, cseq=2))
        async with enforcer(kamailio.endpoint) as one:
            await one.enforce(order("anew@192.0.2.1", cseq=1))
        heard = b""
        while b"SIP/2.0 603" not in heard:
            heard = caller.recv(65_535)
        assert b"CSeq: 1 INVITE" in heard
        other = kamailio.ask("tm.reply_callid", 603, "No", "anew@192.0.2.1", "2", "tag", "")
        assert other["result"] == {}, "the other waited still"


@PHONES
@pytest.mark.asyncio
async def test_the_tag_of_another_caller_ends_no_answered_call(
    kamailio: Kamailio, tmp_path: Path
) -> None:
    async with (
        enforcer(kamailio.endpoint, patience_ms=0) as one,
        call(kamailio, tmp_path, "tag@192.0.2.1", "answers") as (caller, _),
    ):
        with pytest.raises(EnforceError, match="for tag@192"):
            await one.enforce(order("tag@192.0.2.1", tag="stranger"))
        assert caller.process.returncode is None
        assert caller.heard("BYE") == 0


@REAL
@pytest.mark.asyncio
async def test_a_call_that_kamailio_hears_after_us_is_rejected(kamailio: Kamailio) -> None:
    async with enforcer(kamailio.endpoint, patience_ms=20_000) as one, asyncio.TaskGroup() as group:
        told = group.create_task(one.enforce(order("late@192.0.2.1")))
        await asyncio.sleep(0)
        with waiting_call(kamailio, "late@192.0.2.1"):
            assert (await told).accepted


@REAL
@pytest.mark.asyncio
async def test_an_unknown_call_is_said_to_be_so(kamailio: Kamailio) -> None:
    async with enforcer(kamailio.endpoint, patience_ms=100) as one:
        with pytest.raises(EnforceError, match=r"no such call nobody@192\.0\.2\.1"):
            await one.enforce(order("nobody@192.0.2.1"))


@REAL
@pytest.mark.asyncio
async def test_no_value_brings_a_header_of_its_own(kamailio: Kamailio) -> None:
    evil = Answer(
        Action.DIVERT,
        302,
        "One\r\nEvil: 1",
        (("Reason", "SIP\r\nEvil: 2"), ("Evil: 3\r\nX", "y")),
        "sip:a@192.0.2.9>\r\nEvil: 4",
    )
    with waiting_call(kamailio, "evil@192.0.2.1") as caller:
        async with enforcer(kamailio.endpoint) as one:
            await one.enforce(order("evil@192.0.2.1", evil))
        heard = b""
        while b"SIP/2.0 302" not in heard:
            heard = caller.recv(65_535)
    lines = heard.decode().split("\r\n")
    assert lines[0] == "SIP/2.0 302 One Evil: 1"
    assert not [line for line in lines if line.startswith("Evil:")]
    assert {"Reason: SIP Evil: 2", "Evil3X: y", "Contact: <sip:a@192.0.2.9Evil:4>"} <= set(lines)


@REAL
@pytest.mark.asyncio
async def test_orders_come_over_a_unix_socket_as_well(tmp_path: Path) -> None:
    with running(tmp_path, unix=True) as kamailio, waiting_call(kamailio, "unix@192.0.2.1"):
        async with enforcer(kamailio.endpoint) as one:
            assert (await one.enforce(order("unix@192.0.2.1"))).accepted


@REAL
@pytest.mark.asyncio
async def test_a_kamailio_that_hangs_lets_the_call_through_and_one_that_died_is_lost(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as kamailio:
        async with enforcer(kamailio.endpoint, look_s=0.2) as one:
            kamailio.signal(signal.SIGSTOP)
            with pytest.raises(EnforceError, match="no answer in time for one@"):
                await one.enforce(order("one@192.0.2.1", within_s=0.2))
            kamailio.signal(signal.SIGCONT)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await one.watch()
            kamailio.close()
            async with asyncio.timeout(10):
                with pytest.raises(DriverLost, match="silent"):
                    await one.watch()


@REAL
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("questions", "answers", "says"),
    [(2, 0, "tm.reply_callid: answered 603"), (0, 1, "answered before: Reply failed")],
)
async def test_what_the_network_loses_is_asked_again(
    kamailio: Kamailio, questions: int, answers: int, says: str
) -> None:
    call_id = f"lost-{questions}@192.0.2.1"
    async with between(kamailio) as middle, enforcer(middle.endpoint) as one:
        middle.drop_questions, middle.drop_answers = questions, answers
        with waiting_call(kamailio, call_id):
            receipt = await one.enforce(order(call_id))
    assert (receipt.accepted, receipt.answer) == (True, says)


@REAL
@pytest.mark.asyncio
async def test_an_order_is_carried_out_once_however_often_it_is_told(kamailio: Kamailio) -> None:
    async with between(kamailio) as middle, enforcer(middle.endpoint) as one:
        with waiting_call(kamailio, "once@192.0.2.1"):
            async with asyncio.TaskGroup() as group:
                told = [group.create_task(one.enforce(order("once@192.0.2.1"))) for _ in range(3)]
            assert {await task for task in told} == {await one.enforce(order("once@192.0.2.1"))}
    assert middle.asked == ["core.version", "tm.reply_callid"]


@REAL
@pytest.mark.asyncio
async def test_several_orders_are_under_way_at_once(kamailio: Kamailio) -> None:
    names = [f"many-{n}@192.0.2.1" for n in range(5)]
    async with enforcer(kamailio.endpoint, patience_ms=20_000) as one, asyncio.TaskGroup() as group:
        told = [group.create_task(one.enforce(order(name))) for name in names]
        await asyncio.sleep(0)
        for name, task in reversed(list(zip(names, told, strict=True))):
            with waiting_call(kamailio, name):
                assert (await task).order == f"of {name}"


@PHONES
@pytest.mark.asyncio
async def test_a_dry_run_looks_and_tells_nothing(kamailio: Kamailio, tmp_path: Path) -> None:
    async with (
        between(kamailio) as middle,
        enforcer(middle.endpoint, dry_run=True) as one,
        call(kamailio, tmp_path, "dry@192.0.2.1", "answers"),
    ):
        receipt = await one.enforce(order("dry@192.0.2.1"))
        assert (receipt.accepted, receipt.answer) == (False, "dry run: dry@192.0.2.1 answered")
        assert "waits" in (await one.enforce(order("wet@192.0.2.1"))).answer
    assert set(middle.asked) == {"core.version", "dlg.list_match"}


@REAL
@pytest.mark.asyncio
async def test_what_has_ended_before_is_not_claimed(kamailio: Kamailio) -> None:
    async with enforcer(kamailio.endpoint, patience_ms=0) as one:
        with waiting_call(kamailio, "over@192.0.2.1"):
            kamailio.ask("tm.reply_callid", 486, "Busy", "over@192.0.2.1", "1", "tag", "")
            with pytest.raises(EnforceError, match="Reply failed for over@"):
                await one.enforce(order("over@192.0.2.1"))


def of(proto: str, **fields: object) -> Order:
    """Return an order for a call of another kind."""

    class Said:
        def fields(self) -> dict[str, object]:
            return fields

    good = order("odd@192.0.2.1")
    offer = msgspec.structs.replace(good.call, proto=proto, message=Said())
    return msgspec.structs.replace(good, call=offer)


@REAL
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: of("isup", cseq="1 INVITE"), "not a SIP call"),
        (lambda: of("sip"), "without CSeq"),
        (lambda: of("sip", cseq="one INVITE"), "without CSeq"),
        (lambda: of("sip", cseq="\u0661 INVITE"), "not a SIP call"),
        (lambda: order("odd@192.0.2.1", GO_ON), "is to go on"),
        (
            lambda: order("odd@192.0.2.1", msgspec.structs.replace(BLOCK, status=200)),
            "is to go on: 200",
        ),
        (lambda: order("odd@192.0.2.1", within_s=-1), "too late"),
        (
            lambda: order("odd@192.0.2.1", msgspec.structs.replace(BLOCK, phrase="x" * 66_000)),
            "no datagram",
        ),
    ],
)
async def test_what_cannot_be_told_is_not(
    kamailio: Kamailio, make: Callable[[], Order], why: str
) -> None:
    async with between(kamailio) as middle, enforcer(middle.endpoint) as one:
        with pytest.raises(EnforceError, match=why):
            await one.enforce(make())
    assert middle.asked == ["core.version"]


@REAL
@pytest.mark.asyncio
async def test_who_is_closed_is_lost(kamailio: Kamailio) -> None:
    async with enforcer(kamailio.endpoint, patience_ms=20_000) as one:
        async with asyncio.TaskGroup() as group:
            told = group.create_task(lost(one, order("closed@192.0.2.1")))
            await asyncio.sleep(0)
            await one.close()
            assert "closed" in await told
        await one.close()
        with pytest.raises(DriverLost, match="closed"):
            await one.watch()


async def lost(one: KamailioRpc, told: Order) -> str:
    with pytest.raises(DriverLost) as why:
        await one.enforce(told)
    return str(why.value)
