# SPDX-License-Identifier: Apache-2.0
"""What must hold whatever happens. Each check compares with what this file has noted by itself."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from typing_extensions import override

from edge.report.event import MOST_OCTETS, Class, numbered
from edge.report.hub.drain import Drain
from edge.report.hub.flow import GAP
from edge.report.hub.window import Parcel
from edge.report.message import Ack
from edge.report.outbox.outbox import Kept
from edge.report.outbox.ring import Item
from edge.report.outbox.stored import Stored

AT_ONCE = frozenset({0x10, 0x87, 0x95, 0x97})
"Reason codes after which a batch may be sent again without waiting."


class Violation(AssertionError):
    """Something that must never happen has happened."""


def demand(holds: object, what: str) -> None:
    """Raise `Violation` unless it holds."""
    if not holds:
        raise Violation(what)


class Told(NamedTuple):
    """A gap that the hub was told of."""

    lo: int
    hi: int
    n: int


class Book:
    """What one outbox has promised: written down when it answers, and never from its file."""

    def __init__(self, node: str, process: str) -> None:
        self.name = f"{node}/{process}"
        self.kept: dict[str, dict[int, bytes]] = defaultdict(dict)
        "Bodies by stream and number."
        self.at_s: dict[tuple[str, int], float] = {}
        "When an act or block was kept."
        self.streams: dict[Class, str] = {}
        self.lost: Counter[Class] = Counter()
        "Events that were dropped before they had a number, and of which a gap record was made."
        self.refused = 0
        "Acts whose doer was told that there is no room."

    def keep(self, item: Item, kept: Kept, now_s: float) -> None:
        """Note that an event counts as recorded (I2: its number is new, and the highest)."""
        rows = self.kept[kept.stream]
        last = next(reversed(rows), 0)
        demand(kept.seq > last, f"{self.name}: {kept} was given after {last}")
        known = self.streams.setdefault(item.cls, kept.stream)
        demand(known == kept.stream, f"{self.name}: {item.cls.value} began another stream")
        rows[kept.seq] = item.body
        if item.cls in {Class.AUDIT, Class.BLOCK}:
            self.at_s[kept] = now_s

    def drop(self, item: Item) -> None:
        """Note that an event was not recorded, and that its doer was told so."""
        if item.cls is Class.AUDIT and len(item.body) <= MOST_OCTETS:
            self.refused += 1
        else:
            self.lost[item.cls] += 1


class Truth:
    """What is in the hub's database, read by nothing but the standard library."""

    def __init__(self, path: Path) -> None:
        self._link = sqlite3.connect(path)
        self._checked: dict[tuple[str, str], int] = {}
        self._cls: dict[tuple[str, str], str] = {}

    def close(self) -> None:
        self._link.close()

    def acknowledged(self, node: str, moved: Mapping[str, int]) -> None:
        """Check what an appliance believes (I2): all of it is there, or is told to be lost."""
        for stream, through in moved.items():
            done = self._checked.get((node, stream), 0)
            if through <= done:
                continue
            there = {seq for seq, _, _ in self.events(node, stream, done, through)}
            for told in self.gaps(node, stream):
                there.update(range(max(told.lo, done + 1), min(told.hi, through) + 1))
            missing = through - done - len(there)
            text = f"{node} believes {through} of {stream}; past {done} the hub misses {missing}"
            demand(not missing, text)
            self._checked[node, stream] = through

    def retired(self, node: str, through: Mapping[str, int]) -> None:
        """Check that what an outbox lets go of was acknowledged, and there, before."""
        for stream, number in through.items():
            done = self._checked.get((node, stream), 0)
            demand(
                number <= done, f"{node} lets go of {stream} to {number}, acknowledged to {done}"
            )

    def events(
        self, node: str, stream: str, after: int = 0, through: int = 1 << 62
    ) -> list[tuple[int, str, str]]:
        """Return number, kind and body."""
        sql = (
            "SELECT e.seq, e.kind, e.body FROM events e JOIN streams s ON e.stream = s.id"
            " WHERE s.node = ? AND s.stream = ? AND e.seq > ? AND e.seq <= ?"
        )
        return self._link.execute(sql, (node, stream, after, through)).fetchall()

    def gaps(self, node: str, stream: str) -> list[Told]:
        sql = (
            "SELECT g.lo, g.hi, g.n FROM gaps g JOIN streams s ON g.stream = s.id"
            " WHERE s.node = ? AND s.stream = ? ORDER BY g.lo, -g.hi"
        )
        return [Told._make(row) for row in self._link.execute(sql, (node, stream)).fetchall()]

    def table(self, name: str) -> list[tuple]:
        return self._link.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - names of ours

    # At the end -----------------------------------------------------------------

    def whole(self, node: str, book: Book) -> None:
        """Check that all that was recorded is there once, or told (I1); counts add up exactly."""
        for cls, stream in book.streams.items():
            gaps = _largest(self.gaps(node, stream), f"{node} {cls.value}")
            kept = book.kept[stream]
            self._compare(f"{book.name} {cls.value}", kept, gaps, self.events(node, stream))
            dropped = sum(any(told.lo <= seq <= told.hi for told in gaps) for seq in kept)
            told = sum(gap.n for gap in gaps)
            text = f"{book.name} {cls.value}: {told} were told to be lost; {dropped} were dropped, "
            demand(told == dropped + book.lost[cls], text + f"{book.lost[cls]} had no number")

    def _compare(
        self,
        name: str,
        kept: Mapping[int, bytes],
        gaps: list[Told],
        rows: Iterable[tuple[int, str, str]],
    ) -> None:
        there = {seq: body for seq, kind, body in rows if kind != "gap"}
        for seq, body in there.items():
            demand(seq in kept, f"{name}: {seq} is in the hub, and was never recorded")
            same = body.encode() == numbered(seq, kept[seq])
            demand(same, f"{name}: {seq} is not in the hub as it was recorded")
        for seq in kept:
            is_told = any(told.lo <= seq <= told.hi for told in gaps)
            demand(seq in there or is_told, f"{name}: {seq} was recorded, and is lost")


