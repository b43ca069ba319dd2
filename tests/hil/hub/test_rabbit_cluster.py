# SPDX-License-Identifier: Apache-2.0
"""The hub on a cluster of RabbitMQ: a node dies under load, and nothing is lost or stored twice.

Appliances are on one node, the herald on another, the workers on a third, and go where one is left.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hil.hub import cosign
from hil.hub.conformance import TESTS
from hil.hub.crew import Orders
from hil.hub.madeup import MadeUp, appliance, event
from hil.hub.store import Store, sqlite_url
from hil.hub.terms import Test, Where
from tests.hil.hub import places, rabbit
from tests.hil.hub.ledgers import table
from tests.hil.hub.load import Reporter
from tests.hil.hub.rabbit import Node

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.peer("mmdebstrap"),
]

BOXES = 3
EACH = 400


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with rabbit.cluster() as three:
        yield three


@pytest.fixture(scope="module")
def folder(nodes: list[Node], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a hub that is at work on the cluster."""
    made = Path(tmp_path_factory.mktemp("hub"))
    urls = tuple(node.url for node in nodes)
    orders = Orders(nodes[1].broker, sqlite_url(made / "hub.db"), made, workers=2, amqp=urls)
    with places.hub(orders, made / "hub.log"):
        yield made


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_the_contract_is_met_from_another_node(nodes, folder: Path, test: Test) -> None:
    where = Where(nodes[2].broker, "conform", 30, cosign.load(folder).vkey)
    asyncio.run(test(where))


class Load:
    """Appliances that report stream after stream until they are told that it is enough."""

    def __init__(self) -> None:
        self.reporters: dict[str, list[Reporter]] = {}
        self._enough = False

    async def report(self, one: MadeUp) -> None:
        mine = self.reporters.setdefault(one.node, [])
        while not self._enough:
            mine.append(Reporter(one, EACH))
            await mine[-1].run()

    async def more(self) -> None:
        """Wait until some more was acknowledged."""
        enough = self._count() + 2 * EACH
        while self._count() < enough:  # noqa: ASYNC110 - others count
            await asyncio.sleep(0.05)

    def _count(self) -> int:
        return sum(max(one.through, 0) for many in self.reporters.values() for one in many)

    async def through_cuts(self, nodes: list[Node]) -> None:
        """Cut the power of the workers' node, and when it is back, of the herald's."""
        for node in nodes:
            await self.more()
            node.kill()
            await self.more()
            node.start()
            await asyncio.to_thread(node.until_ready)
        await self.more()
        self._enough = True


def test_nodes_that_die_under_load_lose_nothing(nodes: list[Node], folder: Path) -> None:
    load = Load()

    async def go() -> None:
        async with AsyncExitStack() as stack:
            broker, names = nodes[2].broker, [f"k{n}" for n in range(BOXES)]
            those = [await stack.enter_async_context(appliance(broker, name)) for name in names]
            async with asyncio.timeout(600), asyncio.TaskGroup() as group:
                for one in those:
                    group.create_task(load.report(one))
                group.create_task(load.through_cuts(nodes[:2]))

    asyncio.run(go())
    store = Store(sqlite_url(folder / "hub.db"))
    rows = [row for row in table(store) if len(row) == 7 and row[0] in load.reporters]
    expected = [
        (node, reporter.stream, "call", seq, event(seq).decode())
        for node, reporters in load.reporters.items()
        for reporter in reporters
        for seq in range(1, EACH + 1)
    ]
    assert sorted((*row[:4], row[6]) for row in rows) == sorted(expected)
    store.close()
