# SPDX-License-Identifier: Apache-2.0
"""An outbox in memory: rows that are put, dropped under a gap record, and let go of."""

import uuid
from collections.abc import Iterable

from edge.report.event import CLASSES, Class, Clock, Event, Moment, encode
from edge.report.outbox import gap
from edge.report.outbox.stored import Stored, StreamInfo

MOMENT = Moment(1_790_000_000_000_000_000, 1_000, "b00t", Clock.SYNCED)


def body(cls: Class, text: str = "") -> bytes:
    return encode(Event(cls, "alarm", MOMENT, {"name": "test", "text": text}))


class Shelf:
    """A `Source`: one stream for each class."""

    def __init__(self, classes: Iterable[Class] = CLASSES, seed: int = 0) -> None:
        self.stream = {cls: str(uuid.UUID(int=seed * 16 + at)) for at, cls in enumerate(classes)}
        self.last = dict.fromkeys(self.stream, 0)
        self.rows: dict[Class, dict[int, bytes]] = {cls: {} for cls in self.stream}
        self.reads = 0

    def put(self, cls: Class, count: int = 1, octets: int = 0) -> list[int]:
        given = []
        for _ in range(count):
            self.last[cls] += 1
            self.rows[cls][self.last[cls]] = body(cls, "x" * octets)
            given.append(self.last[cls])
        return given

    def drop(self, cls: Class, count: int) -> None:
        """Drop the oldest rows; a gap record takes their place, and that of one before."""
        rows = self.rows[cls]
        gone = sorted(rows)[:count]
        if not gone:
            return
        lo, n = gone[0], len(gone)
        if before := gap.read(rows[gone[0]]):
            lo, n = before.lo, n - 1 + before.n
        for seq in gone:
            del rows[seq]
        told = gap.Gap(lo, gone[-1], n, MOMENT.at, MOMENT.at, "quota")
        rows[gone[-1]] = gap.body(cls, told, MOMENT)
        self.rows[cls] = dict(sorted(rows.items()))

    def let_go(self, cls: Class, through: int) -> None:
        """Let go of what the hub has."""
        self.rows[cls] = {seq: row for seq, row in self.rows[cls].items() if seq > through}

    def streams(self) -> list[StreamInfo]:
        return [
            StreamInfo(stream, cls, min(self.rows[cls], default=0), self.last[cls])
            for cls, stream in self.stream.items()
        ]

    def read(self, stream: str, after: int, most_octets: int, most_rows: int) -> list[Stored]:
        self.reads += 1
        (cls,) = (cls for cls, name in self.stream.items() if name == stream)
        found: list[Stored] = []
        for seq, row in sorted(self.rows[cls].items()):
            if seq > after:
                most_octets -= len(row)
                if found and (most_octets < 0 or len(found) == most_rows):
                    break
                found.append(Stored(seq, row))
        return found
