# SPDX-License-Identifier: Apache-2.0
"""What `uplink` must not forget, in one small SQLite file, on disk before any method returns.

Commands and what became of them, a configuration on trial, the latest time that was signed.

    taken, no result  ── act ──►  result  ──►  recorded in the audit log  ──►  told to the hub

A result is kept for seven days; after that the command's id is, so that it is not done again. In
the end that goes too, and nothing as old as that is ever taken, whatever the clock says: `floor`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from edge.errors import QalqanError
from edge.report.outbox.database import set_aside

KEPT_S = 7 * 86_400
"How long a result is kept."
MOST_KEPT = 10_000
"Commands whose ids are kept; the oldest that are done go first."

_SHAPE = 1
_TABLES = """
CREATE TABLE command (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, digest TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, keys TEXT NOT NULL, issued INTEGER NOT NULL, at_s INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, result TEXT, recorded INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE trial (
    one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, version INTEGER NOT NULL,
    old BLOB NOT NULL, new_sha TEXT NOT NULL, patience_s INTEGER NOT NULL,
    boot TEXT NOT NULL DEFAULT '', until_s REAL NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0);
CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

FLOOR = "floor"
"A command that was issued at or before this second, and is not known, may have been known."
SIGNED_TIME = "signed-time"
"Latest second at which two sides have signed: it is no earlier now."
CONFIG_VERSION = "config-version"
"The highest version of a configuration that was ever put on trial."


class Unwritten(QalqanError):
    """What must not be forgotten is not on disk: there is no room, or the disk is damaged."""


class Row(NamedTuple):
    """A command that was taken."""

    id: str
    digest: str
    "SHA-256 of its body."
    kind: str
    body: str
    "Empty once its result is forgotten."
    keys: str
    "Ids of the keys that signed it, with a space between."
    issued: int
    tries: int
    "How often its act was begun again, after the process ended within it."
    result: str | None
    "JSON of the `Result`; None while it is being done; empty once it is forgotten."
    recorded: int
    "1 if the audit log has it."


class Pending(NamedTuple):
    """A configuration on trial."""

    id: str
    "Of the command that brought it."
    version: int
    old: bytes
    "The file that returns if this one fails."
    new_sha: str
    patience_s: int
    boot: str = ""
    "Start of the machine that `until_s` belongs to; empty before the first start with it."
    until_s: float = 0.0
    "When the old one returns, by a clock that counts from that start."
    starts: int = 0
    "How often this process was started with it."


_ROW = "id, digest, kind, body, keys, issued, tries, result, recorded"
_PENDING = "id, version, old, new_sha, patience_s, boot, until_s, starts"


class Register:
    """The file, open. Safe to be asked from several threads."""

    def __init__(self, path: Path, now_s: int) -> None:
        """Open it. One that is damaged is put aside, and no command from before now is taken."""
        self.damaged = ""
        "What was wrong with the file that was put aside."
        self._lock = RLock()
        self._db = self._opened(path, now_s)

    def _opened(self, path: Path, now_s: int) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _open(path)
        except sqlite3.OperationalError as error:  # no room, no right: it may be whole
            raise Unwritten(f"{path}: {error}") from error
        except sqlite3.DatabaseError as error:
            self.damaged = str(error)
        written_s = max(int(one.stat().st_mtime) for one in _files(path))
        set_aside(path)
        db = _open(path)
        _raise(db, FLOOR, max(now_s, written_s))
        return db

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: on disk when the block is left in good order. One at a time."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise Unwritten(f"the register: {error}") from error
                raise

    def _rows(self, rest: str, *values: object) -> list[Row]:
        with self._lock:
            found = self._db.execute(f"SELECT {_ROW} FROM command {rest}", values)  # noqa: S608
            return [Row._make(row) for row in found]

    # Commands ---------------------------------------------------------------

    def known(self, id_: str) -> Row | None:
        """Return a command that was taken before."""
        found = self._rows("WHERE id = ?", id_)
        return found[0] if found else None

    def take(self, row: Row, at_s: int) -> None:
        """Keep a command before it is done; its result with it where that is known."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO command (id, digest, kind, body, keys, issued, at_s, result, recorded)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row[:6], at_s, row.result, row.recorded),
            )

    def done(self, id_: str, result: str, *, recorded: bool) -> None:
        """Keep what became of a command."""
        with self._writing() as db:
            _done(db, id_, result, recorded=recorded)

    def unfinished(self) -> list[Row]:
        """Return the commands that were taken and not done, oldest first."""
        return self._rows("WHERE result IS NULL ORDER BY number")

    def tried(self, id_: str) -> None:
        """Count that a command is begun again."""
        with self._writing() as db:
            db.execute("UPDATE command SET tries = tries + 1 WHERE id = ?", (id_,))

    def unrecorded(self) -> list[Row]:
        """Return the commands whose results the audit log does not have, oldest first."""
        return self._rows("WHERE result != '' AND NOT recorded ORDER BY number")

    def recorded(self, id_: str) -> None:
        """Keep that the audit log has the result of a command."""
        with self._writing() as db:
            db.execute("UPDATE command SET recorded = 1 WHERE id = ?", (id_,))

    def untold(self, most: int) -> list[str]:
        """Return results that are recorded and that no broker has taken, oldest first."""
        rows = self._rows(
            "WHERE result != '' AND recorded AND NOT told ORDER BY number LIMIT ?", most
        )
        return [row.result for row in rows if row.result]

    def told(self, id_: str) -> None:
        """Keep that a result was told; telling it again is no harm, so this may be lost."""
        with suppress(Unwritten), self._writing() as db:
            db.execute("UPDATE command SET told = 1 WHERE id = ? AND NOT told", (id_,))

    def forget(self, trusted_s: int) -> None:
        """Let go of results that are old, and of the oldest commands beyond the most kept."""
        old = "FROM command WHERE result IS NOT NULL AND at_s < ?"
        many = (
            "FROM command WHERE result IS NOT NULL AND number <="
            " (SELECT max(number) FROM command) - ?"
        )
        with self._lock:
            is_old = self._db.execute(
                f"SELECT 1 {old} AND body != ''", (trusted_s - KEPT_S,)
            ).fetchone()
            is_many = self._db.execute(f"SELECT max(issued) {many}", (MOST_KEPT,)).fetchone()[0]
        if is_old is None and is_many is None:
            return
        with self._writing() as db:
            db.execute(
                "UPDATE command SET result = '', body = '', recorded = 1, told = 1"
                " WHERE result IS NOT NULL AND at_s < ?",
                (trusted_s - KEPT_S,),
            )
            if is_many is not None:
                _raise(db, FLOOR, is_many)
                db.execute(f"DELETE {many}", (MOST_KEPT,))

    # Numbers ----------------------------------------------------------------

    def number(self, name: str) -> int:
        """Return a number that only rises; 0 where it was never raised."""
        with self._lock:
            found = self._db.execute("SELECT value FROM number WHERE name = ?", (name,)).fetchone()
        return found[0] if found else 0

    def raise_to(self, name: str, value: int) -> None:
        """Raise a number, if it is lower."""
        if self.number(name) < value:
            with self._writing() as db:
                _raise(db, name, value)

    # Trial ------------------------------------------------------------------

    def trial(self) -> Pending | None:
        """Return the configuration on trial."""
        with self._lock:
            found = self._db.execute(f"SELECT {_PENDING} FROM trial").fetchone()  # noqa: S608
        return Pending(*found) if found else None

    def begin_trial(self, pending: Pending) -> None:
        """Keep that a configuration is on trial, before its file is put in place."""
        with self._writing() as db:
            _raise(db, CONFIG_VERSION, pending.version)
            db.execute(
                f"INSERT INTO trial ({_PENDING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                pending,
            )

    def start_trial(self, boot: str, until_s: float) -> None:
        """Keep that a process was started with it, and when by the clock of `boot` it ends."""
        with self._writing() as db:
            db.execute(
                "UPDATE trial SET boot = ?, until_s = ?, starts = starts + 1", (boot, until_s)
            )

    def end_trial(self, result: str) -> None:
        """Keep that the trial is over, and what became of its command, as one."""
        with self._writing() as db:
            found = db.execute("DELETE FROM trial RETURNING id").fetchone()
            if found:
                _done(db, found[0], result, recorded=False)

    def drop_trial(self) -> None:
        """Keep that the trial did not come about; its command is answered by who began it."""
        with self._writing() as db:
            db.execute("DELETE FROM trial")


def _open(path: Path) -> sqlite3.Connection:
    """Open the file and make its tables. Raises `sqlite3.DatabaseError`."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        [(shape,)] = db.execute("PRAGMA user_version")
        if not shape:
            with closing(db.cursor()) as cursor:
                cursor.executescript(
                    f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SHAPE}; COMMIT;"
                )
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    [(said,)] = db.execute("PRAGMA quick_check(1)")
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def _files(path: Path) -> list[Path]:
    """Return the file and its log, where they are."""
    return [one for one in (path, path.with_name(path.name + "-wal")) if one.exists()]


def _done(db: sqlite3.Connection, id_: str, result: str, *, recorded: bool) -> None:
    db.execute(
        "UPDATE command SET result = ?, recorded = ?, told = 0 WHERE id = ?",
        (result, recorded, id_),
    )


def _raise(db: sqlite3.Connection, name: str, value: int) -> None:
    db.execute(
        "INSERT INTO number VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        (name, value),
    )
