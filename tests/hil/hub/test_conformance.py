# SPDX-License-Identifier: Apache-2.0
"""The reference hub meets its own contract, and a hub that does not is found out."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from edge.report import topic
from edge.report.message import Ack, Acknowledged
from edge.report.port import Outbound
from hil.hub import batch as batches, cosign
from hil.hub.conformance import TESTS, run_all
from hil.hub.crew import Orders
from hil.hub.mqtt import Broker
from hil.hub.parts import Desk
from hil.hub.store import Store, sqlite_url
from hil.hub.terms import Test, Unmet, Where, sentence
from hil.hub.worker import Post, Worker
from hil.loopback import closed_port
from tests.hil.hub import places

pytestmark = pytest.mark.peer("mosquitto")


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Where]:
    """A hub of three workers, as anybody would start it."""
    folder = Path(tmp_path_factory.mktemp("hub"))
    with places.mosquitto(folder) as broker:
        orders = Orders(broker, sqlite_url(folder / "hub.db"), folder / "state", workers=3)
        with places.hub(orders):
            yield Where(broker, "conform", 20, cosign.load(folder / "state").vkey)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_the_reference_hub_meets_it(where: Where, test: Test) -> None:
    asyncio.run(test(where))


def test_each_test_says_what_it_holds_a_hub_to() -> None:
    assert len(set(map(sentence, TESTS))) == len(TESTS)
    assert all(sentence(test).endswith(".") for test in TESTS)


class Liar:
    """A hub that keeps nothing and says what pleases."""

    hears = frozenset({"ev", "ask"})

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        read = batches.read(node, rest, payload)
        if isinstance(read, batches.Refused):
            return ()
        acks = (
            Acknowledged(stream=read.stream, through=max((r.seq for r in read.rows), default=0)),
        )
        ack = Ack(at=now_ns, acks=acks).model_dump_json().encode()
        return (Outbound(topic.down(node, topic.ACK), ack, retain=True),)


async def found_out(broker: Broker, store: Store) -> set[str]:
    """Run all tests against a liar; returns the names of those that found it out."""
    unmet = set()
    async with asyncio.TaskGroup() as group:
        worker = Worker(Desk(store, [Liar()]))
        task = group.create_task(worker.run(Post(broker, shares=False, name="liar")))
        for test in TESTS:
            try:
                await test(Where(broker, "liar", 1.0))
            except Unmet:
                unmet.add(test.__name__)
        task.cancel()
    return unmet


@pytest.mark.long
def test_a_hub_that_lies_is_found_out(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    with places.mosquitto(tmp_path) as broker:
        unmet = asyncio.run(found_out(broker, store))
    assert unmet >= {"holes", "questions", "strangers", "nonsense", "cosigned", "not_cosigned"}
    store.close()


def test_what_is_not_met_is_said(tmp_path: Path) -> None:
    paper = io.StringIO()
    with closed_port() as port:
        gone = Where(Broker("127.0.0.1", port), patience_s=0.1)
        assert not asyncio.run(run_all(gone, Console(file=paper, width=200)))
    lines = paper.getvalue().splitlines()
    assert lines[-1] == f"0 of {len(TESTS)} met"
    assert sum(line.startswith("not met  ") for line in lines) == len(TESTS)
