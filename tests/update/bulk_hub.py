# SPDX-License-Identifier: Apache-2.0
"""The hub's library on a real broker: answers requests for blocks, spoiled as a test wants it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from edge.report import topic
from edge.report.hub.reach import Session, Terms
from edge.report.port import Connection, Outbound
from hil.hub.library import Library
from tests.report.small_box import AT_ONCE, kept

Spoil = Callable[[Outbound], Outbound | None]


class BulkHub:
    """Answers, and counts what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder)
        self.spoil: Spoil = lambda message: message
        self.asked = 0
        self.sent: list[bytes] = []
        "The head of each block."
        self.listens = asyncio.Event()
        self.connection: Connection | None = None

    def will(self, epoch: int) -> None:
        return None

    async def converse(self, connection: Connection) -> None:
        await connection.subscribe((topic.heard_by_hub(),))
        self.connection = connection
        self.listens.set()
        async for message in connection.messages():
            _, node, rest = topic.split(message.topic)
            self.asked += rest == topic.GET
            for answer in self.library.take(node, rest, message.payload, 0):
                self.sent.append(answer.payload.partition(b"\n")[0])
                spoiled = self.spoil(answer)
                if spoiled is not None:
                    await connection.publish(spoiled)
            await connection.settle(message)


@asynccontextmanager
async def bulk_hub(endpoint: str, folder: Path) -> AsyncIterator[BulkHub]:
    hub = BulkHub(folder)
    terms = Terms("hub", (endpoint,))
    async with kept(Session(terms, hub, itertools.count(1).__next__, AT_ONCE)):
        async with asyncio.timeout(20):
            await hub.listens.wait()
        yield hub
