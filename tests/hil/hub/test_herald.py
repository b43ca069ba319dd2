# SPDX-License-Identifier: Apache-2.0
"""The herald says whether the hub is there, and never twice the wrong thing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from typing_extensions import override

from edge.report.message import Hub, State
from edge.report.port import Inbound, Outbound
from hil.hub import outgoing, parts
from hil.hub.fleet import members
from hil.hub.herald import EVERYBODY, Herald, is_stale, next_epoch
from hil.hub.madeup import MadeUp, appliance
from hil.hub.mqtt import Broker, Session, connected
from hil.hub.parts import Desk
from hil.hub.store import Store, sqlite_url
from tests.hil.hub import places

pytestmark = pytest.mark.peer("mosquitto")

PATIENCE_S = 30


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    made = Store(sqlite_url(tmp_path / "hub.db"))
    yield made
    made.close()


@asynccontextmanager
async def speaking(
    broker: Broker, store: Store, desk: Desk | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as group:
        herald = Herald(store, desk or Desk(store, []), name="tested")
        task = group.create_task(herald.run(broker))
        yield task
        task.cancel()


def said(one: MadeUp) -> list[tuple[bool, int]]:
    return [(hub.online, hub.epoch) for hub in one.hubs]


def test_each_life_has_a_higher_epoch(own: Store) -> None:
    assert [next_epoch(own) for _ in range(3)] == [1, 2, 3]


def test_it_comes_and_goes(tmp_path: Path, own: Store) -> None:
    async def go(broker: Broker) -> None:
        async with appliance(broker, "n1") as one:
            for epoch in (1, 2):
                async with speaking(broker, own):
                    assert await one.until(lambda: (True, epoch) in said(one), PATIENCE_S)  # noqa: B023 - awaited here
                assert await one.until(lambda: (False, epoch) in said(one), PATIENCE_S)  # noqa: B023 - awaited here
            async with appliance(broker, "late") as late:
                assert await late.until(lambda: said(late) == [(False, 2)], PATIENCE_S)

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(go(broker))


def test_its_will_takes_its_word_back(tmp_path: Path, own: Store) -> None:
    async def go(broker: Broker) -> None:
        async with appliance(broker, "n1") as one, speaking(broker, own) as herald:
            assert await one.until(lambda: said(one) == [(True, 1)], PATIENCE_S)
            async with connected(broker, Session("tested-herald")):  # takes its place
                assert await one.until(lambda: said(one) == [(True, 1), (False, 1)], PATIENCE_S)
                await asyncio.wait({herald}, timeout=PATIENCE_S)

    with places.mosquitto(tmp_path) as broker, pytest.raises(BaseExceptionGroup):
        asyncio.run(go(broker))


def test_it_speaks_against_a_will_that_comes_late(tmp_path: Path, own: Store) -> None:
    async def go(broker: Broker) -> None:
        ghost = connected(broker, Session("ghost"))
        async with appliance(broker, "n1") as one, ghost as late, speaking(broker, own):
            assert await one.until(lambda: said(one) == [(True, 1)], PATIENCE_S)
            will = Hub(online=False, epoch=0, at=1).model_dump_json().encode()
            await late.publish(Outbound(EVERYBODY, will, retain=True))
            expected = [(True, 1), (False, 0), (True, 1)]
            assert await one.until(lambda: said(one) == expected, PATIENCE_S)

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(go(broker))


@pytest.mark.parametrize(
    ("payload", "stale"),
    [
        (Hub(online=True, epoch=5, at=1).model_dump_json().encode(), False),
        (Hub(online=True, epoch=6, at=1).model_dump_json().encode(), False),
        (Hub(online=True, epoch=4, at=1).model_dump_json().encode(), True),
        (Hub(online=False, epoch=5, at=1).model_dump_json().encode(), True),
        (b"nonsense", True),
        (b"", True),
    ],
)
def test_what_is_spoken_against(payload: bytes, *, stale: bool) -> None:
    assert is_stale(Inbound(EVERYBODY, payload), 5) is stale


def test_it_publishes_what_others_want_to_be_said(tmp_path: Path, own: Store) -> None:
    async def go(broker: Broker) -> None:
        outgoing.say(own, Outbound(f"{EVERYBODY}-before", b"1"))
        async with connected(broker, Session("hearer")) as hearer:
            await hearer.subscribe(f"{EVERYBODY}-before", f"{EVERYBODY}-after")
            async with speaking(broker, own):
                first = await hearer.arrived()
                outgoing.say(own, Outbound(f"{EVERYBODY}-after", b"2"))
                second = await hearer.arrived()
                while outgoing.waiting(own):  # noqa: ASYNC110 - another thread empties it
                    await asyncio.sleep(0.02)
        assert [one.payload for one in (*first, *second)] == [b"1", b"2"]

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(asyncio.wait_for(go(broker), PATIENCE_S))


class Crier:
    """A part that has something to say once on each connection."""

    hears: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._is_said = True

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        return ()

    def anew(self) -> None:
        self._is_said = False

    def news(self, now_ns: int) -> Sequence[Outbound]:
        if self._is_said:
            return ()
        self._is_said = True
        return (Outbound(f"{EVERYBODY}-cried", b"x"),)


def test_parts_have_their_say_on_each_connection(tmp_path: Path, own: Store) -> None:
    desk = Desk(own, [Crier()])

    async def go(broker: Broker) -> None:
        async with connected(broker, Session("hearer")) as hearer:
            await hearer.subscribe(f"{EVERYBODY}-cried")
            for _ in range(2):
                async with speaking(broker, own, desk):
                    assert [one.payload for one in await hearer.arrived()] == [b"x"]

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(asyncio.wait_for(go(broker), PATIENCE_S))


def test_births_that_are_retained_are_heard(tmp_path: Path, own: Store) -> None:
    """Who shares a subscription is not given them."""
    desk = Desk(own, parts.build(own, tmp_path))

    async def go(broker: Broker) -> None:
        async with connected(broker, Session("n1")) as link:
            one = MadeUp(link, "n1")
            await one.be(State(state="ready", epoch=3, at=5))
            async with speaking(broker, own, desk):
                while not members(own):  # noqa: ASYNC110 - another thread writes it
                    await asyncio.sleep(0.02)
        assert [(member.node, member.state) for member in members(own)] == [("n1", "ready")]

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(asyncio.wait_for(go(broker), PATIENCE_S))


class Meeting(Crier):
    """A part that reads the database for as long as nobody else does, or a tenth of a second."""

    hears = frozenset({"state"})

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._met = threading.Barrier(2)
        self.births = 0

    @override
    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        self.births += 1
        self._read()
        return ()

    @override
    def news(self, now_ns: int) -> Sequence[Outbound]:
        self._read()
        return ()

    def _read(self) -> None:
        with self._store.reading() as connection, suppress(threading.BrokenBarrierError):
            connection.execute(sa.text("SELECT 1"))
            self._met.wait(0.1)
            self._met.reset()


def test_one_connection_to_the_database_is_enough(tmp_path: Path, own: Store) -> None:
    """Each has files of its own, and would stay open for as long as the hub lives."""
    part = Meeting(own)
    opened: list[object] = []
    sa.event.listen(own.engine, "connect", lambda connection, _record: opened.append(connection))

    async def go(broker: Broker) -> None:
        async with (
            connected(broker, Session("n1")) as link,
            speaking(broker, own, Desk(own, [part])),
        ):
            one = MadeUp(link, "n1")
            for born in range(1, 4):
                await one.be(State(state="ready", epoch=born, at=born))
                while part.births < born:  # noqa: ASYNC110 - another thread counts them
                    await asyncio.sleep(0.02)

    with places.mosquitto(tmp_path) as broker:
        asyncio.run(asyncio.wait_for(go(broker), PATIENCE_S))
    assert opened == []  # the one of its tables, made before, does it all
