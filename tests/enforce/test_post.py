# SPDX-License-Identifier: Apache-2.0
"""An order is told in time or not at all, and whoever gave it hears what became of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from edge import clock, plugins
from edge.enforce.post import AT_ONCE, DEPTH, NS, Post
from edge.errors import DriverLost, EnforceError
from edge.model.answer import Answer
from edge.model.verdict import Action
from edge.ports import Driver, Order, Receipt
from edge.settings.keys import Part
from tests.enforce.talk import decided
from tests.report.small_box import eventually

BLOCK = Answer(Action.BLOCK, 603, "Decline", cause=21)
LONG_S = 30.0


class Settings(BaseModel):
    """As much of a driver's configuration as is asked for."""


class Switch:
    """A switch, and the driver to it: does as it is told, unless a test says otherwise."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.opened = self.closed = 0
        self.gone = asyncio.Event()
        self.answer: Callable[[Order], Awaitable[Receipt]] = self._agree
        self.reached: Callable[[], Awaitable[object]] = partial(asyncio.sleep, 0)
        self.driver: Driver[Any, Any] = Driver("switch", Settings, self._open, "Does as told.")

    async def _open(self, _name: str, _config: Settings) -> "Switch":
        self.opened += 1
        await self.reached()
        self.gone.clear()
        return self

    async def enforce(self, order: Order) -> Receipt:
        self.told.append(order.id)
        return await self.answer(order)

    async def watch(self) -> None:
        await self.gone.wait()

    async def close(self) -> None:
        self.closed += 1

    async def _agree(self, order: Order) -> Receipt:
        return Receipt(order.id, accepted=True, answer="done")


class Bench:
    """A post, the switch at its end, and what was said of each order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.switch = Switch()
        monkeypatch.setattr(plugins, "load", lambda _group, _name: self.switch.driver)
        self.said: dict[str, list[Receipt]] = {}
        self.held: set[str] = set()
        part = Part(driver="switch", settings=Settings())
        self.post = Post("pbx", part, self._take, self._may)

    def put(self, name: str, within_s: float = LONG_S) -> bool:
        found = decided()
        deadline = clock.now_ns() + int(within_s * NS)
        return self.post.put(Order(name, found.offer, found.verdict, BLOCK, deadline))

    async def word(self, name: str) -> tuple[bool, str]:
        """Wait for what was said of an order, once."""
        await eventually(lambda: name in self.said)
        (receipt,) = self.said[name]
        assert receipt.order == name
        return receipt.accepted, receipt.answer

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.post.forever())
            yield self
            task.cancel()

    def _may(self, order: Order) -> bool:
        return order.id not in self.held

    def _take(self, order: Order, receipt: Receipt) -> None:
        self.said.setdefault(order.id, []).append(receipt)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.mark.asyncio
async def test_what_the_switch_said_comes_back_under_the_order(bench: Bench) -> None:
    assert bench.put("before it runs")
    async with bench.running():
        assert await bench.word("before it runs") == (True, "done")
        assert bench.put("r-2")
        assert await bench.word("r-2") == (True, "done")
    assert bench.switch.told == ["before it runs", "r-2"]
    assert (bench.switch.opened, bench.switch.closed) == (1, 1)


@pytest.mark.asyncio
async def test_what_the_switch_cannot_do_is_said_and_the_next_is_told(bench: Bench) -> None:
    async def refuse(order: Order) -> Receipt:
        if order.id == "r-1":
            raise EnforceError("no such call")
        return Receipt(order.id, accepted=False, answer="not today")

    bench.switch.answer = refuse
    async with bench.running():
        bench.put("r-1")
        bench.put("r-2")
        assert await bench.word("r-1") == (False, "no such call")
        assert await bench.word("r-2") == (False, "not today")
    assert bench.switch.opened == 1


@pytest.mark.asyncio
async def test_an_order_that_is_late_is_not_told(bench: Bench) -> None:
    bench.put("r-1", within_s=0)
    async with bench.running():
        assert await bench.word("r-1") == (False, "too late to tell the switch")
    assert bench.switch.told == []


@pytest.mark.asyncio
async def test_a_switch_that_says_nothing_is_not_waited_for(bench: Bench) -> None:
    ended = asyncio.Event()

    async def silence(_: Order) -> Receipt:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    bench.switch.answer = silence
    async with bench.running():
        bench.put("r-1", within_s=0.05)
        assert await bench.word("r-1") == (False, "the switch did not answer in time")
        assert ended.is_set()
        bench.switch.answer = bench.switch._agree
        bench.put("r-2")
        assert await bench.word("r-2") == (True, "done")
    assert bench.switch.opened == 1


