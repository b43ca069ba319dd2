# SPDX-License-Identifier: Apache-2.0
"""The appliance's process `core` within a test: it hears real interfaces, the test looks on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from edge import config as config_file
from edge.intake.ear import Ear, ears_of, hear_all
from edge.judging import build_pipeline
from edge.model.unit import Unit
from edge.pipeline import Finding
from edge.process.service import Notifier


class Live:
    """What an appliance has heard so far."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.units: list[Unit] = []
        self.found: Counter[str] = Counter()
        "Findings by the name of their kind."
        self.ears: list[Ear] = []
        "The taps, with their balance."
        self._news = asyncio.Event()

    def take(self, unit: Unit, found: list[Finding]) -> None:
        """Take what came of a unit; the shape of a `Hand`."""
        if not self.units or unit is not self.units[-1]:  # which also stands for time that passed
            self.units.append(unit)
        self.found.update(type(one).__name__ for one in found)
        self._news.set()

    async def until(self, enough: Callable[[], bool], within_s: float = 30) -> None:
        """Wait until enough was heard; raises `TimeoutError` if that does not come."""
        async with asyncio.timeout(within_s):
            while not enough():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def appliance(tables: str) -> AsyncIterator[Live]:
    """Run `core` with these tables of a configuration until the block is left."""
    config = config_file.parse(f'[node]\nname = "bench"\n{tables}', Path("edge.toml"))
    live = Live()
    pipeline = build_pipeline(config, lambda _alarm: None)
    live.ears = ears_of(config.tap, pipeline, live.take)
    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(hear_all(live.ears, Notifier()))
        yield live
        hearing.cancel()
