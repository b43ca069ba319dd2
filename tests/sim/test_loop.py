# SPDX-License-Identifier: Apache-2.0
"""Time passes where nobody has anything to do, and nowhere else."""

import asyncio

import pytest

from tests.sim.loop import MOST_AT_ONCE, START_S, Stuck, run

WEEK_S = 7 * 86_400.0


def test_a_week_passes_at_once() -> None:
    async def story() -> list[tuple[str, float]]:
        seen = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, asyncio.get_running_loop().time() - START_S))

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("late", WEEK_S))
            group.create_task(sleeper("early", 0.5))
        return seen

    assert run(story()) == [("early", 0.5), ("late", WEEK_S)]


def test_a_thread_takes_the_time_it_is_said_to_take() -> None:
    async def story() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        loop.thread_s = lambda: 3.0  # type: ignore[attr-defined]
        done = await asyncio.to_thread(str.upper, "done")
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)
        return done, loop.time() - START_S

    assert run(story()) == ("DONE", 6.0)


def test_a_story_that_cannot_go_on_says_so() -> None:
    async def waits() -> None:
        await asyncio.get_running_loop().create_future()

    async def circles() -> None:
        for _ in range(MOST_AT_ONCE + 10):
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="nothing will ever happen"):
        run(waits())
    with pytest.raises(Stuck, match="runs in circles"):
        run(circles())
