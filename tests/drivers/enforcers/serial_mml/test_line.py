# SPDX-License-Identifier: Apache-2.0
"""A line that is listened to: over a pty, TCP and without a descriptor; and what loses it."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import pytest
import serial

from drivers.enforcers.serial_mml.line import Line
from edge.errors import DriverLost
from tests.twins.e1_probe import PtyProbe

pytestmark = pytest.mark.asyncio
DEADLINE_S = 5


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[tuple[Line, bytearray]]:
    heard = bytearray()
    port = await asyncio.to_thread(serial.serial_for_url, address, timeout=0, write_timeout=0.2)
    line = Line(address, port, heard.extend)
    try:
        yield line, heard
    finally:
        await line.close()


@contextmanager
def terminal_server() -> Iterator[tuple[str, Callable[[], socket.socket]]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"socket://127.0.0.1:{listening.getsockname()[1]}", lambda: listening.accept()[0]


async def test_over_a_pty_octets_come_by_themselves() -> None:
    with closing(PtyProbe()) as probe:
        async with opened(probe.port) as (line, heard), asyncio.timeout(DEADLINE_S):
            probe.write(b"LOGIN:")
            await line.until(lambda: heard == b"LOGIN:")


async def test_over_tcp_both_ways_until_it_hangs_up() -> None:
    with terminal_server() as (address, accepted):
        async with opened(address) as (line, heard), asyncio.timeout(DEADLINE_S):
            with accepted() as far:
                far.sendall(b"LOGIN:")
                await line.until(lambda: heard == b"LOGIN:")
                await line.write(b"me\r")
                assert far.recv(10) == b"me\r"
            with pytest.raises(DriverLost, match=f"{address}: "):
                await line.until(lambda: False)


async def test_one_without_a_descriptor_is_looked_at() -> None:
    async with opened("loop://") as (line, heard), asyncio.timeout(DEADLINE_S):
        await line.write(b"echo")
        await line.until(lambda: heard == b"echo")


async def test_one_that_is_unplugged_is_lost_to_all_who_wait() -> None:
    with closing(PtyProbe()) as probe:
        async with opened(probe.port) as (line, _), asyncio.timeout(DEADLINE_S):
            asyncio.get_running_loop().call_soon(probe.unplug)
            with pytest.raises(DriverLost) as why:
                await line.until(lambda: False)
            await line.gone.wait()
            with pytest.raises(DriverLost, match=re.escape(str(why.value))):
                await line.write(b"x")


async def test_one_that_takes_nothing_is_lost_and_nobody_waits_for_it() -> None:
    with closing(PtyProbe()) as probe:
        async with opened(probe.port) as (line, _), asyncio.timeout(DEADLINE_S):
            others: list[str] = []
            asyncio.get_running_loop().call_later(0.05, others.append, "ran")
            with pytest.raises(DriverLost, match="timeout"):
                await line.write(b"x" * 1_000_000)
            assert others == ["ran"]


async def test_after_it_is_closed_it_is_lost_and_may_be_closed_again() -> None:
    async with opened("loop://") as (line, _):
        await line.close()
        with pytest.raises(DriverLost, match="closed"):
            await line.write(b"x")
