# SPDX-License-Identifier: Apache-2.0
"""The way to the hub: how fast a backlog drains, and how soon an urgent block is in force.

Both with real processes around a real mosquitto on loopback; the peer of the drain is a plain loop
that publishes one event at a time and waits for the broker's answer.
"""

import asyncio
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from edge.places import Places
from edge.report.event import CLASSES, Class, Event, Moment, encode
from edge.report.outbox.outbox import Outbox
from edge.report.outbox.quota import Limits
from hil.hub.store import EVENTS
from tests.flows.fleet import urgent_latencies
from tests.flows.house import House, house, until
from tests.flows.losses import client, ready

BACKLOG = 200_000
ONE_BY_ONE = 3_000
GROUP = 256
BOXES, RECORDS = 100, 20
AT = 1_900_000_000 * 10**9


def rows() -> list[dict[str, Any]]:
    """Return the rows of the table."""
    return [drain(), urgent()]


def call_of(number: int) -> bytes:
    """Return an event of the usual size: about 400 octets."""
    fields: dict[str, object] = {
        "call": f"{number:032x}", "trunk": "intl", "proto": "sip", "calling": "+447700900123",
        "called": f"{number * 7919:032x}", "key": "2026Q4-0a1b2c3d", "rule": "default",
        "offered": AT + number, "answered": bool(number % 3), "lasted_ms": number % 100_000,
        "cause": "BYE",
    }  # fmt: skip
    return encode(Event(Class.CALL, "call", Moment(AT + number, number, "b0a1c2d3e4f5"), fields))


def fill(path: Path) -> int:
    """Record a backlog; return how many events it has."""
    outbox = Outbox(path, Limits(1 << 30), AT)
    for first in range(0, BACKLOG, GROUP):
        outbox.keep([(Class.CALL, AT + n, call_of(n)) for n in range(first, first + GROUP)])
    found = sum(outbox.waiting().values())
    outbox.close()
    assert set(outbox.streams) == set(CLASSES)
    return found


def held(one: House) -> int:
    with one.store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one()


def drain() -> dict[str, Any]:
    """Let a backlog drain into the hub's database; count what arrived."""
    with TemporaryDirectory() as name, house(Path(name)) as one:
        one.write_config()
        count = fill(Places(one.state, one.state, one.state).outbox("core"))
        for part in (one.broker, one.hub, one.uplink):
            part.start()
        until(lambda: held(one) > 0, "the first event")
        began, before = time.perf_counter(), held(one)
        until(lambda: held(one) >= count, "the whole backlog", 300)
        rate = (held(one) - before) / (time.perf_counter() - began)
        lost = count - held(one)
    peer = one_by_one()
    return {
        "name": "backlog to the hub's database, on loopback", "value": round(rate),
        "unit": "events/s", "target": ">= 50,000, 0 lost", "peer": "aiomqtt one by one",
        "peer_value": round(peer), "ratio": round(rate / peer, 1),
        "ok": rate >= 50_000 and lost <= 0,
    }  # fmt: skip


def one_by_one() -> float:
    """Return how many events a second a plain loop has acknowledged by the broker."""

    async def send(port: int) -> float:
        async with client(port, "sender") as one:
            began = time.perf_counter()
            for number in range(ONE_BY_ONE):
                await one.publish("plain/events", call_of(number), qos=1)
            return ONE_BY_ONE / (time.perf_counter() - began)

    with TemporaryDirectory() as name, house(Path(name)) as one:
        one.broker.start()
        ready(one)
        return asyncio.run(send(one.port))


def urgent() -> dict[str, Any]:
    """Block numbers at the hub, and see how soon each of many appliances refuses them."""
    found = urgent_latencies(BOXES, RECORDS)
    p99 = quantiles(found, n=100)[98]
    return {
        "name": f"urgent block at the hub to refused, {BOXES} appliances, 99 of 100",
        "value": round(p99, 3), "unit": "s", "target": "< 2", "peer": None, "peer_value": None,
        "ratio": None, "ok": p99 < 2,
    }  # fmt: skip
