# SPDX-License-Identifier: Apache-2.0
"""What waits for the hub, on disk: an event is recorded when `keep` has returned, not before.

One SQLite file, one connection, one thread; time is an argument. Three things are mended here. A
file that is full: the least dear class gives way, and a record stands for what was dropped. A disk
that is full: ballast is given up, so that there is room to give way in. A file that is damaged or
gone: it is set aside, and new streams begin.
"""

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from edge.blocklist.store import sync_folder
from edge.errors import QalqanError
from edge.report.event import CLASSES, MOST_OCTETS, Class, Moment
from edge.report.outbox import archive, gap
from edge.report.outbox.database import (
    Ballast,
    Connect,
    Connection,
    Damaged,
    Fault,
    connect,
    fault,
    identity,
    open_durable,
    pragma,
    set_aside,
)
from edge.report.outbox.quota import PAGE, Limits, ceiling, cost, give_way, plan, reserve, spare
from edge.report.outbox.streams import Body, Row, Streams

T = TypeVar("T")
ATTEMPTS = 5
CHUNK = 2000
"Rows that are let go of in one transaction."
HEAD = 200
"Rows of a stream that are looked at for damage: the hub gets them next."
ARCHIVED = frozenset({Class.AUDIT, Class.BLOCK})
QUOTA = "quota"
DISK_FULL = "disk-full"
TOO_LARGE = "too-large"
MARGIN = 4
"Pages that a transaction takes besides its events."


class OutboxFull(QalqanError):
    """An audit record found no room. Whoever wanted to act on it must not."""


class Kept(NamedTuple):
    """Where an event stands."""

    stream: str
    seq: int


