# SPDX-License-Identifier: Apache-2.0
"""How long an urgent word waits on a narrow line while a bundle is fetched over the same one.

    broker ─[tbf, a deep queue]─ appliance: two connections, one urgent, one for blocks
       └─── hub, on a cable of its own

`python -m tests.update.narrow 2000` prints the table for 2,000 kbit/s, with and without our bound.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from typing_extensions import override

from edge import clock
from edge.report import topic
from edge.report.hub.reach import Session, Terms
from edge.report.port import Connection, Outbound
from edge.update.blocks import open_part
from edge.update.download import Download, Patience
from edge.update.line import Line, Pace
from edge.update.manifest import BLOCK, block_hashes, split_hashes
from edge.update.state import Folder
from tests.netns import cable, host, hub as switch, namespace
from tests.report.mosquitto import PATIENCE_S
from tests.report.small_box import AT_ONCE, eventually, kept
from tests.update.bulk_hub import bulk_hub
from tests.update.centre import Works

NODE = "astana-1"
SHAPED, PLAIN = "10.9.1.2", "10.9.2.2"
PORT = 1883
EVERY_S = 0.05
QUEUE = "512k"
"Of the narrow line: it loses nothing, and a queue of seconds can build up before it."


class Waited(NamedTuple):
    """What was measured."""

    words: int
    p50_ms: float
    p99_ms: float
    most_ms: float
    kbit: float
    "Of the bundle meanwhile."

    @override
    def __str__(self) -> str:
        return (
            f"urgent words {self.words}: p50 {self.p50_ms:.0f} ms, p99 {self.p99_ms:.0f} ms,"
            f" most {self.most_ms:.0f} ms; bundle at {self.kbit:.0f} kbit/s"
        )


class Unbound(Line):
    """What a client without this does: TCP opens its window as far as it goes."""

    @override
    def tune(self, wire: object) -> None:
        pass

    @override
    def carried(self, octets: int, took_s: float) -> None:
        pass


class Urgent:
    """The first connection of the appliance: hears urgent words, and how late they are."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.hears = asyncio.Event()

    def will(self, epoch: int) -> None:
        return None

    async def converse(self, connection: Connection) -> None:
        await connection.subscribe(topic.heard_by(NODE))
        self.hears.set()
        async for message in connection.messages():
            self.late_s.append((clock.ticks_ns() - int(message.payload[:20])) / 1e9)
            await connection.settle(message)


@contextmanager
def broker_beyond(folder: Path, kbit: int) -> Iterator[None]:
    """Run mosquitto on a machine behind a narrow line."""
    (folder / "mosquitto.conf").write_text(f"listener {PORT} 0.0.0.0\nallow_anonymous true\n")
    with namespace():
        switch("sw")
        with host("far", "10.9.0.2/24", "sw") as machine:
            cable("near", "10.9.1.1", "narrow", SHAPED, machine)
            cable("nearer", "10.9.2.1", "wide", PLAIN, machine)
            shape = f"tbf rate {kbit}kbit burst 3000 limit {QUEUE}"
            subprocess.run([*machine.inside, "tc", "qdisc", "add", "dev", "narrow", "root",
                            *shape.split()], check=True)  # fmt: skip
            command = [*machine.inside, "mosquitto", "-c", str(folder / "mosquitto.conf")]
            running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            try:
                yield
            finally:
                running.terminate()
                running.wait(PATIENCE_S)


async def measure(folder: Path, line: Line, octets: int) -> Waited:
    """Fetch a bundle, and say urgent words meanwhile; how late each came."""
    works = Works(folder / "repository")
    release = works.give(octets=octets)
    blob = (works.repository.blobs / release.sha256).read_bytes()
    hashes = block_hashes(blob[at : at + BLOCK] for at in range(0, len(blob), BLOCK))
    part = open_part(Folder(folder / "update"), release, split_hashes(hashes, release))
    urgent, patience = Urgent(), Patience(answer_s=30)
    download = Download(NODE, part, line, lambda: None, patience)
    first = Session(Terms(NODE, (f"{SHAPED}:{PORT}",)), urgent, lambda: 1, AT_ONCE)
    terms = Terms(NODE, (f"{SHAPED}:{PORT}",), client="bulk", lasting=False, tune=line.tune)
    second = Session(terms, download, lambda: 1, AT_ONCE)
    async with bulk_hub(f"{PLAIN}:{PORT}", works.folder) as hub, kept(first):
        await urgent.hears.wait()
        began_s = clock.monotonic_s()
        async with asyncio.TaskGroup() as group:
            going = group.create_task(second.forever())
            said = 0
            while not going.done():
                await asyncio.sleep(EVERY_S)
                word = b"%020d" % clock.ticks_ns() + bytes(200)
                where = topic.down(NODE, topic.URGENT)
                assert hub.connection is not None
                await hub.connection.publish(Outbound(where, word))
                said += 1
        took_s = clock.monotonic_s() - began_s
        await eventually(lambda: len(urgent.late_s) >= said)
    part.close()
    late = sorted(urgent.late_s)
    return Waited(
        len(late), 1e3 * late[len(late) // 2], 1e3 * late[len(late) * 99 // 100], 1e3 * late[-1],
        octets * 8 / 1000 / took_s,
    )  # fmt: skip


def run(kbit: int, line: Line, seconds: float = 12.0) -> Waited:
    """Measure on a line of so many kbit/s, for so long."""
    with tempfile.TemporaryDirectory() as name, broker_beyond(Path(name), kbit):
        return asyncio.run(measure(Path(name), line, int(kbit * 125 * seconds)))


if __name__ == "__main__":
    for rate in map(int, sys.argv[1:] or ["2000"]):
        sys.stdout.write(f"{rate} kbit/s, bound:   {run(rate, Line())}\n")
        sys.stdout.write(f"{rate} kbit/s, unbound: {run(rate, Unbound())}\n")
        half = Line(Pace(kbit=rate // 2))
        sys.stdout.write(f"{rate} kbit/s, capped at half: {run(rate, half, 6.0)}\n")
