# SPDX-License-Identifier: Apache-2.0
"""A question goes to the hub as it is, and an answer comes back; without a hub nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.errors import DriverLost
from edge.process.question import CORE, UPLINK, Answer, Letters, Question
from edge.report.message import Hub, RoamAsk
from edge.report.port import Inbound, Outbound
from edge.report.roam import Roam
from edge.report.topic import ROAM, down, up
from tests.report.small_box import eventually

NODE = "astana-1"
ASKED = Question("1f", "447700900123", 300)


class Desk:
    """What takes questions to a hub, and who asks them."""

    def __init__(self, folder: Path) -> None:
        self.hub: Hub | None = Hub(online=True, epoch=1, at=1)
        self.connected = True
        self.said: list[Outbound] = []
        self.core = Letters(folder, CORE, Answer)
        self.uplink = Letters(folder, UPLINK, Question)
        self.roam = Roam(NODE, self.uplink, self.send, lambda: self.hub)

    async def send(self, message: Outbound) -> int:
        if not self.connected:
            raise DriverLost("no connection to a broker")
        self.said.append(message)
        return 0

    async def told(self) -> Answer:
        async with asyncio.timeout(10):
            return await self.core.read()


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    one = Desk(folder)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(one.roam.forever())
        yield one
        task.cancel()
    one.core.close()
    one.uplink.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(("deadline_ms", "expiry_s"), [(10, 1), (300, 1), (1000, 1), (1001, 2)])
async def test_a_question_is_said_as_it_was_put_and_expires(
    tmp_path: Path, deadline_ms: int, expiry_s: int
) -> None:
    async with desk(tmp_path) as one:
        await one.core.put(UPLINK, Question("1f", "447700900123", deadline_ms))
        await eventually(lambda: one.said)
        (message,) = one.said
        assert (message.topic, message.qos, message.retain) == (up(NODE, ROAM), 0, False)
        assert message.expiry_s == expiry_s
        said = RoamAsk.model_validate_json(message.payload)
        assert said == RoamAsk(id="1f", number="447700900123", deadline_ms=deadline_ms)
        assert one.roam.counts == {"sent": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b'{"v":1,"id":"1f","abroad":true,"ttl_s":60}', Answer("1f", True, 60)),
        (b'{"v":1,"id":"1f","abroad":false,"ttl_s":0}', Answer("1f", False, 0)),
        (b'{"v":1,"id":"1f","abroad":null,"ttl_s":9,"why":"new"}', Answer("1f", None, 9)),
    ],
)
async def test_an_answer_goes_back(tmp_path: Path, payload: bytes, told: Answer) -> None:
    async with desk(tmp_path) as one:
        await one.roam.hear(ROAM, Inbound(down(NODE, ROAM), payload))
        assert await one.told() == told
        assert one.roam.counts == {"passed": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x00nonsense", b"[]", b'{"v":1,"id":"1f","ttl_s":1}',
        b'{"v":2,"id":"1f","abroad":true,"ttl_s":60}',
        b'{"v":1,"id":"1f","abroad":true,"ttl_s":-1}',
        b'{"v":1,"id":"1f","abroad":true,"ttl_s":86401}',
        b'{"v":1,"id":"' + b"f" * 33 + b'","abroad":true,"ttl_s":1}',
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_passed_over(tmp_path: Path, payload: bytes) -> None:
    async with desk(tmp_path) as one:
        await one.roam.hear(ROAM, Inbound(down(NODE, ROAM), payload))
        await one.roam.hear(ROAM, Inbound(down(NODE, ROAM), b'{"id":"2","abroad":true,"ttl_s":60}'))
        assert (await one.told()).id == "2"
        assert one.roam.counts == {"bad": 1, "passed": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("hub", "connected"),
    [
        (None, True),
        (Hub(online=False, epoch=1, at=1), True),
        (Hub(online=True, epoch=1, at=1), False),
    ],
)
async def test_without_a_hub_nobody_knows_and_that_is_said_at_once(
    tmp_path: Path, hub: Hub | None, connected: bool
) -> None:
    async with desk(tmp_path) as one:
        one.hub, one.connected = hub, connected
        await one.core.put(UPLINK, ASKED)
        assert await one.told() == Answer("1f", None, 0)
        assert (one.said, one.roam.counts) == ([], {"refused": 1})


@pytest.mark.asyncio
async def test_an_answer_to_who_has_gone_is_lost_and_nothing_else(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        (tmp_path / f"{CORE}.letters.sock").unlink()
        payload = b'{"id":"1f","abroad":true,"ttl_s":60}'
        await one.roam.hear(ROAM, Inbound(down(NODE, ROAM), payload))
        assert one.roam.counts["lost"] == 1
        await one.core.put(UPLINK, ASKED)
        await eventually(lambda: one.said)
