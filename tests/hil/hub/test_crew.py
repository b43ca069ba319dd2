# SPDX-License-Identifier: Apache-2.0
"""A hub's processes: workers killed under load lose nothing, and store nothing twice."""

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hil.hub import crew
from hil.hub.crew import Orders
from hil.hub.madeup import appliance, event
from hil.hub.mqtt import Broker
from hil.hub.store import Store, sqlite_url
from tests.hil.hub import places
from tests.hil.hub.ledgers import table
from tests.hil.hub.load import Reporter
from tests.hil.hub.places import HubProcess

pytestmark = pytest.mark.peer("mosquitto")

KILLS = 20
NODES = 3
EACH = 3000


def test_orders_reach_a_worker_as_they_were_given(tmp_path: Path) -> None:
    orders = Orders(
        Broker("127.0.0.1", 8883, tmp_path), "sqlite:///x", tmp_path, 3, ("amqp://a:b@c:1/",), False
    )
    assert crew.orders_of(orders.to_json()) == orders
    plain = Orders(Broker("::1", 1883), "sqlite:///x", tmp_path)
    assert crew.orders_of(plain.to_json()) == plain


async def killing(hub: HubProcess, reporters: list[Reporter]) -> int:
    """Kill a worker whenever some more was acknowledged, until all is; returns how many."""
    at, kills, mark = random.Random(6), 0, 0
    total = NODES * EACH
    while (done := sum(max(one.through, 0) for one in reporters)) < total:
        workers = hub.workers()
        if kills < KILLS and done >= mark and workers:
            os.kill(at.choice(workers), signal.SIGKILL)
            kills += 1
            mark = total * kills // (KILLS + 2)
        await asyncio.sleep(0.05)
    return kills


@pytest.mark.long
def test_workers_killed_under_load_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "hub.db")

    async def go(broker: Broker, hub: HubProcess) -> tuple[int, list[Reporter]]:
        async with AsyncExitStack() as stack:
            those = [
                await stack.enter_async_context(appliance(broker, f"k{n}")) for n in range(NODES)
            ]
            reporters = [Reporter(one, EACH) for one in those]
            async with asyncio.timeout(300), asyncio.TaskGroup() as group:
                for reporter in reporters:
                    group.create_task(reporter.run())
                killed = group.create_task(killing(hub, reporters))
            return killed.result(), reporters

    with places.mosquitto(tmp_path) as broker:
        orders = Orders(broker, url, tmp_path / "state", workers=2)
        with places.hub(orders) as hub:
            kills, reporters = asyncio.run(go(broker, hub))
    assert kills == KILLS
    store = Store(url)
    rows = [row for row in table(store) if len(row) == 7]
    expected = [
        (f"k{n}", reporter.stream, "call", seq, event(seq).decode())
        for n, reporter in enumerate(reporters)
        for seq in range(1, EACH + 1)
    ]
    assert sorted((*row[:4], row[6]) for row in rows) == sorted(expected)
    store.close()
