# SPDX-License-Identifier: Apache-2.0
"""A process that records events into an outbox as `core` does, and says which are on disk.

    python -m tests.flows.recorder OUTBOX ACKED TRUTH RATE

Each line of TRUTH is stream, number and name of an event, written once it is recorded; a kill at
any instant leaves at most a torn last line.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from edge.moment import Moments
from edge.process.hint import OUTBOX, Hints
from edge.report.event import CLASSES, Event
from edge.report.outbox.outbox import Kept
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import Hooks, Writer

STEP_S = 0.02


async def record(outbox: Path, acked: Path, truth: Path, rate: int) -> None:
    """Record until told to stop."""
    hints = Hints(outbox.parents[1] / "run", "core")
    hooks = Hooks(committed=lambda: hints.give("uplink", OUTBOX))
    writer = Writer(outbox, Limits(256 << 20), acked, hooks).start()
    moments, number, stop = Moments(), 0, asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with truth.open("ab", buffering=0) as out:
        while not stop.is_set():
            for _ in range(max(1, int(rate * STEP_S))):
                number += 1
                name = f"{os.getpid()}-{number}"
                fields: dict[str, object] = {"name": name, "trunk": "", "text": "x" * 200}
                event = Event(CLASSES[number % 3], "alarm", moments.now(), fields)
                writer.record(event).add_done_callback(partial(tell, out.write, name))
            await asyncio.sleep(STEP_S)
        writer.close()
    hints.close()


def tell(write: Callable[[bytes], object], name: str, done: Future[Kept]) -> None:
    """Write down that an event is recorded."""
    if done.exception() is None:
        kept = done.result()
        write(f"{kept.stream} {kept.seq} {name}\n".encode())


if __name__ == "__main__":
    outbox, acked, truth = map(Path, sys.argv[1:4])
    asyncio.run(record(outbox, acked, truth, int(sys.argv[4])))
