# SPDX-License-Identifier: Apache-2.0
"""The hub: the real herald, workers, desk, ledger and database, on connections of the simulation.

Its crash points lie between commit, answer and settle: the work of a thread is done at once, what
follows it later, and a worker may be killed in between.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typing_extensions import override

from edge.errors import DriverLost
from edge.process.supervise import Supervised
from edge.report import topic
from edge.report.event import LIVE
from edge.report.port import Inbound, Outbound
from hil.hub import batch, herald, worker
from hil.hub.batch import Batch
from hil.hub.cosign import Cosigner
from hil.hub.crew import QUICK
from hil.hub.fleet import Fleet
from hil.hub.ledger import Ledger
from hil.hub.mqtt import Session
from hil.hub.parts import Desk
from hil.hub.store import Store, sqlite_url
from tests.sim.box import EPOCH_NS
from tests.sim.broker import Broker, Hello
from tests.sim.loop import START_S
from tests.sim.wire import Connection

LIVE_TOPICS = frozenset(f"{topic.EVENTS}/{cls.value}" for cls in LIVE)
HERALD = "hub-herald"
HERALD_LOOKS_S = 600.0


class HubLink:
    """What `hil.hub.mqtt.Link` is to a broker of this world."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def subscribe(self, *filters: str) -> None:
        await self._connection.subscribe(filters)

    def send(self, message: Outbound) -> "asyncio.Future[int]":
        return self._connection.send(message)

    async def publish(self, message: Outbound) -> int:
        return await self._connection.send(message)

    async def arrived(self) -> list[Inbound]:
        return await self._connection.arrived()

    def settle(self, message: Inbound) -> None:
        self._connection.settled(message)


@asynccontextmanager
async def connected(broker: Any, session: Session) -> AsyncIterator[HubLink]:
    """Stand in for `hil.hub.mqtt.connected`: `broker` is one of this world."""
    hello = Hello(session.client, session.will, session.expiry_s)
    connection = await broker.connect(hello)
    try:
        yield HubLink(connection)
    finally:
        connection.close()


class WatchedDesk(Desk):
    """The real one; its database may go away before or after a commit, and times are noted."""

    away = 0.0
    "Share of messages at which the database is gone."
    chance: random.Random
    committed_s: dict[tuple[str, int], float]
    "When an act or block was stored first."
    backlog_s: float
    "When anything else was stored first."

    @override
    def take(self, name: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        roll = self.chance.random()
        if roll < self.away / 2:
            raise DriverLost("the database: gone")
        answers = super().take(name, payload, now_ns)
        self._note(name, payload)
        if roll < self.away:
            raise DriverLost("the database: gone, and nobody knows")
        return answers

    def _note(self, name: str, payload: bytes) -> None:
        _, node, rest = topic.split(name)
        if not rest.startswith(topic.EVENTS):
            return
        now_s = asyncio.get_running_loop().time()
        if rest not in LIVE_TOPICS:
            self.backlog_s = min(self.backlog_s, now_s)
        elif isinstance(read := batch.read(node, rest, payload), Batch):
            for row in read.rows:
                self.committed_s.setdefault((read.stream, row.seq), now_s)


class Hub:
    """Herald and workers, each of which may be killed."""

    def __init__(
        self, folder: Path, broker: Broker, ledger: type[Ledger] = Ledger, workers: int = 2
    ) -> None:
        self.path = folder / "hub.db"
        self.store = Store(sqlite_url(self.path))
        cosigner = Cosigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.desk = WatchedDesk(self.store, [ledger(self.store, cosigner), Fleet(self.store)])
        self.desk.chance, self.desk.committed_s = broker.chance, {}
        self.desk.backlog_s = inf
        self.names = [HERALD, *(f"hub-worker-{number}" for number in range(1, workers + 1))]
        self._broker = broker

    def now_ns(self) -> int:
        return EPOCH_NS + int((asyncio.get_running_loop().time() - START_S) * 1e9)

    def part(self, name: str) -> Callable[[], Any]:
        """Return what runs the herald, or a worker, for ever."""
        broker: Any = self._broker
        if name == HERALD:
            voice = herald.Herald(
                self.store, self.desk, now_ns=self.now_ns,
                sleep=lambda _seconds: asyncio.sleep(HERALD_LOOKS_S),
            )  # fmt: skip
            return self._supervised(name, lambda: voice.run(broker))
        one = worker.Worker(self.desk, self.now_ns)
        post = worker.Post(broker, int(name.rpartition("-")[2]))
        return self._supervised(name, lambda: one.run(post))

    def _supervised(self, name: str, run: Callable[[], Any]) -> Callable[[], Any]:
        jitter, loop = self._broker.chance.uniform, asyncio.get_running_loop()
        return Supervised(name, run, QUICK, jitter=jitter, now_s=loop.time).forever

    def kill(self, name: str) -> None:
        """Cut the connection of a part that is killed."""
        if connection := self._broker.connections.get(name):
            connection.drop()

    def close(self) -> None:
        self.store.close()