def _largest(gaps: list[Told], name: str) -> list[Told]:
    """Return the gaps that are in no other; a gap that grew tells of the earlier one, too."""
    apart: list[Told] = []
    for told in gaps:  # by `lo`, the longest first
        if not apart or told.lo > apart[-1].hi:
            apart.append(told)
            continue
        inside = told.hi <= apart[-1].hi and told.n <= apart[-1].n
        demand(inside, f"{name}: {told} and {apart[-1]} overlap")
    return apart


class WatchedDrain(Drain):
    """The real one, watched: what is sent when (I5, and nothing again before its time)."""

    now_s = 0.0
    _again_s: dict[tuple[str, int], float]
    "When a row may be sent again at the earliest, on this connection."
    _has: dict[str, list[tuple[float, int, int]]]
    "What the hub has told on this connection, and when."

    @override
    def connected(self, now_s: float) -> None:
        self._again_s, self._has = {}, {}
        super().connected(now_s)

    @override
    def due(self, now_s: float) -> list[Parcel]:
        parcels = super().due(now_s)
        live = [parcel.flow.live for parcel in parcels]
        demand(live == sorted(live, reverse=True), "the backlog goes before an alarm")
        demand(not parcels or self.gate.online, "it sends to a hub that is away")
        for parcel in parcels:
            for row in parcel.rows:
                self._may_go(parcel, row, now_s)
        self._bounded()
        return parcels

    def _may_go(self, parcel: Parcel, row: Stored, now_s: float) -> None:
        if row.body.startswith(GAP):  # may stand where an event stood that was sent
            return
        key = (parcel.flow.stream, row.seq)
        may_s = self._again_s.get(key, 0.0)
        demand(
            may_s <= now_s, f"{key} is sent again at {now_s:.3f}, not before {may_s:.3f} was due"
        )
        for at_s, low, high in self._has.get(parcel.flow.stream, ()):
            has = at_s < now_s and low <= row.seq <= high
            demand(not has, f"{key} is sent at {now_s:.3f}; the hub said at {at_s:.3f} it has it")
        self._again_s[key] = float("inf")  # until the broker answers

    def _bounded(self) -> None:
        pace, window = self._pace, self.window
        demand(len(window.flying) <= pace.window, "too many batches are on their way")
        backlog = sum(not parcel.flow.live for parcel in window.flying)
        demand(backlog <= pace.window - pace.reserved, "the backlog takes the place of alarms")
        demand(len(window.aside) <= pace.window + 1, "too many batches are set aside")
        most = (pace.window + 4) * pace.batch_rows
        for flow in self._flows.values():
            demand(len(flow._spare) <= most, f"{len(flow._spare)} rows are held in memory")
            demand(len(flow._beyond) <= 256, f"{len(flow._beyond)} ranges are held in memory")

    @override
    def published(self, parcel: Parcel, reason: int, now_s: float) -> None:
        wait_s = 0.0 if reason in AT_ONCE else self._pace.ack_wait_s
        for row in parcel.rows:
            self._again_s[parcel.flow.stream, row.seq] = now_s + wait_s
        super().published(parcel, reason, now_s)

    @override
    def acked(self, ack: Ack, now_s: float) -> dict[str, int]:
        for part in ack.acks:
            known = self._has.setdefault(part.stream, [])
            ranges = {(low, high) for _, low, high in known}
            news = {(1, part.through), *part.sack} - ranges
            known += [(now_s, low, high) for low, high in sorted(news)]
        return super().acked(ack, now_s)
