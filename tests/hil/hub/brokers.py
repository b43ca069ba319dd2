# SPDX-License-Identifier: Apache-2.0
"""A real mosquitto with the rig's configuration, and a hub behind it that gives certificates."""

import asyncio
import subprocess
import threading
from contextlib import ExitStack, contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import clock
from edge.report import topic
from edge.report.hub.reach import Session, Terms
from edge.report.port import Outbound
from edge.trust.identity import write_private
from hil.hub.authority import Authority
from hil.hub.cosign import Cosigner
from hil.hub.fleet import Fleet
from hil.hub.ledger import Ledger
from hil.hub.mosquitto import WORKER, Authorities, Brokers, Ports
from hil.hub.parts import Desk
from hil.loopback import free_ports
from tests.hil.hub.boxes import NS, Hub

WAIT_S = 30


def write_identity(folder, authority, pair):
    """What `edge.report.hub.dial` reads."""
    for name, text in (("authority.pem", authority.pem), ("certificate.pem", pair.certificate),
                       ("key.pem", pair.key)):  # fmt: skip
        write_private(folder / name, text.encode())
    return folder


class Rig:
    """A hub's authority and database, and a broker that believes it."""

    def __init__(self, folder):
        now_s = clock.now_ns() // NS
        self.hub = Hub(folder, now_s)
        workers = Authority(folder / "workers", now_s, "Qalqan hub workers")
        self.brokers = Brokers(folder / "broker", Ports(*free_ports(4)))
        names = ("127.0.0.1", "localhost")
        self.brokers.write(Authorities(self.hub.authority, workers), names, now_s)
        self.worker = write_identity(
            folder / "worker", self.hub.authority, workers.worker(WORKER, now_s)
        )
        self.ports = self.brokers.ports

    @contextmanager
    def mosquitto(self):
        """Run broker and airlock; both are up when this returns, and speak with each other."""
        with ExitStack() as stack:
            stack.enter_context(self._one(self.brokers.main, " running"))
            stack.enter_context(self._one(self.brokers.airlock, "Received SUBACK"))
            yield

    def bulk(self):
        """Run the broker of large files beside the main one; yields its log."""
        return self._one(self.brokers.bulk, "Received SUBACK")

    def airlock(self):
        """Run the airlock alone; yields its log."""
        return self._one(self.brokers.airlock, " running")

    @contextmanager
    def _one(self, config, ready):
        command = ["mosquitto", "-v", "-c", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        log, up = [], threading.Event()

        def read():
            with process.stdout:
                for line in process.stdout:
                    log.append(line.decode())
                    if ready in log[-1]:
                        up.set()
            up.set()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            assert up.wait(WAIT_S)
            assert process.poll() is None, "".join(log)
            yield log
        finally:
            process.terminate()
            process.wait(WAIT_S)
            reader.join(WAIT_S)

    @contextmanager
    def at_work(self):
        """Let the hub answer in a thread of its own; yields what it hears."""
        talk = _Talk(self.hub)
        thread = threading.Thread(target=lambda: asyncio.run(talk.run(self)))
        thread.start()
        assert talk.listening.wait(WAIT_S)
        try:
            yield talk
        finally:
            talk.loop.call_soon_threadsafe(talk.stop.set)
            thread.join(WAIT_S)


class _Talk:
    """The hub's end of the conversation."""

    def __init__(self, hub):
        ledger = Ledger(hub.store, Cosigner(Ed25519PrivateKey.generate(), "hub"))
        certificates = [hub.enrolment, hub.renewals, hub.pages]
        self.desk = Desk(hub.store, [ledger, Fleet(hub.store), *certificates])
        self.heard = []
        self._news = threading.Condition()
        self.listening = threading.Event()

    async def run(self, rig):
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        terms = Terms("hub-worker-1", (f"127.0.0.1:{rig.ports.hub}",), rig.worker)
        await Session(terms, self, lambda: 1).forever()

    def say(self, messages):
        """Publish what the herald would."""
        for message in messages:
            said = asyncio.run_coroutine_threadsafe(self.connection.publish(message), self.loop)
            assert said.result(WAIT_S) == 0

    def until(self, topic):
        """Wait until something on a topic was heard, answered and settled."""
        with self._news:
            assert self._news.wait_for(lambda: topic in {one.topic for one in self.heard}, WAIT_S)

    def will(self, epoch):
        return Outbound(topic.down(topic.ALL, topic.HUB), b"{}")

    async def converse(self, connection):
        await connection.subscribe((topic.heard_by_hub(), topic.enrolment("+", "request")))
        self.listening.set()
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(self._hear(connection))
            await self.stop.wait()
            hearing.cancel()

    async def _hear(self, connection):
        async for message in connection.messages():
            for answer in self.desk.take(message.topic, message.payload, clock.now_ns()):
                await connection.publish(answer)
            await connection.settle(message)
            self.connection = connection
            with self._news:
                self.heard.append(message)
                self._news.notify_all()
