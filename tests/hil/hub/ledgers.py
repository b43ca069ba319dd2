# SPDX-License-Identifier: Apache-2.0
"""A ledger within a test, and its whole table to compare with."""

from pathlib import Path

import sqlalchemy as sa

from edge.report.message import Ack, Ask
from hil.hub import cosign
from hil.hub.ledger import Ledger
from hil.hub.store import TABLES, Store

NOW_NS = 1_790_000_000_000_000_000


def ledger(store: Store, folder: Path) -> Ledger:
    """Return a ledger that signs with the key of a folder."""
    return Ledger(store, cosign.load(folder))


def acked(answers) -> Ack:
    """Return the acknowledgement among answers."""
    return next(Ack.model_validate_json(one.payload) for one in answers if "/ack" in one.topic)


def asked(*streams: str) -> bytes:
    return Ask(epoch=1, streams=streams).model_dump_json().encode()


def table(store: Store) -> list[tuple]:
    """Return all that was reported and all that was told lost, by name and not by row number."""
    events = sa.text(
        "SELECT s.node, s.stream, s.cls, e.seq, e.at, e.kind, e.body"
        " FROM events e JOIN streams s ON e.stream = s.id"
    )
    others = (
        "SELECT s.node, s.stream, s.through, s.top, s.last FROM streams s",
        "SELECT s.stream, h.lo, h.hi FROM held h JOIN streams s ON h.stream = s.id",
        "SELECT s.stream, g.lo, g.hi, g.n FROM gaps g JOIN streams s ON g.stream = s.id",
        "SELECT node, digest, why FROM quarantine",
    )
    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(events)]
        rows += [tuple(row) for text in others for row in connection.execute(sa.text(text))]
    return sorted(rows, key=repr)


def emptied(store: Store) -> Store:
    """Return a store with all its rows gone."""
    with store.writing() as connection:
        for one in reversed(TABLES.sorted_tables):
            connection.execute(sa.delete(one))
    return store
