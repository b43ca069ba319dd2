# SPDX-License-Identifier: Apache-2.0
"""A tap waits for its device, and lets go of it however the wait ends."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from edge.intake.readable import readable

pytestmark = pytest.mark.asyncio
TOO_LONG_S = 10


async def test_waits_for_octets_and_for_the_end() -> None:
    here, there = socket.socketpair()
    order: list[str] = []

    async def wait(for_what: str) -> None:
        await readable(here.fileno())
        order.append(for_what)

    async def then(act: Callable[[], object]) -> None:
        await asyncio.sleep(0)
        order.append("it happens")
        act()

    with here, there:
        for name, act in (("octets", lambda: there.send(b"x")), ("the end", there.close)):
            async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as both:
                both.create_task(wait(name))
                both.create_task(then(act))
            here.recv(1)
    assert order == ["it happens", "octets", "it happens", "the end"]


async def test_nothing_watches_when_nobody_waits() -> None:
    here, there = socket.socketpair()
    with here, there:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(readable(here), 0.01)
        loop = asyncio.get_running_loop()
        assert not loop.remove_reader(here)
        there.send(b"x")
        async with asyncio.timeout(TOO_LONG_S):
            await readable(here)
        assert not loop.remove_reader(here)
