# SPDX-License-Identifier: Apache-2.0
"""Keeps what could not be read, for people: never raised, never lost without trace, bounded."""

import hashlib
from typing import NamedTuple

import sqlalchemy as sa

from hil.hub.store import QUARANTINE, Store

MOST_OCTETS = 262_144
"Kept of one message."
MOST_ROWS = 200
"Kept of one appliance; the oldest go first, and only their number in `nodes` stays."
MOST_TEXT = 500


class Unread(NamedTuple):
    """A message, or part of one, that could not be read."""

    node: str
    topic: str
    why: str
    raw: bytes


def keep(store: Store, connection: sa.Connection, unread: Unread, now_ns: int) -> None:
    """Keep a message; the same again is only counted."""
    digest = hashlib.sha256(unread.topic.encode() + b"\0" + unread.raw).hexdigest()
    row = {
        "node": unread.node,
        "digest": digest,
        "topic": unread.topic,
        "why": unread.why[:MOST_TEXT].replace("\0", " "),
        "raw": unread.raw[:MOST_OCTETS],
        "first_ns": now_ns,
        "times": 1,
    }
    again = store.insert(QUARANTINE).values(row)
    again = again.on_conflict_do_update(
        index_elements=["node", "digest"], set_={"times": QUARANTINE.c.times + 1}
    )
    connection.execute(again)
    _let_go(connection, unread.node)


def _let_go(connection: sa.Connection, node: str) -> None:
    """Forget the oldest of an appliance that says too much nonsense."""
    mine = QUARANTINE.c.node == node
    count = connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
    if count > MOST_ROWS:
        oldest = (
            sa.select(QUARANTINE.c.digest)
            .where(mine)
            .order_by(QUARANTINE.c.first_ns)
            .limit(count - MOST_ROWS)
        )
        gone = sa.delete(QUARANTINE).where(mine, QUARANTINE.c.digest.in_(oldest))
        connection.execute(gone)
