# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged and is lost: a plain aiomqtt loop beside this uplink, by the same harm.

    python -m tests.flows.losses          (`make losses`)

A plain loop takes the broker's word for delivery, as most programs do: `publish` at QoS 1 that
returns is "acknowledged". Of the uplink, an event is acknowledged when the outbox says that it is
on disk. Prints a table and writes `build/losses.json`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from rich.console import Console
from rich.table import Table

from edge.places import Places
from tests.flows.house import ROOT, House, house, until
from tests.flows.kills import arrived, truth_of

KEPT = ROOT / "build" / "losses.json"
TOPIC = "plain/events"
MANY, FEW = 5000, 900
RATE = 2000
PERSISTENT = "persistence true\npersistence_location {folder}/\n"


class Count(NamedTuple):
    """What was acknowledged, and what of it is nowhere."""

    acknowledged: int
    lost: int


class Row(NamedTuple):
    """One kind of harm."""

    harm: str
    plain: Count
    ours: Count


# A plain loop --------------------------------------------------------------------------


def client(port: int, name: str) -> aiomqtt.Client:
    """Return a client as a careful program would make it: MQTT 5, a session that stays."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    return aiomqtt.Client(
        "127.0.0.1", port, identifier=name, protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False, properties=properties,
    )  # fmt: skip


async def subscribe(port: int) -> None:
    """Have the broker keep what is published for a receiver that goes away."""
    async with client(port, "receiver") as one:
        await one.subscribe(TOPIC, qos=1)


async def publish(port: int, count: int) -> int:
    """Publish, one after the other; return how many returned as if all were well."""
    done = 0
    async with client(port, "sender") as one:
        for number in range(count):
            await one.publish(TOPIC, b"%d" % number, qos=1)
            done += 1
    return done


async def receive(port: int, quiet_s: float = 2.0) -> set[int]:
    """Return what arrives at the receiver when it is back."""
    found: set[int] = set()
    async with client(port, "receiver") as one:
        messages = aiter(one.messages)
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(quiet_s):
                    found.add(int((await anext(messages)).payload))
    return found


async def work(port: int, done: Path) -> None:
    """Receive and act on each message, which takes a moment, as a write to a database does."""
    async with client(port, "receiver") as one:
        async for message in one.messages:
            await asyncio.sleep(0.2)
            with done.open("ab", buffering=0) as out:
                out.write(bytes(message.payload) + b"\n")


# The same harm to both -----------------------------------------------------------------


def overflow(folder: Path) -> Row:
    """The receiver is away, and the broker's queue for it is full."""
    with house(folder / "plain") as one:
        one.broker.start()
        ready(one)
        asyncio.run(subscribe(one.port))
        sent = asyncio.run(publish(one.port, MANY))
        plain = Count(sent, sent - len(asyncio.run(receive(one.port))))

    def harm(_one: House) -> None:
        """Do nothing more: the hub is not there while all is recorded."""

    return Row("receiver away, broker's queue overflows", plain, ours(folder / "ours", MANY, harm))


def broker_killed(folder: Path) -> Row:
    """The broker, which may write to its disk, is killed."""
    with house(folder / "plain") as one:
        persistent(one)
        one.broker.start()
        ready(one)
        asyncio.run(subscribe(one.port))
        sent = asyncio.run(publish(one.port, FEW))
        one.broker.kill()
        one.broker.start()
        ready(one)
        plain = Count(sent, sent - len(asyncio.run(receive(one.port))))

    def harm(one: House) -> None:
        one.broker.kill()
        one.broker.start()

    return Row("broker killed (persistence on)", plain, ours(folder / "ours", FEW, harm))


def receiver_killed(folder: Path) -> Row:
    """The receiver is killed while it acts on what has arrived."""
    count = 10
    with house(folder / "plain") as one:
        one.broker.start()
        ready(one)
        asyncio.run(subscribe(one.port))
        sent = asyncio.run(publish(one.port, count))
        done = folder / "done"
        done.touch()
        worker = one.part("worker", "tests.flows.losses", "work", str(one.port), str(done))
        worker.start()
        until(lambda: bool(done.read_bytes()), "the first message")
        worker.kill()
        worker.start()
        time.sleep(4)  # noqa: TID251 - what has not come by now was never sent again
        worker.kill()
        plain = Count(sent, sent - len(set(done.read_text().split())))

    def harm(one: House) -> None:
        one.hub.start()
        until(lambda: bool(arrived(one)), "the first event")
        for _ in range(3):
            one.hub.kill()
            one.hub.start()

    return Row("receiver killed while it works", plain, ours(folder / "ours", FEW, harm))


def ours(folder: Path, count: int, harm: Callable[[House], None]) -> Count:
    """Record events while `harm` is done, then let all parts run; count what is nowhere."""
    with house(folder) as one:
        persistent(one)
        one.write_config()
        places = Places(one.state, one.state, one.state)
        truth = folder / "truth"
        truth.touch()
        recorder = one.part("recorder", "tests.flows.recorder", str(places.outbox("core")),
                            str(places.acked), str(truth), str(RATE))  # fmt: skip
        for part in (one.broker, one.uplink, recorder):
            part.start()
        try:
            until(lambda: len(truth_of(truth)) >= count, "enough events")
            harm(one)
            recorder.stop()
        finally:
            recorder.kill()
        recorded = truth_of(truth)
        if one.hub.process is None:
            one.hub.start()
        with suppress(AssertionError):
            until(lambda: arrived(one) >= recorded.keys(), "all that was recorded", 120)
        return Count(len(recorded), len(recorded.keys() - arrived(one)))


def persistent(one: House) -> None:
    """Let the broker write down what it keeps, by its own defaults of when."""
    path = one.folder / "mosquitto.conf"
    path.write_text(path.read_text() + PERSISTENT.format(folder=one.folder))


def ready(one: House) -> None:
    """Wait until the broker listens."""

    async def knock() -> None:
        async with client(one.port, "knock"):
            pass

    def is_open() -> bool:
        with suppress(aiomqtt.MqttError):
            asyncio.run(knock())
            return True
        return False

    until(is_open, "the broker")


HARMS = (overflow, broker_killed, receiver_killed)


def main() -> None:
    """Do each harm to both, and print the table."""
    rows = []
    for harm in HARMS:
        with TemporaryDirectory() as name:
            for side in ("plain", "ours"):
                (Path(name) / side).mkdir()
            rows.append(harm(Path(name)))
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n", encoding="utf-8")
    table = Table(title="Acknowledged, and lost", title_justify="left")
    for column in ("harm", "plain aiomqtt loop", "this uplink"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.harm, *(f"{c.lost:,} of {c.acknowledged:,}" for c in row[1:]))
    Console(width=110).print(table)
    sys.exit(any(row.ours.lost for row in rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        asyncio.run(work(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        main()
