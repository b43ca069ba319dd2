# SPDX-License-Identifier: Apache-2.0
"""The streams in an open outbox file: rows and their book. Judges nothing.

Each class is a table whose row ids are the numbers; the book says how far they were given, so that
a stream that is empty does not begin anew.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import NamedTuple
from zlib import crc32

from edge.report.event import CLASSES, Class, Moment
from edge.report.outbox import gap as gaps
from edge.report.outbox.database import Connection, Damaged, claim, pragma
from edge.report.outbox.gap import Gap
from edge.report.outbox.quota import cost

VERSION = 1
QUICK_PAGES = 4096
"A file of no more pages is checked whole when it is opened."
MOST_ROWS = 2000
"That are looked at in one step."

BOOK = """CREATE TABLE stream(
    cls TEXT PRIMARY KEY, uuid TEXT NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL,
    octets INTEGER NOT NULL) WITHOUT ROWID"""
ROWS = """CREATE TABLE @(
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, gap INTEGER NOT NULL, crc INTEGER NOT NULL,
    body BLOB NOT NULL)"""


@cache
def on(cls: Class, sql: str) -> str:
    """Return a statement for the table of a class, which it calls `@`."""
    return sql.replace("@", cls.value)


class Stream(NamedTuple):
    """What the book says of a stream."""

    uuid: str
    last: int
    "Highest number ever given."
    rows: int
    octets: int
    "What the rows take of the file, by `quota.cost`."


class Row(NamedTuple):
    """A row as it is looked at before it goes."""

    seq: int
    at: int
    gap: int
    "1 for the record of a gap, 0 for an event."
    octets: int
    "Length of its body."


def _make(link: Connection) -> None:
    """Give a new file its tables and its streams."""
    link.execute(BOOK)
    for cls in CLASSES:
        link.execute(on(cls, ROWS))
    streams = [(cls.value, str(uuid.uuid4()), 0, 0, 0) for cls in CLASSES]
    link.executemany("INSERT INTO stream VALUES(?, ?, ?, ?, ?)", streams)


Body = tuple[int, int, int, bytes]
"Number, time, checksum and body."


class Streams:
    """The rows of one connection. All changes are made within `transaction`."""

    def __init__(self, link: Connection) -> None:
        """Read the book, make it where the file is new. Raises `Damaged` and errors of SQLite."""
        self._link = link
        self.new = claim(link, VERSION, _make)
        if not self.new and pragma(link, "page_count") <= QUICK_PAGES:
            self._check()
        self._book = {cls: self._read(cls) for cls in CLASSES}
        self.dropped: Counter[tuple[Class, str]] = Counter()
        "Events that gap records were made for since the file was opened, by class and reason."

    def _check(self) -> None:
        found = pragma(self._link, "quick_check(1)")
        if found != "ok":
            raise Damaged(str(found))

    def _read(self, cls: Class) -> Stream:
        row = self._link.execute(
            "SELECT uuid, last, rows, octets FROM stream WHERE cls = ?", (cls.value,)
        ).fetchone()
        if row is None:
            raise Damaged(f"its book has no {cls.value}")
        stream = Stream(*row)
        sql = on(
            cls, "SELECT count(*), max(seq) FROM (SELECT seq FROM @ ORDER BY seq DESC LIMIT 1)"
        )
        some, last = self._link.execute(sql).fetchone()
        if bool(some) != bool(stream.rows) or (last or 0) > stream.last:
            raise Damaged(f"its book of {cls.value} does not agree with its rows")
        return stream

    def __getitem__(self, cls: Class) -> Stream:
        """Return what the book says of a stream, changes of this transaction included."""
        return self._book[cls]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make changes that are on disk, all of them, when this ends; none where it raises."""
        before, dropped = dict(self._book), self.dropped.copy()
        self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
            changed = [
                (stream.last, stream.rows, stream.octets, cls.value)
                for cls, stream in self._book.items()
                if stream is not before[cls]
            ]
            sql = "UPDATE stream SET last = ?, rows = ?, octets = ? WHERE cls = ?"
            self._link.executemany(sql, changed)
            self._link.execute("COMMIT")
        except BaseException:
            self._book, self.dropped = before, dropped
            with suppress(Exception):  # SQLite may have done so by itself
                self._link.execute("ROLLBACK")
            raise

    def add(self, cls: Class, events: Sequence[tuple[int, bytes]]) -> int:
        """Add events of a class, (at, body) each; return the number of the first."""
        stream = self._book[cls]
        first = stream.last + 1
        self._insert(
            cls, [(seq, at, 0, crc32(body), body) for seq, (at, body) in enumerate(events, first)]
        )
        taken = sum([cost(len(body)) for _, body in events])
        self._book[cls] = stream._replace(
            last=stream.last + len(events),
            rows=stream.rows + len(events),
            octets=stream.octets + taken,
        )
        return first

    def _insert(self, cls: Class, rows: Sequence[tuple[int, int, int, int, bytes]]) -> None:
        self._link.executemany(on(cls, "INSERT INTO @ VALUES(?, ?, ?, ?, ?)"), rows)

    def lose(self, cls: Class, n: int, first: int, last: Moment, reason: str) -> None:
        """Record events that never got a number: the record takes one."""
        self.dropped[cls, reason] += n
        stream = self._book[cls]
        seq = stream.last + 1
        lost = Gap(seq, seq, n, first, last.at, reason)
        head = self.oldest(cls, 0) if stream.rows == 1 else []
        if head and head[0].gap:  # the only row: it would meet this one sooner or later
            lost = self._joined(cls, head, lost)
            self.remove(cls, head)
        self._book[cls] = self._book[cls]._replace(last=seq)
        self._put_gap(cls, lost, last)

    def _put_gap(self, cls: Class, lost: Gap, moment: Moment) -> None:
        body = gaps.body(cls, lost, moment)
        self._insert(cls, [(lost.hi, moment.at, 1, crc32(body), body)])
        stream = self._book[cls]
        self._book[cls] = stream._replace(
            rows=stream.rows + 1, octets=stream.octets + cost(len(body))
        )

    def oldest(self, cls: Class, octets: int) -> list[Row]:
        """Return the oldest rows, one event among them at least, that take so many octets."""
        sql = on(cls, "SELECT seq, at, gap, length(body) FROM @ ORDER BY seq LIMIT ?")
        chosen = []
        for row in map(Row._make, self._link.execute(sql, (MOST_ROWS,)).fetchall()):
            chosen.append(row)
            octets -= cost(row.octets)
            if octets <= 0 and not row.gap:
                break
        return chosen

    def drop(self, cls: Class, rows: Sequence[Row], reason: str) -> None:
        """Put the record of a gap in the place of these rows, the oldest ones."""
        last, when = rows[-1], gaps.unknown(rows[-1].at)
        sql = on(cls, "SELECT body FROM @ WHERE seq = ?")
        if found := self._link.execute(sql, (last.seq,)).fetchone():
            when = gaps.moment(found[0], last.at)
        events = sum(not row.gap for row in rows)
        self.dropped[cls, reason] += events
        lost = Gap(rows[0].seq, last.seq, events, rows[0].at, last.at, reason)
        lost = self._joined(cls, rows, lost)
        self.remove(cls, rows)
        self._put_gap(cls, lost, when)

    def _joined(self, cls: Class, rows: Sequence[Row], lost: Gap) -> Gap:
        """Return `lost` with what the records of gaps among these rows tell."""
        sql = on(cls, "SELECT body FROM @ WHERE seq = ?")
        for row in rows:
            if row.gap:
                found = self._link.execute(sql, (row.seq,)).fetchone()
                told = gaps.read(found[0]) or Gap(row.seq, row.seq, 1, row.at, row.at, "")
                first = told.first if row is rows[0] else lost.first
                lost = Gap(
                    min(lost.lo, told.lo), lost.hi, lost.n + told.n, first, lost.last, lost.reason
                )
        return lost

    def remove(self, cls: Class, rows: Sequence[Row]) -> None:
        """Remove these rows, the oldest ones."""
        self._link.execute(on(cls, "DELETE FROM @ WHERE seq <= ?"), (rows[-1].seq,))
        stream = self._book[cls]
        freed = sum([cost(row.octets) for row in rows])
        self._book[cls] = stream._replace(
            rows=stream.rows - len(rows), octets=stream.octets - freed
        )

    def through(self, cls: Class, seq: int, most: int) -> list[Row]:
        """Return the oldest rows up to a number, at most so many."""
        sql = on(
            cls, "SELECT seq, at, gap, length(body) FROM @ WHERE seq <= ? ORDER BY seq LIMIT ?"
        )
        return [Row._make(row) for row in self._link.execute(sql, (seq, most)).fetchall()]

    def bodies(self, cls: Class, through: int) -> list[Body]:
        """Return number, time, checksum and body of all rows up to a number."""
        sql = on(cls, "SELECT seq, at, crc, body FROM @ WHERE seq <= ? ORDER BY seq")
        return self._link.execute(sql, (through,)).fetchall()

    def oldest_at(self, cls: Class) -> int | None:
        """Return when the oldest row happened."""
        sql = on(cls, "SELECT at FROM @ ORDER BY seq LIMIT 1")
        row = self._link.execute(sql).fetchone()
        return row[0] if row else None
