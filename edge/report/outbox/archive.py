# SPDX-License-Identifier: Apache-2.0
"""What the hub has acknowledged of acts and blocks stays here for some months, for disputes.

A file of its own beside the outbox, with the same writer; others read it. It never costs the outbox
anything: where it is full its oldest records go, where it is damaged it begins anew.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from edge.report.event import Class
from edge.report.outbox.database import (
    Connect,
    Connection,
    Fault,
    claim,
    connect,
    fault,
    open_durable,
    pragma,
    set_aside,
)
from edge.report.outbox.follower import Follower
from edge.report.outbox.quota import Limits, plan

VERSION = 1
ATTEMPTS = 4
DAY_NS = 86_400 * 10**9
CLOCK_SET_NS = 1_700_000_000 * 10**9
"A clock before this has never been set."
MOST_ROWS = 5000

SCHEMA = (
    """CREATE TABLE record(
        id INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, cls TEXT NOT NULL,
        at INTEGER NOT NULL, archived INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL,
        UNIQUE (stream, seq))""",
    "CREATE INDEX by_time ON record(cls, at)",
)


def _make(link: Connection) -> None:
    for statement in SCHEMA:
        link.execute(statement)


class Archived(NamedTuple):
    """A record that the hub has."""

    stream: str
    seq: int
    at: int
    body: bytes


def beside(outbox: Path) -> Path:
    """Return where the archive of an outbox is: `outbox.db` has `outbox.archive.db`."""
    return outbox.with_suffix(".archive.db")


class Archive:
    """The writer's side."""

    def __init__(self, path: Path, limits: Limits, connect: Connect = connect) -> None:
        """Use a file; it is opened when something is to be kept."""
        self.lost = 0
        "Records that are not here because there was no room; the hub has them."
        self.damaged = ""
        "Why it had to begin anew; empty if it had not."
        self._path = path
        self._plan = plan(limits)
        self._days = limits.archive_days
        self._connect = connect
        self._link: Connection | None = None
        self._latest = 0
        self._may_grow = True

    def keep(
        self, stream: str, cls: Class, rows: Sequence[tuple[int, int, int, bytes]], now_ns: int
    ) -> None:
        """Keep rows (number, time, checksum, body), on disk when this returns.

        Those that are here already are passed over: a power cut came before they were let go of.
        """
        crowded = False
        for _ in range(ATTEMPTS):
            try:
                if crowded:
                    self._remove(self._oldest(2 * len(rows)))
                self._insert(stream, cls, rows, now_ns)
            except sqlite3.DatabaseError as error:
                crowded = self._mend(error)
            else:
                return
        self.lost += len(rows)

    def _insert(
        self, stream: str, cls: Class, rows: Sequence[tuple[int, int, int, bytes]], now_ns: int
    ) -> None:
        link = self._open()
        # A clock that steps back must not make what is new the first to go.
        self._latest = max(self._latest, now_ns)
        link.execute("BEGIN IMMEDIATE")
        try:
            link.executemany(
                "INSERT OR IGNORE INTO record(stream, seq, cls, at, archived, crc, body)"
                " VALUES(?, ?, ?, ?, ?, ?, ?)",
                [(stream, seq, cls.value, at, self._latest, crc, body)
                 for seq, at, crc, body in rows],
            )  # fmt: skip
            link.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                link.execute("ROLLBACK")
            raise

    def _open(self) -> Connection:
        if self._link is None:
            link = open_durable(self._path, self._plan, self._connect)
            try:
                claim(link, VERSION, _make)
                sql = "SELECT archived FROM record ORDER BY id DESC LIMIT 1"
                self._latest = (link.execute(sql).fetchone() or (0,))[0]
            except BaseException:
                link.close()
                raise
            self._link = link
            self._bound()
        return self._link

    def _mend(self, error: sqlite3.DatabaseError) -> bool:
        """Begin anew after damage; say whether room must be made. Raises what will pass."""
        kind = fault(error)
        if kind is Fault.FAILING:
            raise error
        if kind is Fault.DAMAGED:
            self.close()
            set_aside(self._path)
            self.damaged = str(error)
        return kind is Fault.FULL

    def _oldest(self, most: int) -> list[tuple[int, int]]:
        sql = "SELECT id, archived FROM record ORDER BY id LIMIT ?"
        return self._open().execute(sql, (most,)).fetchall()

    def _remove(self, rows: Sequence[tuple[int, int]]) -> None:
        if rows:
            self._open().execute("DELETE FROM record WHERE id <= ?", (rows[-1][0],))

    def grow(self, *, may: bool) -> None:
        """Say whether the file may become larger: it gives way while the disk is full."""
        if may != self._may_grow:
            self._may_grow = may
            self._bound()

    def _bound(self) -> None:
        if self._link is not None:
            most = self._plan.pages if self._may_grow else pragma(self._link, "page_count")
            self._link.execute(f"PRAGMA max_page_count={most}").fetchall()

    def prune(self, now_ns: int) -> int:
        """Let go of records that were here long enough, some thousands at most; returns how many.

        A clock that jumps ahead costs no more than the two oldest days each time.
        """
        if now_ns < CLOCK_SET_NS or not (self._link or self._path.exists()):
            return 0
        link = self._open()
        sql = "UPDATE record SET archived = ? WHERE id <= ? AND archived < ?"
        rows = self._oldest(MOST_ROWS)
        if (
            rows and rows[0][1] < CLOCK_SET_NS
        ):  # archived before the clock was set for the first time
            link.execute(sql, (now_ns, rows[-1][0], CLOCK_SET_NS))
            return 0
        oldest = rows[0][1] if rows else 0
        end = min(now_ns - self._days * DAY_NS, oldest + 2 * DAY_NS)
        done = [row for row in rows if row[1] < end]
        self._remove(done)
        return len(done)

    def close(self) -> None:
        """Close the file."""
        if self._link is not None:
            with suppress(sqlite3.Error):
                self._link.close()
        self._link = None


def records(
    path: Path, cls: Class, since_ns: int, until_ns: int, most: int = 1000
) -> list[Archived]:
    """Return what an archive holds of a class and a time, oldest first, from any process.

    A record whose octets are not those that were written is left out.
    """
    sql = (
        "SELECT stream, seq, at, body, crc FROM record WHERE cls = ? AND at BETWEEN ? AND ?"
        " ORDER BY at LIMIT ?"
    )
    asked = (cls.value, since_ns, until_ns, most)
    nothing: list[tuple[str, int, int, bytes, int]] = []
    follower = Follower(path)
    try:
        rows = follower.read(lambda link: link.execute(sql, asked).fetchall(), nothing)
    finally:
        follower.close()
    return [Archived(*row[:4]) for row in rows if crc32(row[3]) == row[4]]
