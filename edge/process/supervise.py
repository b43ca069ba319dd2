# SPDX-License-Identifier: Apache-2.0
"""Runs a part again when its device or peer was lost. Anything else is a bug and ends the process.

Waits between attempts by full jitter: anywhere from 0 to a bound that doubles, so that a hundred
appliances do not knock on a returning hub together.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec

from edge.clock import monotonic_s
from edge.errors import DriverLost


class Backoff(msgspec.Struct, frozen=True):
    """Bounds of the waits between attempts, seconds."""

    first_s: float = 0.5
    most_s: float = 60.0
    calm_s: float = 60.0
    "A part that ran this long before it was lost starts over at `first_s`."

    def bound_s(self, failures: int) -> float:
        """Return the longest wait after so many losses in a row, from 1."""
        # The exponent is held where 2**n is still a float: a device may be away for years.
        return min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 64))


class Presence:
    """Whether a device or peer is there: it is away from its loss until it is open again."""

    def __init__(self, name: str) -> None:
        """Take its name, for people: `tap mirror`."""
        self.name = name
        self.away = ""
        "Why it is away; empty while it is there, and before it was ever looked for."

    def back(self) -> None:
        """Note that it is open."""
        self.away = ""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the loss that ends the block."""
        try:
            yield
        except DriverLost as loss:
            self.away = str(loss) or "no reason given"
            raise


class Supervised:
    """One part that is run until it ends by itself, and its state for all to see."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Awaitable[None]],
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        """Prepare to run `run`, which opens what it needs each time it is called."""
        self.name = name
        self.lost = ""
        "Why the part is not running; empty while it is."
        self.since_s = now_s()
        "When that began, by `now_s`."
        self.restarts = 0
        self._run = run
        self._backoff = backoff
        self._sleep = sleep
        self._jitter = jitter
        self._now_s = now_s

    @property
    def state(self) -> str:
        """`running`, or `lost: ` and why."""
        return f"lost: {self.lost}" if self.lost else "running"

    async def forever(self) -> None:
        """Run the part, again after each `DriverLost`, until it returns."""
        failures = 0
        while True:
            try:
                await self._attempt()
            except DriverLost as loss:
                calm = self._now_s() - self.since_s >= self._backoff.calm_s
                failures = 1 if calm else failures + 1
                self._enter(str(loss) or "no reason given")
            else:
                return
            await self._sleep(self._jitter(0.0, self._backoff.bound_s(failures)))
            self.restarts += 1
            self._enter("")

    async def _attempt(self) -> None:
        """Run the part once, as a task: what it makes of being told to end is not our end.

        Where a device is lost at the moment of the end, a task group says only that it is lost.
        """
        loop = asyncio.get_running_loop()
        attempt = loop.create_task(_once(self._run), name=self.name)
        try:
            await attempt
        except DriverLost as loss:
            ours = asyncio.current_task()
            if ours is not None and ours.cancelling():
                raise asyncio.CancelledError from loss
            raise

    def _enter(self, lost: str) -> None:
        self.lost = lost
        self.since_s = self._now_s()


async def _once(run: Callable[[], Awaitable[None]]) -> None:
    await run()
