# SPDX-License-Identifier: Apache-2.0
"""A worker on RabbitMQ: takes what appliances say from a quorum queue, over AMQP 0.9.1.

RabbitMQ gives MQTT messages to the exchange `amq.topic`; a subscription that is shared is granted
there and delivers nothing, and what is retained stays on one node. A quorum queue is on most nodes
before the appliance hears that its message was taken, and is given to another worker, on another
node, when one dies. Answers go the same way back.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, DeliveryError

from edge import clock
from edge.errors import DriverLost
from edge.report import topic
from edge.report.port import Outbound
from hil.hub.parts import Desk

EXCHANGE = "amq.topic"
QUEUE = "qalqan.ingest"
PREFETCH = 32
"Messages that a worker is given before it has settled the first."
PATIENCE_S = 30
_SWAPPED = str.maketrans("/.", "./")


def routing_key(name: str) -> str:
    """Return what RabbitMQ makes of a topic of MQTT, wildcards left alone; and the way back."""
    return name.translate(_SWAPPED)


HEARD = (
    routing_key(topic.up("*", "#")),
    routing_key(topic.enrolment("*", "request")),
)


class Queue(NamedTuple):
    """Where a worker takes from."""

    urls: Sequence[str]
    "Nodes of the cluster, tried in turn: `amqp://user:password@host:port/`."
    name: str = QUEUE


class AmqpWorker:
    """Takes messages from a quorum queue to the desk."""

    def __init__(self, desk: Desk, now_ns: Callable[[], int] = clock.now_ns) -> None:
        """Give messages to `desk`."""
        self._desk = desk
        self._now_ns = now_ns
        self._tried = 0
        self.taken = 0
        "Messages settled so far."

    async def run(self, queue: Queue) -> None:
        """Work on one connection until it ends. Raises `DriverLost`: the next node's turn."""
        url = queue.urls[self._tried % len(queue.urls)]
        self._tried += 1
        try:
            async with await aio_pika.connect(url, timeout=PATIENCE_S) as connection:
                channel = await connection.channel(publisher_confirms=True)
                await channel.set_qos(prefetch_count=PREFETCH)
                exchange = await channel.get_exchange(EXCHANGE)
                await self._work(await _bound(channel, queue.name), exchange)
        except (AMQPError, OSError, TimeoutError) as error:
            raise DriverLost(f"{_shown(url)}: {type(error).__name__} {error}") from error
        raise DriverLost(f"{_shown(url)}: the queue was closed")

    async def _work(self, queue: AbstractQueue, exchange: AbstractExchange) -> None:
        async with queue.iterator() as messages:
            async for message in messages:
                await self._take(message, exchange)

    async def _take(self, message: AbstractIncomingMessage, exchange: AbstractExchange) -> None:
        """Commit, answer, settle: in this order."""
        name = routing_key(message.routing_key or "")
        answers = await asyncio.to_thread(self._desk.take, name, message.body, self._now_ns())
        for answer in answers:
            with suppress(DeliveryError):  # nobody is there to hear it; it will ask
                await exchange.publish(_message(answer), routing_key(answer.topic))
        await message.ack()
        self.taken += 1


async def _bound(channel: aio_pika.abc.AbstractChannel, name: str) -> AbstractQueue:
    """Return the queue, made if need be, with all that appliances say in it."""
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    for key in HEARD:
        await queue.bind(EXCHANGE, key)
    return queue


def _message(answer: Outbound) -> aio_pika.Message:
    return aio_pika.Message(
        answer.payload,
        content_type=answer.content_type,
        headers=dict(answer.properties),
        expiration=answer.expiry_s,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        if answer.qos
        else aio_pika.DeliveryMode.NOT_PERSISTENT,
    )


def _shown(url: str) -> str:
    """Return a URL without user and password."""
    return url.rpartition("@")[2]
