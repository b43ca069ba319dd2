# SPDX-License-Identifier: Apache-2.0
"""Who takes part when a list goes over MQTT: a broker, a line to cut, a hub, an appliance.

`python -m tests.flows.list_parties PORT FOLDER` is an appliance in a process of its own.
"""

import asyncio
import socket
import sys
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from edge.blocklist.apply import Settings
from edge.blocklist.manifest import Guards
from edge.errors import DriverLost
from edge.process.supervise import Backoff, Supervised
from edge.report import topic
from edge.report.event import Moment
from edge.report.lists.fetch import MqttFetcher, Patience
from edge.report.lists.follow import Follow, Pace, Telling, followed
from edge.report.lists.pull import Shelf
from edge.report.message import Ask, BlockHead
from edge.report.port import Outbound
from edge.trust.roles import blob_path
from hil.hub.library import Library
from hil.hub.mqtt import Broker, Session, connected
from tests.trust.centre import NOW

NODE = "astana-1"
NS = 10**9
SOON = Backoff(0.05, 0.2)
BOUND_S = 60
MANY = Guards(most_additions=1_000_000)


async def until(true):
    """Wait until something is true."""
    async with asyncio.timeout(BOUND_S):
        while not true():
            await asyncio.to_thread(lambda: None)


@asynccontextmanager
async def mosquitto(folder):
    """Give the port of a broker of this test alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n")
    process = await asyncio.create_subprocess_exec(
        "mosquitto", "-c", str(config), stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(BOUND_S):
            while b"running" not in await process.stderr.readline():
                pass
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(process.stderr.read())
            try:
                yield port
            finally:
                process.terminate()
                await process.wait()
                await reading
    finally:
        with suppress(ProcessLookupError):
            process.kill()


class Line:
    """A line to a broker, which can be cut."""

    def __init__(self, port):
        self.port = 0
        self._broker = port
        self._ends = set()

    @asynccontextmanager
    async def laid(self):
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()

    async def _carry(self, reader, writer):
        there = await asyncio.open_connection("127.0.0.1", self._broker)
        self._ends |= {writer, there[1]}
        try:
            async with asyncio.TaskGroup() as group:
                for source, sink in ((reader, there[1]), (there[0], writer)):
                    group.create_task(self._pass(source, sink))
        finally:
            self._ends -= {writer, there[1]}

    async def _pass(self, source, sink):
        with suppress(OSError):
            while octets := await source.read(65536):
                sink.write(octets)
                await sink.drain()
        sink.close()

    def cut(self):
        for end in self._ends:
            end.transport.abort()


class Hub:
    """A hub that has a library and nothing else."""

    def __init__(self, port, folder):
        self.library = Library(folder)
        self.sent: Counter[tuple[str, int]] = Counter()
        "Blocks by path and index."
        self.bend = lambda answers: answers
        self._broker = Broker("127.0.0.1", port)
        self._link = None

    @asynccontextmanager
    async def there(self):
        async with connected(self._broker, Session("hub")) as self._link:
            await self._link.subscribe(topic.heard_by_hub())
            self.library.anew()
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(self._answer())
                try:
                    await self.speak()
                    yield self
                finally:
                    answering.cancel()

    async def speak(self):
        """Say what is new, as a herald does."""
        for message in self.library.news(NOW * NS):
            await self._link.publish(message)

    async def _answer(self):
        while True:
            for message in await self._link.arrived():
                _, node, rest = topic.split(message.topic)
                answers = list(self.library.take(node, rest, message.payload, NOW * NS))
                for answer in self.bend(answers):
                    await self.give(answer)
                self._link.settle(message)

    async def give(self, answer):
        if answer.topic.endswith("/blk"):
            head = BlockHead.model_validate_json(answer.payload.partition(b"\n")[0])
            self.sent[head.path, head.index] += 1
        await self._link.publish(answer)

    def blocks_of(self, blob):
        """Return how often each block of some data was sent."""
        path = blob_path(blob.sha256)
        return {index: count for (each, index), count in self.sent.items() if each == path}


class Appliance:
    """An appliance that follows the list `fraud` and does nothing else."""

    def __init__(self, port, folder, patience=Patience(answer_s=5)):  # noqa: B008 - frozen
        self.said = []
        self._link = None
        self._broker = Broker("127.0.0.1", port)
        self.fetcher = MqttFetcher(NODE, self._send, Shelf(folder / "pull"), patience)
        root = (folder / "root.json").read_bytes()
        self.lists = followed(folder / "lists", ["fraud"], root, self.fetcher, Settings(NODE, MANY))
        self.follow = Follow(
            self.lists, self.fetcher, Telling(self._put, lambda: Moment(1, 1, "b"), lambda: None),
            Pace(spread_s=0.01, failing=SOON), now_s=lambda: NOW + 1,
        )  # fmt: skip
        self.store = self.lists["fraud"].store

    def _put(self, event):
        self.said.append(event.fields.get("name") or event.fields["text"])

    async def _send(self, message):
        if self._link is None:
            raise DriverLost("no connection")
        return await self._link.publish(message)

    @property
    def version(self):
        found = self.store.open()
        return found.version if found else 0

    def urgent(self):
        return [record.seq for record in self.store.urgent(NOW)]

    async def forever(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.follow.forever())
            group.create_task(Supervised("hub", self._converse, SOON).forever())

    async def _converse(self):
        async with connected(self._broker, Session(NODE)) as link:
            await link.subscribe(*topic.heard_by(NODE))
            self._link = link
            ask = Ask(epoch=1, urgent=self.follow.urgent_through())
            await link.publish(Outbound(topic.up(NODE, topic.ASK), ask.model_dump_json().encode()))
            self.follow.connected()
            try:
                while True:
                    for message in await link.arrived():
                        _, _, rest = topic.split(message.topic)
                        await self.follow.hear(rest, message)
                        link.settle(message)
            finally:
                self._link = None
                self.follow.lost("the connection has ended")

    @asynccontextmanager
    async def there(self):
        async with asyncio.TaskGroup() as group:
            living = group.create_task(self.forever())
            try:
                yield self
            finally:
                living.cancel()


async def main():
    await Appliance(int(sys.argv[1]), Path(sys.argv[2])).forever()


if __name__ == "__main__":
    asyncio.run(main())
