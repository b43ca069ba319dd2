# SPDX-License-Identifier: Apache-2.0
"""Workers on a real broker: they share what is said, and settle only what is committed."""

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.errors import DriverLost
from edge.report.port import Outbound
from hil.hub import parts
from hil.hub.madeup import MadeUp, appliance, batch, event, fresh_stream
from hil.hub.mqtt import Broker, Session, connected
from hil.hub.parts import Desk
from hil.hub.store import Store, sqlite_url
from hil.hub.worker import Post, Worker
from tests.hil.hub import places
from tests.hil.hub.ledgers import table

pytestmark = pytest.mark.peer("mosquitto")

PATIENCE_S = 60


@asynccontextmanager
async def at_work(broker: Broker, name: str, desks: Sequence[Desk]) -> AsyncIterator[list[Worker]]:
    """Have workers at work, one a desk, until the block is left."""
    workers = [Worker(one) for one in desks]
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(worker.run(Post(broker, number, len(desks) > 1, name)))
            for number, worker in enumerate(workers)
        ]
        await places.until_answered(broker, len(desks))
        yield workers
        for task in running:
            task.cancel()
    for number in range(len(desks)):  # what a broker remembers of us would have its share still
        async with connected(broker, Session(f"{name}-worker-{number}")):
            pass


def desks(url: str, folder: Path, count: int) -> list[Desk]:
    stores = [Store(url) for _ in range(count)]
    return [Desk(store, parts.build(store, folder)) for store in stores]


def messages(nodes: Sequence[str], stream: str, at: random.Random) -> list[tuple[str, bytes]]:
    """Return the batches of some appliances, shuffled, some of them twice."""
    said = []
    for node in nodes:
        for first in range(1, 101, 10):
            payload = batch(node, stream, [event(n) for n in range(first, first + 10)])
            said += [(node, zlib.compress(payload))] * at.choice((1, 2))
    at.shuffle(said)
    return said


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_number_of_workers_leave_the_same_table(
    broker: Broker, tmp_path: Path, count: int
) -> None:
    nodes, stream = [f"w{count}-{n}" for n in range(3)], fresh_stream()
    url = sqlite_url(tmp_path / "hub.db")

    async def go() -> list[int]:
        async with AsyncExitStack() as stack:
            made = desks(url, tmp_path, count)
            workers = await stack.enter_async_context(at_work(broker, f"w{count}", made))
            those = {n: await stack.enter_async_context(appliance(broker, n)) for n in nodes}
            for node, payload in messages(nodes, stream, random.Random(count)):
                await those[node].say("ev/call", payload)
            for one in those.values():
                assert await one.until(lambda: one.through(stream) == 100, PATIENCE_S)  # noqa: B023 - awaited here
            return [worker.taken for worker in workers]

    taken = asyncio.run(go())
    assert all(taken), "each has had its share"
    store = Store(url)
    rows = [row for row in table(store) if row[1] == stream or row[0] == stream]
    expected = {(node, stream, "call", n) for node in nodes for n in range(1, 101)}
    assert {row[:4] for row in rows if len(row) == 7} == expected
    assert [row for row in rows if len(row) == 5] == [(n, stream, 100, 100, 100) for n in nodes]
    assert [row for row in rows if len(row) == 3] == [(stream, 1, 100)] * len(nodes)
    assert len(rows) == len(expected) + 2 * len(nodes)
    store.close()


class Gone:
    """A part whose database went away."""

    hears = frozenset({"ev"})

    def __init__(self) -> None:
        self.times = 0

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> tuple[Outbound, ...]:
        self.times += 1
        raise sa.exc.OperationalError("INSERT", {}, Exception("gone away"))


async def reporting(one: MadeUp, stream: str, working: Coroutine[None, None, None]) -> None:
    """Report until the worker ends."""
    async with asyncio.TaskGroup() as group:
        group.create_task(working)
        while True:
            await one.report(stream, [1, 2])
            await one.until(lambda: False, 0.2)


def test_what_could_not_be_committed_comes_again(broker: Broker, tmp_path: Path) -> None:
    gone, stream = Gone(), fresh_stream()
    (desk,) = desks(sqlite_url(tmp_path / "hub.db"), tmp_path, 1)
    post = Post(broker, 0, shares=False, name="gone")

    async def go() -> None:
        async with appliance(broker, "gone-1") as one:
            working = Worker(Desk(Store("sqlite://"), [gone])).run(post)
            with pytest.raises(BaseExceptionGroup) as lost:
                await reporting(one, stream, working)
            assert lost.group_contains(DriverLost, match="gone away")
            assert one.through(stream) == -1
            async with at_work(broker, "gone", [desk]):
                assert await one.until(lambda: one.through(stream) == 2, PATIENCE_S)

    asyncio.run(go())


class Stumbling:
    """A part with a bug."""

    hears = frozenset({"ev"})

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> tuple[Outbound, ...]:
        raise ZeroDivisionError(node)


def test_a_part_with_a_bug_does_not_stop_the_others(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    desk = Desk(store, [Stumbling(), *parts.build(store, tmp_path)])
    stream = fresh_stream()
    answers = desk.take("qalqan/v1/up/n1/ev/call", batch("n1", stream, [event(1)]), 5)
    assert [one.topic for one in answers] == ["qalqan/v1/dn/n1/ack"]
    rows = [row for row in table(store) if row[0] == "n1" and "ZeroDivisionError" in str(row[2])]
    assert len(rows) == 1
    store.close()


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "qalqan/v1/up",
        "qalqan/v1/dn/n1/ev/call",
        "other/v1/up/n1/ev/call",
        "$SYS/x",
        "qalqan/v1/enrol/n1/ev/call",
        "qalqan/v1/up/n1/request",
    ],
)
def test_what_is_not_said_to_a_hub_is_passed_over(tmp_path: Path, topic: str) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    desk = Desk(store, parts.build(store, tmp_path))
    assert list(desk.take(topic, batch("n1", fresh_stream(), [event(1)]), 5)) == []
    store.close()
