# SPDX-License-Identifier: Apache-2.0
"""What the tests of the conversation share: a link over a shelf, and what it has passed on."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.report import topic
from edge.report.event import Class
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.link import Hears, Link, Says
from edge.report.message import (
    Ack,
    Acknowledged,
    Ask,
    Cosigned,
    Hub,
    Live,
    State,
    StreamState,
    Versioned,
)
from edge.report.port import Inbound, Outbound
from tests.report.line import Line
from tests.report.shelf import Shelf

NODE = "astana-1"
ACK, HUB = topic.down(NODE, "ack"), topic.down("all", "hub")


class Box:
    """A link over a shelf, and what it has passed on."""

    def __init__(self, pace: Pace = Pace(batch_rows=10), **handlers) -> None:  # noqa: B008 - frozen
        self.shelf = Shelf()
        self.drain = Drain(NODE, [self.shelf], pace)
        self.acked: list[dict[str, int]] = []
        self.cosigned: list[Cosigned] = []
        self.state = "ready"
        streams = [StreamState(stream=s, **{"class": c.value}, last=0)
                   for c, s in self.shelf.stream.items()]  # fmt: skip
        says = Says(
            birth=lambda epoch: State(state=self.state, epoch=epoch, streams=tuple(streams)),
            ask=lambda epoch: Ask(epoch=epoch, streams=tuple(self.shelf.stream.values())),
            live=lambda epoch: Live(epoch=epoch, at=1, queued={}),
        )
        hears = Hears(handlers, self.acked.append, self.cosigned.extend)
        self.link = Link(NODE, self.drain, says, hears)
        self.will = self.link.will(7)

    @asynccontextmanager
    async def on(self, line: Line) -> AsyncIterator[asyncio.Task[None]]:
        """Converse on a line; ended by the test, or with it."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.link.converse(line))
            yield task
            self.link.stop()

    async def greet(self, line: Line) -> None:
        await give(line, HUB, Hub(online=True, epoch=1, at=1))
        streams = self.shelf.stream.values()
        await give(line, ACK, Ack(at=1, acks=[Acknowledged(stream=s, through=0) for s in streams]))

    def ack(self, cls: Class, through: int) -> Ack:
        return Ack(at=1, acks=(Acknowledged(stream=self.shelf.stream[cls], through=through),))


async def give(line: Line, where: str, message: Versioned) -> Inbound:
    return await line.give(where, message.model_dump_json(by_alias=True).encode())


def read(message: Outbound) -> dict:
    payload = message.payload
    return json.loads(payload if payload[:1] == b"{" else zlib.decompress(payload))


def words(line: Line) -> list[str]:
    return [message.topic.removeprefix(topic.up(NODE, "")) for message in line.said]


def seqs(messages: list[Outbound]) -> list[int]:
    return [event["seq"] for message in messages for event in read(message)["events"]]
