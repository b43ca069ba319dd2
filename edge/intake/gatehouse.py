# SPDX-License-Identifier: Apache-2.0
"""One gate, opened anew by its supervisor whenever its port was lost."""

from collections import Counter

import structlog

from edge import plugins
from edge.errors import DriverLost
from edge.ports import Decide, Gate
from edge.process.supervise import Backoff, Presence, Supervised
from edge.settings.keys import Part

AGAIN = Backoff(first_s=0.2, most_s=2.0)
"While a gate is away its switch lets calls through: it is opened again at once."


class Gatehouse:
    """Where switches ask."""

    def __init__(self, name: str, part: Part, decide: Decide) -> None:
        """Have `decide` answer what is asked at the gate `name`."""
        self.name = name
        self.part = Supervised(name, self._serve, AGAIN)
        "Whether the gate is open, for all to see."
        self.there = Presence(f"gate {name}")
        self._driver = part.driver
        self._settings = part.settings
        self._decide = decide
        self._before: Counter[str] = Counter()
        self._gate: Gate | None = None

    @property
    def counts(self) -> Counter[str]:
        """Return what it was asked and what it did, however often it was opened."""
        return self._before + self._gate.counts if self._gate else self._before

    async def forever(self) -> None:
        """Answer until cancelled."""
        await self.part.forever()

    async def _serve(self) -> None:
        driver = plugins.load("gates", self._driver)
        with self.there.noted():
            gate = self._gate = await driver.open(self.name, self._settings)
        self.there.back()
        structlog.get_logger("core").info("open", gate=self.name, driver=self._driver)
        with self.there.noted():
            try:
                await gate.serve(self._decide)
            finally:
                await gate.close()
                self._before, self._gate = self.counts, None
            raise DriverLost(f"{self.name}: the gate has ended")
