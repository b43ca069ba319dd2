# SPDX-License-Identifier: Apache-2.0
"""How far one stream has got: what was read of it, what the hub has, what it seems to miss. Pure.

Rows are numbered without holes. Where reading finds one, what comes behind it is the gap record
that tells of it, under the number of the last row that it stands for: the hub may have that number
already, by the row that is gone, and must hear of the gap all the same. Only what is told brings
the hub past a hole.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from edge.report.event import LIVE
from edge.report.outbox import gap
from edge.report.outbox.stored import Source, Stored, StreamInfo

MOST_SEQ = (1 << 63) - 1
GAP = b'{"kind":"gap",'
"How the body of a gap record begins."


class Flow:
    """One stream on its way to the hub."""

    def __init__(self, info: StreamInfo, source: Source) -> None:
        """Begin at its first row; the hub's word brings it further."""
        self.stream = info.stream
        self.cls = info.cls
        self.live = info.cls in LIVE
        self.last = info.last
        self.through = 0
        "The hub has all up to this number ..."
        self.cursor = 0
        "... and we have read all up to this one."
        self.dry = False
        "There was nothing more to read when we last looked."
        self.answered = False
        "Whether the hub has named it on this connection."
        self._source = source
        self._beyond: list[tuple[int, int]] = []
        "Ranges that the hub has beyond a hole, in order, none touching another."
        self._spare: list[Stored] = []
        "Rows that were read and are to be sent before others."

    def seen(self, info: StreamInfo) -> None:
        """Take what its source says of it now."""
        self.last = max(self.last, info.last)
        self.dry = self.last <= self.cursor

    @property
    def unsent(self) -> int:
        """How many rows there are to send, about: where rows are gone there are fewer."""
        return self.last - self.cursor + len(self._spare)

    def take(self, most_octets: int, most_rows: int) -> tuple[Stored, ...]:
        """Return the rows of the next batch and pass over them; none if there are none now."""
        while not self._spare and not self.dry:
            rows = self._source.read(self.stream, self.cursor, most_octets, most_rows)
            self.dry = not rows
            self._spare = self._wanted(rows, self.cursor)
            if rows:
                self.cursor = rows[-1].seq
        return self._cut(most_octets, most_rows)

    def give_back(self, rows: Iterable[Stored]) -> None:
        """Take rows back that are to be sent before others."""
        self._spare = sorted({row.seq: row for row in (*self._spare, *rows)}.values())

    def look_below(self, number: int, most_octets: int, most_rows: int) -> bool:
        """Read again what the hub misses below a number; false if nobody has it any more."""
        rows = self._source.read(self.stream, self.through, most_octets, most_rows)
        self.give_back(row for row in self._wanted(rows, self.through) if row.seq < number)
        return bool(rows) and told_from(rows[0]) <= self.through + 1

    def lowest(self) -> int:
        """Return the lowest number that is told by what will be sent next."""
        return told_from(self._spare[0]) if self._spare else self.cursor + 1

    def restart(self) -> None:
        """Read again from where the hub is: nobody knows what became of the rest."""
        self.cursor = self.through
        self.dry = False
        self._spare = []

    def forget(self) -> None:
        """Pass over what was said on an earlier connection, but for how far the hub is."""
        self.answered = False
        self._beyond = []
        self.restart()

    def acked(self, through: int, beyond: Iterable[tuple[int, int]]) -> bool:
        """Take the hub's word for what it has; whether it has got further. An old word is true."""
        moved = through > self.through
        self.through = max(self.through, through)
        self.cursor = max(self.cursor, self.through)
        self._beyond = [
            (low, high)
            for low, high in _merged([*self._beyond, *beyond])
            if high > self.through
        ]  # fmt: skip
        self._spare = [row for row in self._spare if not self.has(row)]
        return moved

    def has(self, row: Stored) -> bool:
        """Whether the hub has said that it has this row."""
        if row.seq <= self.through:
            return True
        at = bisect_right(self._beyond, (row.seq, MOST_SEQ)) - 1
        held = at >= 0 and row.seq <= self._beyond[at][1]
        return held and not row.body.startswith(GAP)

    def _wanted(self, rows: Sequence[Stored], before: int) -> list[Stored]:
        """Leave out what the hub has; `before` is the number that stands before these rows."""
        if not self._beyond and before >= self.through:
            return [*rows]
        wanted = []
        for row in rows:
            if row.seq > before + 1 or not self.has(row):
                wanted.append(row)
            before = row.seq
        return wanted

    def _cut(self, most_octets: int, most_rows: int) -> tuple[Stored, ...]:
        octets = 0
        for count, row in enumerate(self._spare[:most_rows]):
            octets += len(row.body)
            if count and octets > most_octets:
                break
        else:
            count = min(len(self._spare), most_rows)
        cut, self._spare = tuple(self._spare[:count]), self._spare[count:]
        return cut


def told_from(row: Stored) -> int:
    """Return the lowest number that a row tells of; a gap record stands for others before it."""
    told = gap.read(row.body) if row.body.startswith(GAP) else None
    return told.lo if told else row.seq


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same numbers as ranges that do not touch, in order; a range backwards is none."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if low > high:
            continue
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
