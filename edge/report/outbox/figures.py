# SPDX-License-Identifier: Apache-2.0
"""Takes over into the numbers of a process what its outbox counts by itself."""

from collections.abc import Callable
from typing import Protocol

from edge import counters
from edge.counting import Numbers
from edge.report.event import CLASSES, Moment
from edge.report.outbox.writer import Writer

NS = 1_000_000_000


class Figures(Protocol):
    """Something that counts by itself."""

    def look(self) -> None:
        """Take over how it stands."""


class OutboxFigures:
    """The outbox of this process."""

    def __init__(self, numbers: Numbers, writer: Writer, moment: Callable[[], Moment]) -> None:
        """Look at what `writer` counts."""
        self._writer = writer
        self._moment = moment
        self._waiting = numbers[counters.OUTBOX_EVENTS]
        self._oldest = numbers[counters.OUTBOX_OLDEST]
        self._kept = numbers[counters.OUTBOX_RECORDED]
        self._dropped = numbers[counters.OUTBOX_DROPPED]
        self._bytes = numbers[counters.OUTBOX_BYTES].of()

    def look(self) -> None:
        """Take over how it stands."""
        found, now = self._writer.statistics, self._moment().at
        for cls in CLASSES:
            name, oldest = (cls.value,), found.oldest_ns.get(cls)
            self._waiting[name].value = found.waiting.get(cls, 0)
            self._oldest[name].value = max(0, now - oldest) / NS if oldest is not None else 0
            self._kept[name].value = found.kept.get(cls, 0)
        for (cls, reason), count in found.dropped.items():
            self._dropped[cls.value, reason].value = count
        self._bytes.value = found.octets
