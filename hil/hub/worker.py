# SPDX-License-Identifier: Apache-2.0
"""A worker on a broker of MQTT: takes its share of what appliances say, answers, then settles.

Commit, answer, settle, in this order: a worker that is killed in between leaves the message with
the broker, and the next one does the same again, to the same end. Workers share by `$share`; where
there is one alone, or a broker that cannot share, it subscribes plainly.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from edge import clock
from edge.report import topic
from edge.report.port import Inbound
from hil.hub.mqtt import Broker, Link, Session, connected
from hil.hub.parts import Desk

EVENTS, ENROLMENT = "$share/ingest/", "$share/enrolment/"
"A group each: rumqttd 0.20 ends when one that has two filters loses a member."
REMEMBERED_S = 15
"""A worker that comes back within this time is given what it had not settled; what a lost one had
is sent again by the appliances."""


class Post(NamedTuple):
    """Where a worker stands."""

    broker: Broker
    number: int = 1
    shares: bool = True
    "Whether there are others."
    name: str = "hub"
    "Begins the client ids; two hubs on one broker have two."

    @property
    def filters(self) -> tuple[str, ...]:
        """What it subscribes to."""
        heard, asked = topic.heard_by_hub(), topic.enrolment("+", "request")
        return (EVENTS + heard, ENROLMENT + asked) if self.shares else (heard, asked)


class Worker:
    """Takes messages from a broker to the desk."""

    def __init__(self, desk: Desk, now_ns: Callable[[], int] = clock.now_ns) -> None:
        """Give messages to `desk`."""
        self._desk = desk
        self._now_ns = now_ns
        self.taken = 0
        "Messages settled so far."

    async def run(self, post: Post) -> None:
        """Work on one connection until it ends. Raises `DriverLost`."""
        session = Session(f"{post.name}-worker-{post.number}", expiry_s=REMEMBERED_S)
        async with connected(post.broker, session) as link:
            await link.subscribe(*post.filters)
            while True:
                await self._take(link, await link.arrived())

    async def _take(self, link: Link, arrived: list[Inbound]) -> None:
        """Answer messages, and settle those whose answers the broker has."""
        for message in arrived:
            answers = await asyncio.to_thread(
                self._desk.take, message.topic, message.payload, self._now_ns()
            )
            sent = [link.send(answer) for answer in answers]
            for one in sent:
                await one
            link.settle(message)
            self.taken += 1
