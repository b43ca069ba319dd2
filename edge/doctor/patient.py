# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at: the box's files, the numbers of its processes, systemd, the machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from edge.config import Config
from edge.counters import Declared
from edge.counting import Series
from edge.moment import Moments
from edge.places import Places, places_of
from edge.seen.readings import Reading, read
from edge.update.facts import ALIVE_S, Run, run

SYS = Path("/sys")


class Patient(NamedTuple):
    """A box, as it is now."""

    config: Config
    places: Places
    moments: Moments
    readings: Mapping[str, Reading]
    "Of the processes that wrote their numbers a moment ago."
    run: Run = run
    sys: Path = SYS

    def series(self, declared: Declared) -> list[Series]:
        """Return all series of a number, of whatever process."""
        return [
            one
            for reading in self.readings.values()
            for one in reading.series()
            if one.declared is declared
        ]

    def value(self, declared: Declared, *labels: str) -> float:
        """Return a number, 0 where nobody has counted it; of several processes the sum."""
        return sum(one.values[0] for one in self.series(declared) if one.labels == labels)


def patient_of(config: Config, moments: Moments | None = None) -> Patient:
    """Look at the box of a configuration."""
    places, moments = places_of(config), moments or Moments()
    found = read(places.run)
    alive = {name: one for name, one in found.items() if 0 <= one.age_s(moments) <= ALIVE_S}
    return Patient(config, places, moments, alive)
