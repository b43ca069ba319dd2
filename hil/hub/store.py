# SPDX-License-Identifier: Apache-2.0
"""The hub's database: its tables, and transactions upon them. SQLite by default, PostgreSQL by URL.

Any number of workers write at once. On SQLite a transaction that writes takes the file first; on
PostgreSQL rows are locked, the stream's or the appliance's before all that belongs to it.
"""

import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from edge import clock

TABLES = sa.MetaData()
"A part that keeps something adds its tables here, and they are made with the others."

PATIENCE_S = 60
"How long a worker waits for another that writes."
AGAIN_S = 0.01

NODES = sa.Table(
    "nodes",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, default=""),
    sa.Column("epoch", sa.Text, nullable=False, default="0", doc="64 bits without a sign."),
    sa.Column("said", sa.Text, nullable=False, default="{}", doc="The last `State`."),
    sa.Column("said_ns", sa.BigInteger, nullable=False, default=0, doc="When it arrived."),
    sa.Column("live", sa.Text, nullable=False, default="{}", doc="The last `Live`."),
    sa.Column("live_ns", sa.BigInteger, nullable=False, default=0),
)
STREAMS = sa.Table(
    "streams",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("cls", sa.Text, nullable=False),
    sa.Column("through", sa.BigInteger, nullable=False, default=0, doc="All up to it are held."),
    sa.Column("top", sa.BigInteger, nullable=False, default=0, doc="The highest that is held."),
    sa.Column("last", sa.BigInteger, nullable=False, default=0, doc="The highest said to exist."),
    sa.Column("first_ns", sa.BigInteger, nullable=False, default=0, doc="When first heard."),
    sa.Column("heard_ns", sa.BigInteger, nullable=False, default=0),
    sa.Column("gone", sa.Boolean, nullable=False, default=False, doc="No birth names it now."),
    sa.UniqueConstraint("node", "stream"),
)
EVENTS = sa.Table(
    "events",
    TABLES,
    sa.Column("stream", sa.Integer, sa.ForeignKey("streams.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, doc="JSON, as it arrived."),
    sqlite_with_rowid=False,
)
HELD = sa.Table(
    "held",
    TABLES,
    sa.Column("stream", sa.Integer, sa.ForeignKey("streams.id"), primary_key=True),
    sa.Column("hi", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lo", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Ranges of numbers that are stored, or told to be lost: apart, and never adjacent.",
)
GAPS = sa.Table(
    "gaps",
    TABLES,
    sa.Column("stream", sa.Integer, sa.ForeignKey("streams.id"), primary_key=True),
    sa.Column("hi", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lo", sa.BigInteger, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    comment="What will never come, as its appliance told.",
)
CHECKPOINTS = sa.Table(
    "checkpoints",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.Text, nullable=False),
    sa.Column("stream", sa.Integer, nullable=False, doc="Where it was told."),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False, doc="Ours."),
)
QUARANTINE = sa.Table(
    "quarantine",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True, doc="SHA-256 of topic and payload."),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False, doc="At most its first 256 KiB."),
    sa.Column("first_ns", sa.BigInteger, nullable=False),
    sa.Column("times", sa.Integer, nullable=False, default=1),
)
NOTES = sa.Table(
    "notes",
    TABLES,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    comment="What people must look at; said once.",
)
OUTGOING = sa.Table(
    "outgoing",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("message", sa.Text, nullable=False, doc="JSON of an `Outbound`."),
    comment="What the herald has to publish.",
)
WORDS = sa.Table(
    "words",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

_PRAGMAS = (
    f"PRAGMA busy_timeout={PATIENCE_S * 1000}",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-16000",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)


class Store:
    """A database that is open."""

    def __init__(self, url: str) -> None:
        """Open it, and make the tables that are missing; `url` as SQLAlchemy reads it."""
        self.engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        # of a store that nobody closed, when nobody holds it any more
        weakref.finalize(self, self.engine.dispose).atexit = False
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare)
            sa.event.listen(self.engine, "begin", _begin)
        self.make()

    def make(self) -> None:
        """Make the tables that are missing: those of a part stand in `TABLES` once it is loaded."""
        with self.writing() as connection:
            if not self.is_sqlite:  # two that begin at once would both make them
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7016)"))
            TABLES.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction: committed, on disk, when the block is left in good order."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that changes nothing and waits for nobody."""
        with self.engine.connect().execution_options(reading=True) as connection:
            yield connection

    def put(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert that leaves a row as it is if it is there already."""
        return self.insert(table).on_conflict_do_nothing()

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert that can be told what to do about a row that is there."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def note(self, connection: sa.Connection, node: str, name: str, text: str, at: int) -> None:
        """Keep what people must look at; what was said before is not said again."""
        said = self.put(NOTES).values(node=node, name=name, text=text, at=at)
        connection.execute(said)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of a database in a file."""
    return f"sqlite:///{path}"


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where Python guesses
    cursor = connection.cursor()
    _to_wal(cursor)
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _to_wal(cursor: DBAPICursor) -> None:
    """Have an empty database keep a log; for another that does so SQLite itself does not wait."""
    end_s = clock.monotonic_s() + PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if clock.monotonic_s() >= end_s:
                raise
            time.sleep(AGAIN_S)  # noqa: TID251 - in a thread of its own, for another process
        else:
            return


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
