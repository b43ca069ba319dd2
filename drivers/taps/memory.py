# SPDX-License-Identifier: Apache-2.0
"""A tap that is fed by hand: for tests, demonstrations, and as the pattern of a new driver."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DriverLost
from edge.model.unit import Unit
from edge.ports import Driver, Losses


class Config(BaseModel):
    """How much is held for a reader that is late."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    depth: int = Field(default=4096, ge=1, le=1_000_000)
    "Units held; what is put beyond them is lost and counted under `full`."


class MemoryTap:
    """Yields what was put, in its order."""

    def __init__(self, depth: int) -> None:
        """Hold at most `depth` units."""
        self._depth = depth
        self._units: deque[Unit] = deque()
        self._lost: Counter[str] = Counter()
        self._ended = False
        self._gone = ""
        self._news = asyncio.Event()

    def put(self, *units: Unit) -> None:
        """Let the tap hear units."""
        room = max(0, self._depth - len(self._units))
        self._units.extend(units[:room])
        self.lose(len(units) - room, "full")
        self._news.set()

    def lose(self, count: int, cause: str) -> None:
        """Count units as lost below the tap; fewer than one is none."""
        if count > 0:
            self._lost[cause] += count

    def end(self) -> None:
        """Say that nothing more will be heard."""
        self._ended = True
        self._news.set()

    def vanish(self, why: str) -> None:
        """Behave as a device that was unplugged."""
        self._gone = why
        self._news.set()

    async def read(self) -> Sequence[Unit]:
        """Return all that was put since the last read; wait if that is nothing."""
        await asyncio.sleep(0)
        while not (self._units or self._ended or self._gone):
            self._news.clear()
            await self._news.wait()
        if self._gone:
            raise DriverLost(self._gone)
        units = tuple(self._units)
        self._units.clear()
        return units

    def lost(self) -> Losses:
        """Return what was lost, by the cause it was given."""
        return Losses(tuple(sorted(self._lost.items())))

    async def close(self) -> None:
        """End the tap; what it still holds is lost."""
        self.lose(len(self._units), "unread")
        self._units.clear()
        self.end()


async def open_tap(_name: str, config: Config) -> MemoryTap:
    """Return an empty tap; the name is up to whoever makes the units."""
    return MemoryTap(config.depth)


DRIVER = Driver(
    name="memory",
    config=Config,
    open=open_tap,
    summary="Fed by hand, from within the process: tests and demonstrations.",
)
