# SPDX-License-Identifier: Apache-2.0
"""An Asterisk told to stop calls: a twin that is newer than the one at hand, slow, deaf or gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import ValidationError

from drivers.enforcers.asterisk_ami import driver
from drivers.enforcers.asterisk_ami.driver import ASK_AGAIN_S, MOST_ASKED, AmiEnforcer, Config
from edge.errors import DriverLost, EnforceError
from edge.model.answer import GO_ON
from edge.model.verdict import Action
from tests.drivers.enforcers.asterisk_ami.telling import (
    BLOCKED,
    DIVERTED,
    opened,
    order,
    why_lost,
)
from tests.drivers.enforcers.asterisk_ami.twin import CALL_ID, Manager, manager
from tests.report.small_box import eventually

pytestmark = pytest.mark.asyncio
REFUSAL = "Response: Error\r\nMessage: No such channel\r\n"
NEWER = "Response: Success\r\nPJSIPHangup: Hangup an incoming PJSIP channel.  (Priv: call,all)\r\n"


@pytest_asyncio.fixture
async def pbx() -> AsyncIterator[Manager]:
    async with manager() as one:
        yield one


@pytest_asyncio.fixture
async def enforcer(pbx: Manager) -> AsyncIterator[AmiEnforcer]:
    async with opened(pbx.port) as one:
        yield one


async def test_the_secret_is_proved_and_never_sent(pbx: Manager, enforcer: AmiEnforcer) -> None:
    challenge, login, *_ = pbx.actions
    assert (challenge["AuthType"], login["Username"], login["Events"]) == ("MD5", "qalqan", "call")
    assert len(login["Key"]) == 32
    assert "a-secret" not in str(pbx.actions)


@pytest.mark.parametrize("answer", [BLOCKED, DIVERTED], ids=["block", "divert"])
async def test_an_order_given_twice_at_once_and_again_is_told_once(pbx: Manager, answer) -> None:
    async with opened(pbx.port, desk_context="desk", desk_extension="700") as enforcer:
        channel = pbx.ring(1, "a@192.0.2.1")
        async with asyncio.TaskGroup() as group:
            both = [
                group.create_task(enforcer.enforce(order("a@192.0.2.1", answer))) for _ in range(2)
            ]
        receipts = {task.result() for task in both}
        assert receipts == {await enforcer.enforce(order("a@192.0.2.1", answer))}
    told = pbx.asked("Hangup") + pbx.asked("Redirect")
    assert [action["Channel"] for action in told] == [channel]
    if answer.action is Action.DIVERT:
        assert (told[0]["Context"], told[0]["Exten"], told[0]["Priority"]) == ("desk", "700", "1")


async def test_several_are_under_way_and_each_hears_its_own_answer(
    pbx: Manager, enforcer: AmiEnforcer
) -> None:
    for number in range(20):
        pbx.ring(number, f"call-{number}")
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(enforcer.enforce(order(f"call-{n}"))) for n in range(20)]
    for number, task in enumerate(told):
        assert f"PJSIP/trunk-{number:08x}" in task.result().answer


async def test_where_it_can_a_newer_one_says_the_very_status(pbx: Manager) -> None:
    pbx.answers |= {"ListCommands": NEWER, "PJSIPHangup": "Response: Success\r\n"}
    async with opened(pbx.port) as enforcer, asyncio.TaskGroup() as group:
        pbx.ring(1, "a")
        told = group.create_task(enforcer.enforce(order("a")))
        async with asyncio.timeout(5):
            while not pbx.asked("PJSIPHangup"):  # noqa: ASYNC110 - the twin has no news to await
                await asyncio.sleep(0)
        pbx.hang_up(1)
    assert "PJSIPHangup of PJSIP/trunk-00000001, Cause 603" in told.result().answer
    assert not pbx.asked("Hangup")


@pytest.mark.parametrize(
    ("call", "answer", "tried"),
    [
        ({"state": "4"}, BLOCKED, ["603"]),  # it says that it did, and the call goes on
        ({"state": "6"}, BLOCKED, []),  # answered: no status can be said any more
    ],
    ids=["in vain", "answered"],
)
async def test_where_no_status_can_be_said_the_call_is_hung_up_with_the_cause(
    pbx: Manager, call: dict[str, str], answer, tried: list[str]
) -> None:
    pbx.answers |= {"ListCommands": NEWER, "PJSIPHangup": "Response: Success\r\n"}
    async with opened(pbx.port) as enforcer:
        pbx.ring(1, "a", **call)
        assert (await enforcer.enforce(order("a", answer))).accepted
    assert [action["Cause"] for action in pbx.asked("PJSIPHangup")] == tried
    assert [action["Cause"] for action in pbx.asked("Hangup")] == ["21"]


@pytest.mark.parametrize(
    ("answers", "answer", "why"),
    [
        ({"Hangup": REFUSAL}, BLOCKED, "No such channel to Hangup of PJSIP/trunk-00000001"),
        ({"Hangup": None}, BLOCKED, "no answer about it in time"),
        ({}, DIVERTED, "no desk_context"),
        ({}, GO_ON, "nothing that a switch is told"),
    ],
)
async def test_what_is_not_done_is_said_and_may_be_tried_again(
    pbx: Manager, enforcer: AmiEnforcer, answers: dict[str, str | None], answer, why: str
) -> None:
    pbx.ring(1, "a")
    earlier, pbx.answers = pbx.answers, pbx.answers | answers
    with pytest.raises(EnforceError, match=why):
        await enforcer.enforce(order("a", answer, within_s=0.1))
    pbx.answers = earlier
    assert (await enforcer.enforce(order("a"))).accepted


@pytest.mark.parametrize(
    ("call", "within_s", "why"),
    [("b", 0.05, "no channel with Call-ID b in time"), ("a", -1.0, "too late for a")],
)
async def test_at_the_deadline_the_call_goes_through(
    pbx: Manager, enforcer: AmiEnforcer, call: str, within_s: float, why: str
) -> None:
    pbx.ring(1, "a")
    with pytest.raises(EnforceError, match=why):
        await enforcer.enforce(order(call, within_s=within_s))
    assert not pbx.asked("Hangup")


async def test_calls_of_other_endpoints_are_not_ours(pbx: Manager) -> None:
    async with opened(pbx.port, endpoints=["trunk"]) as enforcer:
        pbx.ring(1, "a", endpoint="office")
        with pytest.raises(EnforceError, match="no channel with Call-ID a"):
            await enforcer.enforce(order("a", within_s=0.05))
        pbx.ring(2, "a")
        assert "PJSIP/trunk-00000002" in (await enforcer.enforce(order("a"))).answer


async def test_a_second_call_with_the_same_call_id_does_not_save_the_first(
    pbx: Manager, enforcer: AmiEnforcer
) -> None:
    channel = pbx.ring(1, "a", called="77172000001")
    pbx.ring(2, "a", called="77172000009")
    pbx.ring(3, "b")
    await enforcer.enforce(order("b"))
    await enforcer.enforce(order("a"))
    assert pbx.asked("Hangup")[1]["Channel"] == channel


async def test_a_dry_run_finds_the_call_and_tells_nothing(pbx: Manager) -> None:
    async with opened(pbx.port, dry_run=True) as enforcer:
        pbx.ring(1, "a")
        receipt = await enforcer.enforce(order("a"))
    assert not receipt.accepted
    assert receipt.answer == "dry run: PJSIP/trunk-00000001 would be stopped (block)"
    assert not pbx.asked("Hangup")


async def test_it_is_lost_when_it_hangs_up(pbx: Manager, enforcer: AmiEnforcer) -> None:
    async with asyncio.TaskGroup() as group:
        ways = (enforcer.watch(), enforcer.enforce(order("never")))
        both = [group.create_task(why_lost(way)) for way in ways]
        await asyncio.sleep(0)
        pbx.vanish()
    (why,) = {task.result() for task in both}
    assert why.startswith("asterisk 127.0.0.1: ")
    assert await why_lost(enforcer.enforce(order("a"))) == why


async def test_it_is_lost_when_it_is_silent(pbx: Manager) -> None:
    async with opened(pbx.port, look_s=0.2) as enforcer:
        watching = asyncio.timeout(1.0)
        with pytest.raises(TimeoutError):
            async with watching:
                await enforcer.watch()
        assert len(pbx.asked("Ping")) > 2
        pbx.answers["Ping"] = None
        assert await why_lost(enforcer.watch()) == "asterisk 127.0.0.1: no answer to Ping"


async def test_what_is_no_asterisk_is_lost() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    with pytest.raises(DriverLost, match="no banner of a manager interface"):
        async with opened(server.sockets[0].getsockname()[1]):
            pass
    server.close()
    await server.wait_closed()


async def test_one_that_never_answers_is_lost(
    pbx: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "ANSWER_S", 0.05)
    pbx.answers["Login"] = None
    with pytest.raises(DriverLost, match="no answer to Login"):
        async with opened(pbx.port):
            pass


async def test_a_channel_that_has_none_yet_is_asked_again(
    pbx: Manager, enforcer: AmiEnforcer
) -> None:
    channel = pbx.ring(7, "")
    await eventually(lambda: len(pbx.call_ids_asked) > 1)
    pbx.calls[channel] = "late-1"
    assert (await enforcer.enforce(order("late-1"))).accepted


async def test_a_channel_without_one_is_not_asked_for_ever(
    pbx: Manager, enforcer: AmiEnforcer
) -> None:
    pbx.ring(7, "")
    await eventually(lambda: len(pbx.call_ids_asked) == MOST_ASKED)
    with pytest.raises(EnforceError, match="no channel"):
        await enforcer.enforce(order("none-1", within_s=3 * ASK_AGAIN_S))
    assert len(pbx.call_ids_asked) == MOST_ASKED


async def test_a_channel_is_asked_for_its_call_id_once(pbx: Manager, enforcer: AmiEnforcer) -> None:
    pbx.ring(1, "a")
    pbx.ring(1, "a")
    await enforcer.enforce(order("a"))
    assert pbx.call_ids_asked == [CALL_ID]


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "q\r\nAction: Originate"},
        {"user": ""},
        {"user": "q", "desk_context": "a b"},
        {"user": "q", "endpoints": ["a\n"]},
        {"user": "q", "port": 0},
        {"user": "q", "host": ""},
        {"user": "q", "look_s": 0},
    ],
)
async def test_what_is_no_setting(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"secret": "s", **wrong})
