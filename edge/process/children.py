# SPDX-License-Identifier: Apache-2.0
"""`qalqan run`: the processes of the appliance as children, for a desk or a demo.

On an appliance systemd does this, with a unit, a user and rights for each. Kill a child at any
time: the others go on, and it comes back.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edge.errors import DriverLost
from edge.process.service import signals
from edge.process.supervise import Supervised

LEADER = "core"
"The others work for it: when its taps have ended (captures do), they are told to end as well."

GRACE_S = 10.0
"A child that has not ended this long after SIGTERM is killed."

ENDED = (0, 1, 2, 3)
"Exit codes of a child that ended by itself, and would not do better a second time."

AGAIN = 75
"Exit code of a child that asks to be started anew (EX_TEMPFAIL of sysexits(3))."


class Child:
    """One process of the appliance."""

    def __init__(self, name: str, config: Path) -> None:
        """Name the process by its subcommand."""
        self.name = name
        self.code = 0
        "Its last exit code."
        self._command = (sys.executable, "-m", "edge", name, "--config", str(config))

    async def run(self) -> None:
        """Run the process until it ends by itself. Raises `DriverLost` if it was killed."""
        process = await asyncio.create_subprocess_exec(*self._command)
        try:
            self.code = await process.wait()
        finally:
            await end(process)
        if self.code not in ENDED:
            raise DriverLost(f"{self.name} ended with {self.code}")


async def end(process: asyncio.subprocess.Process) -> None:
    """See that a child does not outlive us."""
    if process.returncode is not None:
        return
    process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE_S)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def run_children(config: Path, names: Sequence[str] = (LEADER,)) -> int:
    """Run all processes until they have ended or we are told to stop; returns the worst code.

    The first is the leader: when it has ended, the others are told to.
    """
    children = [Child(name, config) for name in names]
    parts = [Supervised(child.name, child.run) for child in children]
    running = asyncio.ensure_future(_all(parts))  # noqa: TID251 - awaited below
    with signals(stop=running.cancel, reload=lambda: None), suppress(asyncio.CancelledError):
        await running
    return max((child.code for child in children if child.code > 0), default=0)


async def _all(parts: Sequence[Supervised]) -> None:
    leader, *others = parts
    async with asyncio.TaskGroup() as group:
        following = [group.create_task(part.forever(), name=part.name) for part in others]
        await leader.forever()
        for task in following:
            task.cancel()
