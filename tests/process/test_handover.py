# SPDX-License-Identifier: Apache-2.0
"""What goes into a queue comes out in its order, or is counted as lost."""

import asyncio

import pytest
from hypothesis import given, strategies as st

from edge.process.handover import DropOldest, Refuse

STEPS = st.lists(st.sampled_from(["put", "get"]), max_size=60)


@pytest.mark.parametrize("kind", [DropOldest, Refuse])
def test_depth_is_one_or_more(kind: type) -> None:
    with pytest.raises(ValueError, match="depth 0"):
        kind(0)


@pytest.mark.asyncio
async def test_a_full_queue_loses_the_oldest() -> None:
    queue: DropOldest[int] = DropOldest(2)
    for item in (1, 2, 3):
        queue.put(item)
    assert [await queue.get(), await queue.get()] == [2, 3]
    assert (queue.given, queue.lost) == (3, 1)


@pytest.mark.asyncio
async def test_a_full_queue_refuses_the_newest() -> None:
    queue: Refuse[int] = Refuse(2)
    assert [queue.put(item) for item in (1, 2, 3)] == [True, True, False]
    assert [await queue.get(), await queue.get()] == [1, 2]
    assert (queue.given, queue.lost) == (3, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [DropOldest, Refuse])
async def test_every_taker_that_waits_gets_its_item(kind: type) -> None:
    queue = kind(8)
    async with asyncio.TaskGroup() as group:
        takers = [group.create_task(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        for item in "abc":
            queue.put(item)
    assert sorted(taker.result() for taker in takers) == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_a_cancelled_taker_takes_nothing_with_it() -> None:
    queue: Refuse[str] = Refuse(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await queue.get()
    queue.put("kept")
    assert await queue.get() == "kept"


@given(depth=st.integers(1, 5), steps=STEPS)
def test_nothing_vanishes_uncounted(depth: int, steps: list[str]) -> None:
    async def play() -> None:
        for queue in (DropOldest[int](depth), Refuse[int](depth)):
            taken = []
            for number, step in enumerate(steps):
                if step == "put":
                    queue.put(number)
                elif len(queue):
                    taken.append(await queue.get())
            assert taken == sorted(taken)
            assert len(queue) <= depth
            assert queue.given == len(taken) + len(queue) + queue.lost

    asyncio.run(play())