class Outbox:
    """The file and its streams, one a class."""

    def __init__(self, path: Path, limits: Limits, now_ns: int, connect: Connect = connect) -> None:
        """Open the file, made if need be; a damaged one is set aside. Raises errors of SQLite."""
        self.fresh = ""
        "Why the streams are new: empty (they are not), `new`, or `damaged: ` and why."
        self.renewals = 0
        "How often the file had to begin anew since this was built."
        self.archive = archive.Archive(archive.beside(path), limits, connect)
        self._path = path
        self._limits = limits
        self._connect = connect
        self._plan = plan(limits)
        self._pages = self._plan.pages
        self._extra = 0
        self._latest = now_ns
        self._ballast = Ballast(path.with_suffix(".ballast"), self._plan.ballast)
        try:
            self._attach()
        except sqlite3.DatabaseError as error:
            if fault(error) is not Fault.DAMAGED:
                raise
            set_aside(path)
            self.fresh = f"damaged: {error}"
            self._attach()

    def _attach(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._link: Connection = open_durable(self._path, self._plan, self._connect)
        try:
            self._streams = Streams(self._link)
        except BaseException:
            self._link.close()
            raise
        if self._streams.new:
            self.fresh = self.fresh or "new"
            sync_folder(self._path.parent)
        self._file = identity(self._path)
        self._ballast.take()
        self._follow_disk()

    @property
    def streams(self) -> Mapping[Class, str]:
        """Return the uuid of each class's stream."""
        return {cls: self._streams[cls].uuid for cls in CLASSES}

    @property
    def cramped(self) -> bool:
        """Whether the disk is full for other reasons than this file."""
        return not self._ballast.held

    # Keeping ------------------------------------------------------------------

    def keep(self, events: Sequence[tuple[Class, int, bytes]]) -> list[Kept | None]:
        """Keep events (class, when, body), on disk when this returns, in one transaction.

        None stands for one that was dropped; a gap record tells of it. Raises `OutboxFull`, and has
        kept nothing then, where there is no room for an audit record.
        """
        return self._mended(lambda: self._keep(events))

    def _keep(self, events: Sequence[tuple[Class, int, bytes]]) -> list[Kept | None]:
        kept: list[Kept | None] = [None] * len(events)
        self._latest = max(self._latest, events[-1][1]) if events else self._latest
        with self._streams.transaction():
            for cls in CLASSES:
                mine = [at for at, event in enumerate(events) if event[0] is cls]
                for part in self._parts(cls, events, mine):
                    rows = [events[at][1:] for at in part]
                    first = self._add(cls, rows)
                    if first:
                        stream = self._streams[cls].uuid
                        for seq, at in enumerate(part, first):
                            kept[at] = Kept(stream, seq)
        return kept

    def _parts(
        self, cls: Class, events: Sequence[tuple[Class, int, bytes]], mine: Sequence[int]
    ) -> list[list[int]]:
        """Cut a group into parts that find room one after the other; what is too large alone."""
        most = min(ceiling(self._limits, cls), self._pages * PAGE) // 8
        parts: list[list[int]] = []
        taken = most
        for at in mine:
            size = len(events[at][2])
            taken += most if size > MOST_OCTETS else cost(size)
            if taken > most:
                parts.append([])
                taken = most if size > MOST_OCTETS else cost(size)
            parts[-1].append(at)
        return parts

    def _add(self, cls: Class, rows: Sequence[tuple[int, bytes]]) -> int:
        """Add events; return the number of the first, 0 if they had to be dropped."""
        at, body = rows[-1]
        large = len(body) > MOST_OCTETS
        why = TOO_LARGE if large else self._make_room(cls, sum([cost(len(b)) for _, b in rows]))
        if not why:
            return self._streams.add(cls, rows)
        self._streams.lose(cls, len(rows), rows[0][0], gap.moment(body, at), why)
        return 0

    def drop(self, cls: Class, n: int, first_ns: int, last: Moment, reason: str) -> None:
        """Record events that were dropped before they came here, the last of them at `last`."""

        def lose() -> None:
            with self._streams.transaction():
                self._streams.lose(cls, n, first_ns, last, reason)

        self._mended(lose)

    # Making room --------------------------------------------------------------

    def _make_room(self, cls: Class, octets: int) -> str:
        """Let others give way; return why there is no room, empty if there is."""
        over = self._streams[cls].octets + octets - ceiling(self._limits, cls)
        if over > 0 and cls is Class.AUDIT:
            raise OutboxFull(f"audit records take {self._streams[cls].octets} octets, all they may")
        while over > 0:
            before = self._streams[cls].octets
            if not self._evict(cls, over, QUOTA):
                return QUOTA
            over -= before - self._streams[cls].octets
        need = (-(-octets // PAGE) + MARGIN) * PAGE
        while (short := need - self._free()) > 0:
            if not self._give_way(cls, short):
                if cls is Class.AUDIT:
                    raise OutboxFull("all that may give way to an audit record has done so")
                return DISK_FULL
        return ""

    def _free(self) -> int:
        """Return the octets that events may still take."""
        taken: int = pragma(self._link, "page_count") - pragma(self._link, "freelist_count")
        return (self._pages - taken - self._spare - self._extra) * PAGE

    def _give_way(self, cls: Class, octets: int) -> bool:
        """Drop the oldest of the least dear class there is; false if none may be dropped."""
        for other in give_way(cls):
            most = octets
            if cls is Class.AUDIT and other is Class.BLOCK:
                kept = reserve(self._limits, self._pages)
                most = min(octets, self._streams[other].octets - kept)
            if most > 0 and self._evict(other, most, DISK_FULL):
                return True
        return False

    def _evict(self, cls: Class, octets: int, reason: str) -> bool:
        """Drop the oldest of a class that take so many octets; false if there are none."""
        rows = self._streams.oldest(cls, octets)
        if not rows or (len(rows) == 1 and rows[0].gap):
            return False
        self._streams.drop(cls, rows, reason)
        return True

    # Letting go ---------------------------------------------------------------

    def retire(self, through: Mapping[str, int], now_ns: int, most: int = sys.maxsize) -> int:
        """Let go of what the hub has, by stream; return how many rows, about `most` at most.

        Acts and blocks are in the archive, on disk, before they go from here.
        """
        done = 0
        for cls in CLASSES:
            while done < most and (some := self._let_go(cls, through, now_ns)):
                done += some
        return done

    def _let_go(self, cls: Class, through: Mapping[str, int], now_ns: int) -> int:
        stream, rows, bodies = self._mended(lambda: self._acknowledged(cls, through))
        if bodies:
            self.archive.keep(stream, cls, bodies, now_ns)

        def remove() -> int:
            if not rows or self._streams[cls].uuid != stream:
                return 0
            with self._streams.transaction():
                self._streams.remove(cls, rows)
            return len(rows)

        return self._mended(remove)

    def _acknowledged(
        self, cls: Class, through: Mapping[str, int]
    ) -> tuple[str, list[Row], list[Body]]:
        """Return what the hub has of a class, a chunk of it, whole where it goes to the archive."""
        stream = self._streams[cls].uuid
        rows = self._streams.through(cls, through.get(stream, 0), CHUNK)
        kept = rows and cls in ARCHIVED
        return stream, rows, self._streams.bodies(cls, rows[-1].seq) if kept else []

    # Looking ------------------------------------------------------------------

    def waiting(self) -> dict[Class, int]:
        """Return how many rows of each class the hub has not acknowledged."""
        return {cls: self._streams[cls].rows for cls in CLASSES}

    def oldest(self) -> dict[Class, int]:
        """Return when the oldest of them happened, by class; classes that wait for nothing not."""
        found = self._mended(lambda: [(cls, self._streams.oldest_at(cls)) for cls in CLASSES])
        return {cls: at for cls, at in found if at is not None}

    @property
    def dropped(self) -> Counter[tuple[Class, str]]:
        """Return how many events were dropped since the start, by class and reason."""
        return self._streams.dropped

    def octets(self) -> int:
        """Return what the file takes of the disk."""
        return PAGE * self._mended(lambda: int(pragma(self._link, "page_count")))

    def filled(self) -> float:
        """Return the share of its room that is taken."""
        room = max(1, self._pages - self._spare) * PAGE
        return self._mended(lambda: 1.0 - self._free() / room)

    def try_heads(self) -> None:
        """Look at what the hub is to get next: damage there would hold up its stream for ever."""
        self._mended(lambda: [self._streams.through(cls, sys.maxsize, HEAD) for cls in CLASSES])

    # Mending ------------------------------------------------------------------

    def _mended(self, work: Callable[[], T]) -> T:
        """Do some work with the file; mend what stands in its way, and do it again."""
        for attempt in range(ATTEMPTS):
            try:
                self._look()
                done = work()
            except sqlite3.DatabaseError as error:
                self._mend(error, attempt)
            else:
                self._extra = 0
                return done
        raise OutboxFull("the disk takes nothing more")

    def _look(self) -> None:
        if identity(self._path) != self._file:
            raise Damaged("the file was taken away")
        if self.cramped:
            self._ballast.take()
            self._follow_disk()

    def _mend(self, error: sqlite3.DatabaseError, attempt: int) -> None:
        kind = fault(error)
        if kind is Fault.FAILING or (kind is Fault.DAMAGED and attempt > 1):
            raise error
        if kind is Fault.DAMAGED:
            self._renew(str(error))
        else:
            self._ballast.give_up()
            with suppress(sqlite3.DatabaseError):
                self._link.execute("PRAGMA wal_checkpoint").fetchall()
            self._follow_disk()
            self._extra = self._extra * 2 + self._spare

    def _follow_disk(self) -> None:
        """Let the file grow as far as it may; without ballast, as far as the disk has room."""
        left = self._plan.pages
        if self.cramped:
            left = max(0, self._ballast.left()) // PAGE
            left += pragma(self._link, "page_count")
        self._pages = min(self._plan.pages, left)
        self._spare = spare(self._pages)
        self.archive.grow(may=not self.cramped)

    def _renew(self, why: str) -> None:
        """Begin anew, with a record of how much of each class was lost."""
        lost = self.waiting()
        dropped = self.dropped
        self.close()
        set_aside(self._path)
        self.fresh = f"damaged: {why}"
        self.renewals += 1
        self._attach()
        self._streams.dropped.update(dropped)
        with self._streams.transaction():
            for cls, rows in lost.items():
                if rows:
                    when = gap.unknown(self._latest)
                    self._streams.lose(cls, rows, when.at, when, "unreadable")

    def close(self) -> None:
        """Close the files."""
        self.archive.close()
        with suppress(sqlite3.Error):
            self._link.close()