@pytest.mark.asyncio
async def test_what_may_not_be_stopped_any_more_is_held_back(bench: Bench) -> None:
    """The emergency stop holds for orders that wait, too."""
    bench.held.add("r-1")
    bench.put("r-1")
    bench.put("r-2")
    async with bench.running():
        assert await bench.word("r-1") == (False, "held back: nothing is stopped now")
        assert await bench.word("r-2") == (True, "done")
    assert bench.switch.told == ["r-2"]


@pytest.mark.asyncio
async def test_a_slow_switch_has_many_orders_at_once_and_no_more(bench: Bench) -> None:
    names = [f"r-{number}" for number in range(AT_ONCE + 8)]
    done = asyncio.Event()

    async def slowly(order: Order) -> Receipt:
        await done.wait()
        return Receipt(order.id, accepted=True, answer="done")

    bench.switch.answer = slowly
    async with bench.running():
        for name in names:
            bench.put(name)
        await eventually(lambda: len(bench.switch.told) >= AT_ONCE)
        bench.put("one more")
        assert len(bench.switch.told) == AT_ONCE
        done.set()
        assert [await bench.word(name) for name in names] == [(True, "done")] * len(names)
    assert bench.switch.told[: len(names)] == names  # the oldest first


@pytest.mark.asyncio
async def test_a_full_queue_takes_no_more(bench: Bench) -> None:
    assert all(bench.put(f"r-{number}") for number in range(DEPTH))
    assert not bench.put("one more")
    assert bench.said == {}  # who gave it knows


@pytest.mark.asyncio
async def test_a_switch_that_is_lost_with_an_order_is_found_again(bench: Bench) -> None:
    async def vanish(_: Order) -> Receipt:
        raise DriverLost("connection reset")

    bench.switch.answer = vanish
    async with bench.running():
        bench.put("r-1")
        assert await bench.word("r-1") == (False, "connection reset")
        bench.switch.answer = bench.switch._agree
        await eventually(lambda: bench.switch.opened == 2 and not bench.post.part.lost)
        assert bench.switch.closed == 1
        bench.put("r-2")
        assert await bench.word("r-2") == (True, "done")
    assert (bench.switch.closed, bench.post.part.restarts) == (2, 1)


@pytest.mark.asyncio
async def test_a_switch_that_goes_unasked_is_found_again_and_gets_what_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = asyncio.Event()
    monkeypatch.setattr(bench.post.part, "_sleep", lambda _: back.wait())
    async with bench.running():
        bench.put("r-1")
        await bench.word("r-1")
        bench.switch.gone.set()
        await eventually(lambda: bench.post.part.lost)
        assert bench.post.part.lost == "pbx: the switch is gone"
        assert not bench.put("r-2")  # its call goes through at once
        back.set()
        await eventually(lambda: bench.switch.opened == 2)
        bench.put("r-3")
        assert await bench.word("r-3") == (True, "done")
    assert bench.switch.told == ["r-1", "r-3"]


@pytest.mark.asyncio
async def test_a_switch_that_is_looked_for_takes_nothing_and_it_is_known_why(bench: Bench) -> None:
    reached = asyncio.Event()
    bench.switch.reached = reached.wait
    async with bench.running():
        assert bench.put("before it was ever open")
        reached.set()
        assert await bench.word("before it was ever open") == (True, "done")
        reached.clear()
        bench.switch.gone.set()
        await eventually(lambda: bench.switch.opened == 2)
        assert not bench.post.part.lost  # it is being opened
        assert not bench.put("meanwhile")
        assert bench.post.there.away == "pbx: the switch is gone"
        reached.set()
        await eventually(lambda: not bench.post.there.away)
        bench.put("r-2")
        assert await bench.word("r-2") == (True, "done")


@pytest.mark.asyncio
async def test_a_bug_in_a_driver_ends_the_process_with_its_traceback(bench: Bench) -> None:
    async def bug(_: Order) -> Receipt:
        raise ZeroDivisionError

    bench.switch.answer = bug
    bench.put("r-1")
    with pytest.raises(ExceptionGroup) as caught:
        await bench.post.forever()
    assert caught.group_contains(ZeroDivisionError)
    assert bench.switch.closed == 1


@pytest.mark.asyncio
async def test_the_driver_is_found_by_its_name() -> None:
    said: list[tuple[str, Receipt]] = []
    part = Part(driver="observe", settings=plugins.load("enforcers", "observe").config())
    post = Post("none", part, lambda order, receipt: said.append((order.id, receipt)), bool)
    found = decided()
    order = Order("r-1", found.offer, found.verdict, BLOCK, clock.now_ns() + 30 * NS)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(post.forever())
        assert post.put(order)
        await eventually(lambda: said)
        task.cancel()
    assert said == [("r-1", Receipt("r-1", accepted=False, answer="observed: no switch was told"))]
