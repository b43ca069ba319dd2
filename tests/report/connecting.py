# SPDX-License-Identifier: Apache-2.0
"""What the tests of a connection share: to open one, to hear on it, to see it end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from edge.errors import DriverLost
from edge.report.hub.dial import dial
from edge.report.hub.session import Hello, Mqtt
from edge.report.port import Inbound, Outbound

RIGHTS = """\
pattern write qalqan/v1/up/%c/#
pattern read qalqan/v1/dn/%c/#
"""
UP, DOWN = "qalqan/v1/up/astana-1/", "qalqan/v1/dn/astana-1/"
PEER = pytest.mark.peer("mosquitto")


@asynccontextmanager
async def connection(
    endpoint: str, node: str = "astana-1", rude: bool = False, **more: Any
) -> AsyncIterator[Mqtt]:
    """Open one; `rude` ends it as a kill would."""
    wire = await dial(endpoint, None, 45.0, 10.0)
    will = Outbound(f"qalqan/v1/up/{node}/state", b"lost", retain=True)
    one = Mqtt(Hello(**{"node": node, "will": will, "keepalive_s": 30, **more}), wire, Counter())
    try:
        await one.open()
        yield one
        if rude:
            one._paho._sock_close()
            one._end("killed")
    finally:
        await one.close()


async def first(one: Mqtt, count: int) -> list[Inbound]:
    """Return what arrives first."""
    found: list[Inbound] = []
    async with asyncio.timeout(10), aclosing(one.messages()) as messages:
        async for message in messages:
            found.append(message)
            if len(found) == count:
                break
    return found


async def hears(one: Mqtt, count: int, within_s: float = 0.3) -> int:
    """Return how many of `count` messages arrive within a time."""
    try:
        async with asyncio.timeout(within_s):
            return len(await first(one, count))
    except TimeoutError:
        return len(one._arrived)


async def lost(one: Mqtt, within_s: float = 10.0) -> str:
    async def read() -> None:
        async with asyncio.timeout(within_s), aclosing(one.messages()) as messages:
            async for _ in messages:
                pass

    return await loss(read())


async def loss(work: Awaitable[object]) -> str:
    with pytest.raises(DriverLost) as caught:
        await work
    return str(caught.value)
