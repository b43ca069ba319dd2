# SPDX-License-Identifier: Apache-2.0
"""The hub of the rig: three brokers with TLS on both sides, the reference hub, and its keys.

    box ──8883──► broker ◄──8885── hub        enrolment: 8884, firmware in bulk: 8886

The rig takes the real ports, as a box looks for enrolment on its own one. A virtual machine with
a network of QEMU's own (`-nic user`) reaches this machine's loopback as 10.0.2.2.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from edge import clock
from edge.errors import ConfigError
from edge.report.message import Campaign
from edge.trust.enrol import EnrolRefused, Fault
from edge.trust.identity import write_private
from hil.demo.region import process
from hil.hub import rollout
from hil.hub.authority import Authority
from hil.hub.enrolment import Enrolment, authority_of, shared_by_all
from hil.hub.fleet import Member, members
from hil.hub.library import REPOSITORY
from hil.hub.mosquitto import WORKER, Authorities, Brokers, Ports
from hil.hub.rollout import Group, Plan, Rollout
from hil.hub.store import EVENTS, STREAMS, Store, sqlite_url

NS = 10**9
SEEN_FROM_INSIDE = "10.0.2.2"
"This machine's loopback, as a guest of QEMU's own network sees it."
LISTENS = "127.0.0.1"
REAL = Ports()


class Told(NamedTuple):
    """An event that a box has reported."""

    node: str
    at: int
    kind: str
    body: dict[str, Any]


def now_s() -> int:
    """Return the time, seconds."""
    return clock.now_ns() // NS


class RigHub:
    """All that a hub is, in a folder; it runs within `running()`."""

    def __init__(self, folder: Path, ports: Ports = REAL) -> None:
        """Take a folder that was made by `made`, or is a copy of one put back in its place."""
        self.folder = folder
        self.ports = ports
        self._hub = folder / "hub"
        self._hub.mkdir(parents=True, exist_ok=True)
        self._worker = folder / "worker"
        self._brokers = Brokers(folder / "broker", self.ports, LISTENS)
        self.repository = self._hub / REPOSITORY
        "Folder of what is signed; a `Centre` fills it."
        self.store = Store(sqlite_url(self._hub / "hub.db"))
        self.store.make()

    @classmethod
    def made(cls, folder: Path, ports: Ports = REAL) -> "RigHub":
        """Make keys and brokers in a folder."""
        made = cls(folder, ports)
        names = (SEEN_FROM_INSIDE, LISTENS)
        workers = Authority(folder / "workers", now_s(), "Qalqan hub workers")
        boxes = authority_of(made._hub)
        made._brokers.write(Authorities(boxes, workers), names, now_s())
        pair = workers.worker(WORKER, now_s())
        for name, text in (("authority.pem", boxes.pem), ("certificate.pem", pair.certificate),
                           ("key.pem", pair.key)):  # fmt: skip
            write_private(made._worker / name, text.encode())
        return made

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run brokers and hub. Raises `ConfigError` where somebody has taken their ports."""
        taken = [port for port in self.ports if _is_open(port)]
        if taken:
            raise ConfigError(f"port {taken[0]} of loopback is taken: the rig needs {self.ports}")
        log = self.folder / "hub.log"
        brokers = self._brokers
        with ExitStack() as stack:
            for config in (brokers.main, brokers.airlock, brokers.bulk):
                stack.enter_context(_mosquitto(config))
            where = f"{LISTENS}:{self.ports.hub}"
            stack.enter_context(process(
                log, "hil.hub", "run", "--broker", where, "--tls", str(self._worker),
                "--folder", str(self._hub), "--workers", "1",
            ))  # fmt: skip
            stack.callback(self.store.close)
            yield

    def settings(self) -> str:
        """Return the table `[hub]` of a box that is to speak with this hub."""
        where, bulk = (f"{SEEN_FROM_INSIDE}:{port}" for port in (self.ports.boxes, self.ports.bulk))
        return (
            f'[hub]\nbrokers = ["{where}"]\nbulk_brokers = ["{bulk}"]\nlists = ["fraud"]\n'
            "firmware = true\n"
        )

    def admit(self, node: str, code: str) -> bool:
        """Type in a box's code; returns whether it has asked by now. Raises `EnrolRefused`."""
        office = Enrolment(self.store, authority_of(self._hub), shared_by_all(self._hub))
        try:
            office.approve(node, code, now_s())
        except EnrolRefused as refusal:
            if refusal.fault is Fault.NOBODY_ASKS:
                return False
            raise
        return True

    def begin(self, name: str, version: str, node: str) -> None:
        """Begin a rollout to one box."""
        plan = Plan(Campaign(id=name, version=version), (Group("canary", (node,)),), error=0.5)
        rollout.create(self.store, plan, clock.now_ns())

    def rollout(self, name: str) -> Rollout:
        """Return how a rollout stands."""
        return rollout.show(self.store, name)[0]

    def member(self, node: str) -> Member | None:
        """Return what the hub knows of a box."""
        return next((one for one in members(self.store) if one.node == node), None)

    def told(self, kind: str) -> list[Told]:
        """Return the events of a kind, in the order of their streams."""
        asked = sa.select(STREAMS.c.node, EVENTS.c.at, EVENTS.c.kind, EVENTS.c.body).join(
            EVENTS, EVENTS.c.stream == STREAMS.c.id
        )
        with self.store.reading() as connection:
            rows = connection.execute(asked.where(EVENTS.c.kind == kind).order_by(EVENTS.c.at))
            return [Told(row.node, row.at, row.kind, msgspec.json.decode(row.body)) for row in rows]


def _is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((LISTENS, port)) == 0


@contextmanager
def _mosquitto(config: Path) -> Iterator[None]:
    log = config.with_suffix(".log")
    with log.open("wb") as out:
        command = ["mosquitto", "-c", str(config)]
        running = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        running.terminate()
        running.wait()
