# SPDX-License-Identifier: Apache-2.0
"""An exchange behind its command port: done, refused, slow, deaf, chatty, logged out, unplugged."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.enforcers.serial_mml import driver
from drivers.enforcers.serial_mml.driver import Config, MmlEnforcer, open_enforcer
from edge import config
from edge.errors import ConfigError, DriverLost, EnforceError
from edge.model.answer import GO_ON, Answer
from edge.ports import Receipt
from tests.drivers.enforcers.serial_mml.calls import BLOCKED, DIVERTED, iam, order, setup
from tests.twins.exchange import ALARM, Exchange

pytestmark = pytest.mark.asyncio
RELEASE = {
    "send": "RELCALL:CIC={cic},OPC={opc},DPC={dpc},CAUSE={cause};",
    "expect": "EXECUTED",
    "refuse": "NOT ACCEPTED|FAULT",
    "within_s": 0.5,
}
LOGIN = [
    {"expect": "^LOGIN:", "send": "{user}"},
    {"expect": "PASSWORD:", "send": "{password}"},
]
DONE = "RELCALL:CIC=5,OPC=2057,DPC=2058,CAUSE=21;"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "WAKE_S", 0.1)


@pytest.fixture
def make_exchange() -> Iterator[type[Exchange]]:
    made: list[Exchange] = []

    class Kept(Exchange):
        def __init__(self, *account: str) -> None:
            super().__init__(*account)
            made.append(self)

    yield Kept
    for one in made:
        one.close()


@asynccontextmanager
async def opened(exchange: Exchange, **more) -> AsyncIterator[MmlEnforcer]:
    settings = {"port": exchange.port, "prompt": "<", "release": [RELEASE], **more}
    enforcer = await open_enforcer("exchange", Config.model_validate(settings))
    try:
        yield enforcer
    finally:
        await enforcer.close()


@pytest.mark.parametrize("echoes", [True, False], ids=["echo", "no echo"])
async def test_a_circuit_is_released_and_no_other(make_exchange, echoes: bool) -> None:
    exchange = make_exchange()
    exchange.echoes = echoes
    async with opened(exchange) as enforcer:
        receipt = await enforcer.enforce(order())
    assert receipt == Receipt("order-1", accepted=True, answer=f"EXECUTED CIC=5 to {DONE}")
    assert exchange.released == [(5, 2057, 2058, 21)]
    assert exchange.up == {(6, 2057, 2058)}


@pytest.mark.parametrize(
    ("message", "step", "why"),
    [
        (iam(cic=9), {}, "NOT ACCEPTED to RELCALL:CIC=9"),
        (iam(), {"send": "RELEASE {cic}"}, "NOT ACCEPTED to RELEASE 5"),
        (iam(), {"refuse": "FAULT", "send": "REL {cic}"}, "FAULT 1 SYNTAX to REL 5"),
        (iam(), {"expect": "DONE", "refuse": ""}, "no answer to RELCALL:CIC=5"),
    ],
    ids=["wrong circuit", "syntax", "another refusal", "an answer that is not expected"],
)
async def test_what_is_not_done_is_said_and_not_tried_again(
    make_exchange, message, step: dict[str, object], why: str
) -> None:
    exchange = make_exchange()
    async with opened(exchange, release=[RELEASE | step]) as enforcer:
        for _ in range(2):
            with pytest.raises(EnforceError, match=why):
                await enforcer.enforce(order(message))
    assert len(exchange.commands) == 1


async def test_an_order_is_told_once_however_often_it_is_given(make_exchange) -> None:
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        async with asyncio.TaskGroup() as group:
            several = [group.create_task(enforcer.enforce(order())) for _ in range(3)]
        receipts = {task.result() for task in several}
        exchange.up.add((5, 2057, 2058))  # the next call on the same circuit
        assert receipts == {await enforcer.enforce(order())}
    assert exchange.commands == [DONE]


async def test_one_order_at_a_time_is_on_the_line(make_exchange) -> None:
    exchange = make_exchange()
    exchange.delay_s = 0.05
    exchange.up = {(cic, 2057, 2058) for cic in range(1, 6)}
    async with opened(exchange) as enforcer, asyncio.TaskGroup() as group:
        told = [
            group.create_task(enforcer.enforce(order(iam(cic), told=f"{cic}")))
            for cic in range(1, 6)
        ]
    assert [task.result().answer[:14] for task in told] == [
        f"EXECUTED CIC={cic}" for cic in range(1, 6)
    ]


async def test_late_answers_are_not_taken_for_those_of_the_next_order(make_exchange) -> None:
    exchange = make_exchange()
    async with opened(exchange, release=[RELEASE | {"within_s": 0.05}]) as enforcer:
        exchange.delay_s = 0.2
        with pytest.raises(EnforceError, match="no answer to RELCALL:CIC=5"):
            await enforcer.enforce(order())
        exchange.delay_s = 0.0
        with pytest.raises(EnforceError, match="NOT ACCEPTED to RELCALL:CIC=9"):
            await enforcer.enforce(order(iam(9), told="order-2"))
        with pytest.raises(EnforceError, match="no answer to RELCALL:CIC=5"):
            await enforcer.enforce(order())
    assert exchange.released == [(5, 2057, 2058, 21)]


@pytest.mark.parametrize(
    ("within_s", "deaf", "why"),
    [
        (-1.0, False, "too late for 2057-2058-5"),
        (0.2, True, "not done in time"),
    ],
)
async def test_at_the_deadline_the_call_goes_through(
    make_exchange, within_s: float, deaf: bool, why: str
) -> None:
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        exchange.say("\r\n?")
        exchange.deaf = deaf
        await asyncio.sleep(0.02)
        with pytest.raises(EnforceError, match=why):
            await enforcer.enforce(order(within_s=within_s))
        assert exchange.commands == []
        exchange.deaf = False
        assert (await enforcer.enforce(order())).accepted


async def test_alarms_in_the_middle_of_an_answer_are_no_answer(make_exchange) -> None:
    exchange = make_exchange()
    exchange.alarm = ALARM
    async with opened(exchange, ignore=r"^\*\*\*.*\n") as enforcer:
        assert (await enforcer.enforce(order())).accepted


@pytest.mark.parametrize("garbage", ["\xff\xfe\x00", "\r\nEXECUTED\r\n", ALARM, "~" * 40_000])
async def test_garbage_between_two_orders(make_exchange, garbage: str) -> None:
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        while garbage:
            with contextlib.suppress(BlockingIOError):  # the driver has not read the rest yet
                garbage = garbage[exchange.say(garbage[:2000]) :]
            await asyncio.sleep(0.001)
        with pytest.raises(EnforceError, match="NOT ACCEPTED to RELCALL:CIC=9"):
            await enforcer.enforce(order(iam(9)))
        assert (await enforcer.enforce(order(told="order-2"))).accepted


@pytest.mark.parametrize("called", ["1;DELSUB:ALL", "1\rDELSUB", "1,CIC=6", '1"', "*", "1 2"])
async def test_no_number_becomes_a_command(make_exchange, called: str) -> None:
    exchange = make_exchange()
    by_number = RELEASE | {"send": "RELCALL:CIC={cic},B={called};"}
    async with opened(exchange, release=[by_number]) as enforcer:
        with pytest.raises(EnforceError, match=r"\{called\} of the call: .* has no place"):
            await enforcer.enforce(order(called=called))
    assert exchange.commands == []


@pytest.mark.parametrize(
    ("message", "answer", "why"),
    [
        (setup(), BLOCKED, r"\{cic\} of the call: is unknown"),
        (iam(), DIVERTED, "no command for divert"),
        (iam(), GO_ON, "no command for allow"),
    ],
)
async def test_what_there_is_no_command_for(make_exchange, message, answer: Answer, why) -> None:
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        with pytest.raises(EnforceError, match=why):
            await enforcer.enforce(order(message, answer))
    assert exchange.commands == []


async def test_an_order_of_several_commands_ends_at_the_first_that_is_refused(
    make_exchange,
) -> None:
    exchange = make_exchange()
    steps = [RELEASE, RELEASE, RELEASE | {"send": "NEVER;"}]
    async with opened(exchange, divert=steps) as enforcer:
        with pytest.raises(EnforceError, match="NOT ACCEPTED to RELCALL"):
            await enforcer.enforce(order(answer=DIVERTED))
    assert exchange.commands == [DONE, DONE]


async def test_a_dry_run_says_what_it_would_send(make_exchange) -> None:
    exchange = make_exchange()
    async with opened(exchange, dry_run=True) as enforcer:
        receipt = await enforcer.enforce(order())
    assert receipt == Receipt("order-1", accepted=False, answer=f"dry run: {DONE}")
    assert exchange.commands == []


async def test_it_logs_in_and_again_when_it_was_logged_out_and_out_at_the_end(
    make_exchange,
) -> None:
    exchange = make_exchange("clerk", "pass{word}; 1")
    more = {"login": LOGIN, "user": "clerk", "password": "pass{word}; 1", "logout": ["EXIT;"]}
    async with opened(exchange, **more) as enforcer:
        exchange.log_out()
        assert (await enforcer.enforce(order())).accepted
    async with asyncio.timeout(5):
        while exchange.commands[-1] != "EXIT;":  # noqa: ASYNC110 - the twin has no news to await
            await asyncio.sleep(0)
    assert exchange.logins == 2


async def test_a_wrong_password_is_tried_once_and_never_shown(make_exchange) -> None:
    exchange = make_exchange("clerk", "right")
    known = {"login": LOGIN, "user": "clerk", "password": "wr0ng", "logout": ["EXIT;"]}
    with pytest.raises(DriverLost, match="user 'clerk' is not let in") as why:
        async with opened(exchange, **known):
            pass
    assert exchange.logins == 1
    assert exchange._login == []  # nor was it told EXIT;
    with pytest.raises(BlockingIOError):
        exchange._read()
    assert "wr0ng" not in str(why.value)


async def test_one_that_shows_no_prompt_is_lost(make_exchange, monkeypatch) -> None:
    monkeypatch.setattr(driver, "OPEN_S", 0.3)
    exchange = make_exchange()
    exchange.deaf = True
    with pytest.raises(DriverLost, match=r"no prompt in 0\.3 s"):
        async with opened(exchange):
            pass


async def test_one_that_falls_silent_is_lost(make_exchange, monkeypatch) -> None:
    monkeypatch.setattr(driver, "OPEN_S", 0.3)
    exchange = make_exchange()
    async with opened(exchange, look_s=0.02) as enforcer:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await enforcer.watch()
        assert (await enforcer.enforce(order())).accepted
        exchange.deaf = True
        with pytest.raises(DriverLost, match="no prompt"):
            await enforcer.watch()


async def test_one_that_is_unplugged_is_lost_in_the_middle_of_an_order(make_exchange) -> None:
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        exchange.deaf = True

        async def lost(way) -> str:
            with pytest.raises(DriverLost) as why:
                await way
            return str(why.value)

        async with asyncio.TaskGroup() as group:
            both = [
                group.create_task(lost(way))
                for way in (enforcer.watch(), enforcer.enforce(order()))
            ]
            while not exchange.commands:  # noqa: ASYNC110 - the twin has no news to await
                await asyncio.sleep(0)
            exchange.unplug()
        (why,) = {task.result() for task in both}
        assert why.startswith(f"{exchange.port}: ")


async def test_what_is_remembered_is_bounded(make_exchange, monkeypatch) -> None:
    monkeypatch.setattr(driver, "MAX_TOLD", 2)
    exchange = make_exchange()
    async with opened(exchange) as enforcer:
        for number in range(4):
            exchange.up.add((5, 2057, 2058))
            await enforcer.enforce(order(told=f"{number}"))
    assert list(enforcer._told) == ["2", "3"]


@pytest.mark.parametrize(
    ("address", "error"),
    [("/dev/no-such-line", DriverLost), ("nonsense://1", ConfigError)],
)
async def test_what_is_no_line(address: str, error: type[Exception]) -> None:
    settings = {"port": address, "prompt": "<", "release": [RELEASE]}
    with pytest.raises(error, match=address):
        await open_enforcer("exchange", Config.model_validate(settings))


TABLE = """
[node]
name = "north"

[enforcer.exchange]
driver = "serial_mml"
port = "/dev/ttyS0"
prompt = '<'
release = [{ send = "REL:{cic};", expect = "EXECUTED" }]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        (
            "{cic}",
            "{cicc}",
            "^qalqan.toml:9: enforcer.exchange.release.0.send: .* placeholder {cicc}",
        ),
        ('"EXECUTED"', '"EXECUTED("', "expect: .*no regular expression: missing"),
        ("'<'", "'['", "exchange.prompt: .*no regular expression"),
        ("expect =", "expects =", "expects: unknown key; did you mean 'expect'"),
        (
            '[{ send = "REL:{cic};", expect = "EXECUTED" }]',
            "[]",
            "exchange.release: .*at least one command",
        ),
    ],
)
async def test_what_is_wrong_in_the_dialogue_is_named(right: str, wrong: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        config.parse(TABLE.replace(right, wrong), Path("qalqan.toml"))
