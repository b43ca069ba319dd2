# SPDX-License-Identifier: Apache-2.0
"""The processes of a hub: the herald in this one, the workers each in its own.

A worker that dies is started again; it shares nothing with the others but the database.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from edge.errors import DriverLost
from edge.process.children import end
from edge.process.service import signals
from edge.process.supervise import Backoff, Supervised
from hil.hub import parts
from hil.hub.amqp import AmqpWorker, Queue
from hil.hub.herald import Herald
from hil.hub.mqtt import Broker
from hil.hub.parts import Desk
from hil.hub.store import Store
from hil.hub.worker import Post, Worker

QUICK = Backoff(first_s=0.2, most_s=5.0, calm_s=3.0)
"Appliances wait for us, and the broker stands beside us."


class Orders(NamedTuple):
    """What a hub was told to be."""

    broker: Broker
    db: str
    folder: Path
    workers: int = 1
    amqp: tuple[str, ...] = ()
    "Nodes of RabbitMQ whose queue is worked on; empty: the broker's shared subscription."
    shares: bool = True
    name: str = "hub"
    roamers: Path | None = None
    "The file that stands for the operators, who know whether a number is abroad."

    def to_json(self) -> bytes:
        """Return them as a worker's process reads them; no password stands on a command line."""
        return msgspec.json.encode(self, enc_hook=str)


def orders_of(octets: bytes) -> Orders:
    """Return the orders that a worker's process has been given."""
    return msgspec.json.decode(octets, type=Orders, dec_hook=lambda kind, text: kind(text))


async def run(orders: Orders) -> None:
    """Be a hub until we are told to stop."""
    store = Store(orders.db)
    desk = Desk(store, parts.build(store, orders.folder, orders.roamers))
    herald = Herald(store, desk, name=orders.name)
    every = [Supervised("herald", lambda: _logged(herald.run(orders.broker)), QUICK)]
    for number in range(1, orders.workers + 1):
        process = Process(orders, number)
        every.append(Supervised(f"worker {number}", process.run, QUICK))
    try:
        await _until_stopped(every)
    finally:
        store.close()


async def work(orders: Orders, number: int) -> None:
    """Be one worker of a hub until we are told to stop."""
    store = Store(orders.db)
    desk = Desk(store, parts.build(store, orders.folder, orders.roamers))
    mqtt, amqp = Worker(desk), AmqpWorker(desk)
    post = Post(orders.broker, number, orders.shares, orders.name)

    async def run() -> None:
        if orders.amqp:
            await _logged(amqp.run(Queue(orders.amqp)))
        else:
            await _logged(mqtt.run(post))

    try:
        await _until_stopped([Supervised(f"worker {number}", run, QUICK)])
    finally:
        store.close()


async def _until_stopped(every: Sequence[Supervised]) -> None:
    running = asyncio.ensure_future(_all(every))  # noqa: TID251 - awaited below
    with signals(stop=running.cancel, reload=lambda: None), suppress(asyncio.CancelledError):
        await running


async def _all(every: Sequence[Supervised]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for one in every:
                group.create_task(one.forever(), name=one.name)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _logged(running: Awaitable[None]) -> None:
    """Say why a connection was lost, before it is made anew."""
    try:
        await running
    except DriverLost as loss:
        structlog.get_logger("hub").warning("lost", why=str(loss))
        raise


class Process:
    """A worker's process."""

    def __init__(self, orders: Orders, number: int) -> None:
        """Say how it is started; it reads its orders from its standard input."""
        self._orders = orders.to_json()
        self._command = (sys.executable, "-m", "hil.hub", "worker", str(number))

    async def run(self) -> None:
        """Run it until it ends. Raises `DriverLost` if that was not in good order."""
        process = await asyncio.create_subprocess_exec(*self._command, stdin=subprocess.PIPE)
        try:
            await process.communicate(self._orders)
        finally:
            await end(process)
        if process.returncode:
            raise DriverLost(f"a worker ended with {process.returncode}")
