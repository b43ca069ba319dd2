# SPDX-License-Identifier: Apache-2.0
"""Keeps a connection to one of the brokers: tried in turn, later each time, by full jitter.

When the files of the identity change, and only once they are whole, the conversation ends in good
order and goes on with the new certificate.
"""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from edge.errors import DriverLost, mendable
from edge.process.supervise import Backoff, Supervised
from edge.report.hub.dial import dial, identity, stamp
from edge.report.hub.session import CONNECT_WAIT_S, Hello, Mqtt
from edge.report.port import Connection, Converse, Outbound

BACKOFF = Backoff(first_s=1.0, most_s=300.0, calm_s=60.0)


class Terms(msgspec.Struct, frozen=True):
    """With whom to converse, and how."""

    node: str
    brokers: tuple[str, ...]
    "`hub.example:8883`, one or more."
    identity: Path | None = None
    "Folder of the certificate; None speaks in the clear."
    keepalive_s: int = 30
    "A broker that is silent for half as much again is given up."
    look_s: float = 10.0
    "How often the files of the identity are looked at."
    client: str = ""
    "Client id, where it is not the node's name."
    lasting: bool = True
    "Whether the broker keeps what is said to us while we are away."
    tune: Callable[[socket.socket], object] = lambda _wire: None
    "Is given each socket before it connects, and again once it has."


class Talk(Protocol):
    """What is said on a connection: `edge.report.hub.link.Link`."""

    def will(self, epoch: int) -> Outbound | None:
        """Return what the broker says when we go without a word, if anything; begins an epoch."""

    async def converse(self, connection: Connection) -> None:
        """Converse; returns to end in good order."""


class Session:
    """A conversation that goes on over many connections."""

    def __init__(
        self, terms: Terms, talk: Talk, epoch: Callable[[], int], backoff: Backoff = BACKOFF
    ) -> None:
        """Converse under these terms; `epoch` gives a higher number each time it is called."""
        self.broker = ""
        "The one that we are connected to; empty for none."
        self.connects = 0
        "Connections made."
        self.error = ""
        "What ended the last connection, or became of each broker since; empty once one stands."
        self.pubacks: Counter[int] = Counter()
        "Answers of brokers by reason code."
        self._terms = terms
        self._talk = talk
        self._epoch = epoch
        self._turn = 0
        self._part = Supervised("hub", self._go_on, backoff)

    async def forever(self) -> None:
        """Keep connected until the conversation ends by itself."""
        await self._part.forever()

    async def _go_on(self) -> None:
        """Converse with the first broker that is there. Raises `DriverLost` if none is, or lost."""
        brokers, before = self._terms.brokers, self.connects
        losses: list[str] = []
        for _ in brokers:
            try:
                await self._at(brokers[self._turn % len(brokers)])
            except DriverLost as loss:
                self._turn += 1
                was_there = self.connects > before
                losses = [str(loss)] if was_there else [*losses, str(loss)]
                self.error = "; ".join(losses)
                if was_there:  # wait, like all others that have lost it
                    break
            else:
                return
        raise DriverLost(self.error or "no broker is named")

    async def _at(self, endpoint: str) -> None:
        """Converse with a broker, anew whenever the identity changes. Raises `DriverLost`."""
        folder = self._terms.identity
        if folder is None:
            await self._on(endpoint, None, self._talk.converse)
            return
        renewed = True
        while renewed:
            watch = _Watch(folder, self._terms.look_s, self._talk.converse)
            await self._on(endpoint, identity(folder), watch.converse)
            renewed = watch.renewed

    async def _on(self, endpoint: str, context: ssl.SSLContext | None, converse: Converse) -> None:
        """Converse on one connection."""
        keepalive_s = self._terms.keepalive_s
        tune = self._terms.tune
        wire = await dial(endpoint, context, keepalive_s * 1.5, CONNECT_WAIT_S, tune)
        tune(wire)  # within TLS it is another by now
        hello = Hello(
            self._terms.client or self._terms.node, self._talk.will(self._epoch()), keepalive_s,
            lasting=self._terms.lasting,
        )  # fmt: skip
        connection = Mqtt(hello, wire, self.pubacks)
        try:
            await connection.open()
            self.broker, self.error = endpoint, ""
            self.connects += 1
            await converse(connection)
        finally:
            self.broker = ""
            await connection.close()


class _Watch:
    """Ends a conversation when the files of the identity have changed and are whole."""

    def __init__(self, folder: Path, every_s: float, converse: Converse) -> None:
        self.renewed = False
        self._folder = folder
        self._every_s = every_s
        self._converse = converse
        self._mark = stamp(folder)

    async def converse(self, connection: Connection) -> None:
        with mendable():
            async with asyncio.TaskGroup() as group:
                talk = group.create_task(_run(self._converse, connection))
                watch = group.create_task(self._look(talk))
                talk.add_done_callback(lambda _: watch.cancel())

    async def _look(self, talk: asyncio.Task[None]) -> None:
        while not self.renewed:
            await asyncio.sleep(self._every_s)
            if stamp(self._folder) not in {self._mark, ()}:
                with suppress(DriverLost):  # half of it is there
                    identity(self._folder)
                    self.renewed = True
        talk.cancel()


async def _run(converse: Converse, connection: Connection) -> None:
    await converse(connection)
