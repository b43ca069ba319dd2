# SPDX-License-Identifier: Apache-2.0
"""How a log of evidence grew, checkpoint by checkpoint: each one proves where it came from.

Workers take checkpoints in any order. One whose forerunner has not been taken yet waits in a table,
by its event's own number, so that there are never more rows than events; it goes when it is judged.
"""

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from edge.evidence.merkle import EMPTY, WIDTH, is_consistent
from hil.hub.store import STREAMS, TABLES, Store

MOST_PROOF = 128
"Hashes of a proof: of two trees of 2^63 leaves it has fewer."
PAGES = (1, *(128,) * 16)
"How many that wait are looked at, step by step, for each that arrives: a window holds fewer."

WAITING = sa.Table(
    "waiting",
    TABLES,
    sa.Column("stream", sa.Integer, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("before", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False, doc="In hex, one hash after the other."),
    sa.Index("waiting_next", "node", "origin", "before", "size"),
    comment="Checkpoints that say to follow one that has not been taken yet.",
)

_FORGET = sa.delete(WAITING).where(
    WAITING.c.stream == sa.bindparam("its_stream"), WAITING.c.seq == sa.bindparam("its_seq")
)
_hash = re.compile(r"[0-9a-f]{64}\Z")


class Head(NamedTuple):
    """How far a log is known to have grown."""

    size: int
    root: str
    "In base64, as a checkpoint says it."
    stream: int = 0
    "Where it was told, and as which event."
    seq: int = 0


BEGINNING = Head(0, base64.b64encode(EMPTY).decode())
"Of every log."


class Link(NamedTuple):
    """A checkpoint, as the step from the one before."""

    stream: int
    seq: int
    node: str
    origin: str
    before: int
    size: int
    root: str
    note: str
    proof: str

    @property
    def log(self) -> tuple[str, str]:
        """Whose log it is of, and which."""
        return self.node, self.origin

    @property
    def head(self) -> Head:
        """How far the log has grown once this is signed."""
        return Head(self.size, self.root, self.stream, self.seq)

    def is_ahead(self, head: Head) -> bool:
        """Whether those between are still to come."""
        return head.size < self.before < self.size


def packed(proof: Sequence[str]) -> str | None:
    """Return the hashes of a proof as they are kept; None if they are none."""
    if len(proof) > MOST_PROOF or not all(map(_hash.match, proof)):
        return None
    return "".join(proof)


def follows(link: Link, head: Head) -> bool:
    """Whether a checkpoint shows that its log is the one of `head`, and more."""
    if link.before != head.size or (link.size == 0 and link.root != BEGINNING.root):
        return False
    octets = bytes.fromhex(link.proof)
    proof = [octets[at : at + WIDTH] for at in range(0, len(octets), WIDTH)]
    old, new = (head.size, _octets(head.root)), (link.size, _octets(link.root))
    return is_consistent(old, new, proof)


def _octets(root: str) -> bytes:
    return base64.b64decode(root)


def wait(store: Store, connection: sa.Connection, link: Link) -> None:
    """Keep a checkpoint until the one before it comes."""
    connection.execute(store.put(WAITING).values(link._asdict()))


def has_no_forerunner(connection: sa.Connection, link: Link) -> bool:
    """Whether all that was reported before a checkpoint is here: its forerunner never comes."""
    through = connection.execute(sa.select(STREAMS.c.through).where(STREAMS.c.id == link.stream))
    return (through.scalar() or 0) >= link.seq


def waiting(connection: sa.Connection, log: tuple[str, str], most: int) -> list[Link]:
    """Return what waits, the earliest first."""
    node, origin = log
    found = connection.execute(
        sa.select(*(WAITING.c[name] for name in Link._fields))
        .where(WAITING.c.node == node, WAITING.c.origin == origin)
        .order_by(WAITING.c.before, WAITING.c.size, WAITING.c.stream, WAITING.c.seq)
        .limit(most)
    )
    return [Link(*row) for row in found]


def forget(connection: sa.Connection, judged: Sequence[Link]) -> None:
    """Keep these no longer."""
    if judged:
        rows = [{"its_stream": link.stream, "its_seq": link.seq} for link in judged]
        connection.execute(_FORGET, rows)
