# SPDX-License-Identifier: Apache-2.0
"""How long a call lives that is stopped: from its INVITE on the wire to its end on the wire.

By real switches in the region of `tests/flows`, each asking or told as `drivers/README.md` says.
"""

import shutil
import tempfile
from pathlib import Path

from tests.flows import region as place
from tests.flows.region import refused
from tests.flows.ways import WAYS, switched

CALLS = 50
RATE = 10
BEFORE_IT_RINGS_MS = 500
"A network needs this long, and mostly more, until the called phone rings."


def rows():
    """Return the rows of the table."""
    for name, way in WAYS.items():
        folder = Path(tempfile.mkdtemp())
        try:
            took = sorted(_stopped(way, folder))
        finally:
            shutil.rmtree(folder)
        title = f"INVITE to stopped, {name.replace('-', ' ')}"
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


def _row(name, value):
    return {
        "name": name, "value": round(value, 1), "unit": "ms", "target": BEFORE_IT_RINGS_MS,
        "peer": None, "peer_value": None, "ratio": None, "ok": value <= BEFORE_IT_RINGS_MS,
    }  # fmt: skip
