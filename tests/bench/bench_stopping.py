# SPDX-License-Identifier: Apache-2.0
"""How long a call lives that is stopped: from its INVITE on the wire to its end on the wire.

By real switches in the region of `tests/flows`, each asking or told as `drivers/README.md` says; on
an E1 by an exchange told at its command port, which the probe hears as frames or bit by bit.
"""

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path

from hil.region.sipp import refused
from tests.flows import region as place
from tests.flows.e1_house import LISTED, house
from tests.flows.e1_signalling import Isup
from tests.flows.e1_switch import Life
from tests.flows.ways import WAYS, switched

CALLS = 50
RATE = 10
CIRCUITS = 31
BEFORE_IT_RINGS_MS = 500
"A network needs this long, and mostly more, until the called phone rings."


def rows():
    """Return the rows of the table."""
    for name, way in WAYS.items():
        yield from _rows(f"INVITE to stopped, {name.replace('-', ' ')}", partial(_stopped, way))
    for heard, raw in (("frames", False), ("raw bits", True)):
        released = partial(_released, raw=raw)
        yield from _rows(f"IAM to stopped, exchange told, {heard}", released)


def _rows(title, measure):
    """Yield the rows of one way; `measure` takes a folder and returns milliseconds."""
    folder = Path(tempfile.mkdtemp())
    try:
        took = sorted(measure(folder))
    finally:
        shutil.rmtree(folder)
    yield _row(f"{title}, median", took[len(took) // 2])
    yield _row(f"{title}, 98 of 100", took[len(took) * 98 // 100])


def _stopped(way, folder):
    """Return how many milliseconds each stopped call lived; all of them must be stopped."""
    with switched(way, folder) as (region, start):
        start()
        often = ("-m", str(CALLS), "-r", str(RATE))
        calls = region.calls(refused(folder, way.refusal), place.LISTED, more=often)
        assert calls.wait() == 0, "a call was not refused"
        outcomes = region.settled(CALLS)
        assert {one["outcome"] for one in outcomes} == {"stopped"}
        return [one["after_ms"] for one in outcomes]


def _released(folder, *, raw):
    """Return the same of calls on an E1, one after the other."""
    return asyncio.run(_released_in(folder, raw=raw))


async def _released_in(folder, *, raw):
    signalling = Isup()
    async with house(signalling, folder, raw=raw) as at:
        for count in range(CALLS):
            life = Life(rings_s=BEFORE_IT_RINGS_MS / 1000)
            at.call(LISTED, signalling.circuit(1 + count % CIRCUITS), life)
            await at.idle()
        outcomes = await at.settled(CALLS)
    assert {one["outcome"] for one in outcomes} == {"stopped"}
    return [one["after_ms"] for one in outcomes]


def _row(name, value):
    return {
        "name": name, "value": round(value, 1), "unit": "ms", "target": BEFORE_IT_RINGS_MS,
        "peer": None, "peer_value": None, "ratio": None, "ok": value <= BEFORE_IT_RINGS_MS,
    }  # fmt: skip
