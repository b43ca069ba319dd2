# SPDX-License-Identifier: Apache-2.0
"""An SQLite file that is on disk when it says so: how it is opened, and what its errors mean."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from edge.blocklist.store import sync_folder
from edge.report.outbox.quota import PAGE, Plan

APPLICATION = 0x51414C51
"Marks our files (`QALQ`), so that no other is taken for one."
KEPT_DAMAGED = 2
FULL_SYNC = 2
BUSY_S = 5.0


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:  # noqa: ANN401 - SQLite knows types of values alone
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""


class Connection(Protocol):
    """What is used of an SQLite connection; the power cuts of the tests come in here."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Rows:
        """Run a statement once for each row."""

    def close(self) -> None:
        """Close it."""


Connect = Callable[[Path], Connection]


class Damaged(sqlite3.DatabaseError):
    """The file is not what was written."""


class Fault(Enum):
    """What can be done about an error."""

    FULL = "full"
    "Make room."
    DAMAGED = "damaged"
    "Go on with a new file."
    FAILING = "failing"
    "Try again later."


_FAULTS = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: Fault.DAMAGED,  # a number given twice: its book is wrong
    sqlite3.SQLITE_IOERR_SHORT_READ: Fault.DAMAGED,
    sqlite3.SQLITE_IOERR_SHMSIZE: Fault.FULL,
}


def fault(error: sqlite3.Error) -> Fault:
    """Return what can be done about an error."""
    if isinstance(error, Damaged):
        return Fault.DAMAGED
    code = getattr(error, "sqlite_errorcode", 0)
    return _FAULTS.get(code) or _FAULTS.get(code & 0xFF) or Fault.FAILING


def connect(path: Path) -> Connection:
    """Open a file by the standard library; transactions are begun by hand."""
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)


def open_durable(path: Path, plan: Plan, connect: Connect) -> Connection:
    """Open a file, made if need be, whose commits are on disk when they return."""
    if not path.exists():  # what an earlier file left must not be taken for its end
        _beside(path, "-wal").unlink(missing_ok=True)
    link = connect(path)
    try:
        for name, value in (
            ("page_size", PAGE),
            ("journal_mode", "wal"),
            ("synchronous", FULL_SYNC),
            ("max_page_count", plan.pages),
            ("wal_autocheckpoint", plan.wal),
            ("journal_size_limit", plan.wal * PAGE),
        ):
            link.execute(f"PRAGMA {name}={value}").fetchall()
        _assert(link, "journal_mode", "wal")
        _assert(link, "synchronous", FULL_SYNC)
    except BaseException:
        link.close()
        raise
    return link


def _assert(link: Connection, name: str, value: object) -> None:
    """Raise unless a setting is in force: SQLite passes over what it cannot do."""
    is_so = pragma(link, name)
    if is_so != value:
        raise sqlite3.NotSupportedError(f"{name} is {is_so}, not {value}")


def pragma(link: Connection, name: str) -> Any:  # noqa: ANN401 - as above
    """Return a setting or a number of the file."""
    return link.execute(f"PRAGMA {name}").fetchone()[0]


def claim(link: Connection, version: int, make: Callable[[Connection], None]) -> bool:
    """Have a new file given its tables, or see that a file is ours; says whether it is new.

    Raises `Damaged` where it is another's, or of a version that we do not read.
    """
    mark, written = pragma(link, "application_id"), pragma(link, "user_version")
    if (mark, written) == (APPLICATION, version):
        return False
    if mark or written or link.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise Damaged(f"written by another program or version ({mark:x}, {written})")
    link.execute("BEGIN IMMEDIATE")
    make(link)
    link.execute(f"PRAGMA application_id={APPLICATION}")
    link.execute(f"PRAGMA user_version={version}")
    link.execute("COMMIT")
    return True


def set_aside(path: Path) -> None:
    """Move a damaged file out of the way; the newest few of them are kept for people to look at.

    The file goes before its log: what is left of a cut in between is thrown away, never the log of
    a file that still stands.
    """
    number = 1 + max([n for n, _ in damaged(path)], default=0)
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            _beside(path, end).rename(path.with_name(f"{path.name}.damaged-{number}{end}"))
    for _, old in damaged(path)[KEPT_DAMAGED:]:
        for end in ("", "-wal", "-shm"):
            _beside(old, end).unlink(missing_ok=True)
    sync_folder(path.parent)


def damaged(path: Path) -> list[tuple[int, Path]]:
    """Return the damaged files that were set aside, newest first."""
    found = []
    for one in path.parent.glob(f"{path.name}.damaged-*"):
        number = one.name.rpartition("-")[2]
        if number.isdigit():
            found.append((int(number), one))
    return sorted(found, reverse=True)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def identity(path: Path) -> tuple[int, int] | None:
    """Return which file stands under a name, None if none can be seen."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


class Ballast:
    """Octets of the disk that are held only to be given up when it is full.

    On a full disk nothing can be deleted from a database either: the log has no room.
    """

    def __init__(self, path: Path, octets: int) -> None:
        """Hold it in a file of this name."""
        self.held = path.exists()
        "Whether there is something to give up."
        self._path = path
        self._octets = octets

    def left(self) -> int:
        """Return what the disk has beyond it, less than nothing where it has not even that."""
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize - self._octets

    def take(self) -> bool:
        """Hold it; false if the disk has not three times as much to give."""
        if self.held:
            return True
        if self.left() < 2 * self._octets:
            return False
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._octets)
        except OSError:
            self.give_up()
            return False
        self.held = True
        return True

    def give_up(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self.held = False
