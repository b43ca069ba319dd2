# SPDX-License-Identifier: Apache-2.0
"""What people did at the desk: a table that is only added to, each line chained to the one before.

Who changes a line, or takes one out, breaks the chain of hashes, and the page says so. The last
lines can still be cut off: print the latest hash where others keep it.
"""

from hashlib import sha256
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from edge.errors import InputError
from hil.hub.store import TABLES, Store

ACTS = sa.Table(
    "desk_acts",
    TABLES,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False, doc="Epoch seconds."),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False, doc="What was done, in English."),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, doc="Where from."),
    sa.Column("hash", sa.Text, nullable=False, doc="Of this line and the hash before it."),
)
MOST_TEXT = 500
_ALONE = sa.text("SELECT pg_advisory_xact_lock(7017)")
"Two that write at once would both follow the same line."


class Act(NamedTuple):
    """What is to be recorded."""

    at: int
    person: str
    text: str
    reason: str = ""
    address: str = ""


class Line(msgspec.Struct, frozen=True):
    """What was recorded."""

    number: int
    act: Act
    hash: str
    is_whole: bool
    "Whether it is as it was written, behind the line that it was written behind."


class Acts:
    """The table."""

    def __init__(self, store: Store) -> None:
        """Keep it in the hub's database."""
        self._store = store

    def put(self, act: Act) -> None:
        """Add a line. Raises `InputError` if it could not be kept: then nothing is to be done."""
        act = Act(act.at, *(_fit(text) for text in act[1:]))
        try:
            with self._store.writing() as connection:
                if not self._store.is_sqlite:
                    connection.execute(_ALONE)
                last = connection.execute(
                    sa.select(ACTS.c.number, ACTS.c.hash).order_by(ACTS.c.number.desc()).limit(1)
                ).first()
                number, before = (last.number + 1, last.hash) if last else (1, "")
                row = {**act._asdict(), "number": number, "hash": _hash(before, number, act)}
                connection.execute(sa.insert(ACTS).values(row))
        except sa.exc.SQLAlchemyError as error:
            raise InputError(f"the act could not be recorded: {type(error).__name__}") from error

    def latest(self, most: int) -> list[Line]:
        """Return the latest lines, the latest first."""
        asked = sa.select(ACTS).order_by(ACTS.c.number.desc()).limit(most + 1)
        with self._store.reading() as connection:
            rows = connection.execute(asked).all()
        lines = []
        for at, row in enumerate(rows[:most]):
            act = Act(row.at, row.person, row.text, row.reason, row.address)
            before = rows[at + 1] if at + 1 < len(rows) else None
            follows = before.number == row.number - 1 if before else row.number == 1
            whole = follows and row.hash == _hash(before.hash if before else "", row.number, act)
            lines.append(Line(row.number, act, row.hash, whole))
        return lines


def _fit(text: str | int) -> str:
    """Return a text as every database keeps it."""
    return str(text).replace("\0", "\N{REPLACEMENT CHARACTER}")[:MOST_TEXT]


def _hash(before: str, number: int, act: Act) -> str:
    return sha256(msgspec.json.encode([before, number, *act])).hexdigest()
