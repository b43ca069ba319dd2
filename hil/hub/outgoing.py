# SPDX-License-Identifier: Apache-2.0
"""What the hub's people and programs have to say: kept in the database, published by the herald.

Whoever puts a message here has said it when the transaction is committed: the herald publishes it
at least once, in the order of putting, however often it is started anew in between.
"""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from edge.report.port import Outbound
from hil.hub.store import OUTGOING, Store

AT_ONCE = 64


class _Kept(msgspec.Struct):
    topic: str
    payload: bytes
    qos: int
    retain: bool
    expiry_s: int | None
    properties: dict[str, str]
    content_type: str


def put(connection: sa.Connection, messages: Iterable[Outbound]) -> None:
    """Have messages published once this transaction is committed."""
    for message in messages:
        text = msgspec.json.encode(_Kept(**message._asdict())).decode()
        connection.execute(sa.insert(OUTGOING).values(message=text))


def say(store: Store, *messages: Outbound) -> None:
    """Have messages published; they are on disk when this returns."""
    with store.writing() as connection:
        put(connection, messages)


def waiting(store: Store) -> list[tuple[int, Outbound]]:
    """Return what is to be published next, oldest first, each with its number."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(OUTGOING).order_by(OUTGOING.c.id).limit(AT_ONCE)).all()
    return [(row.id, _read(row.message)) for row in rows]


def _read(text: str) -> Outbound:
    kept = msgspec.json.decode(text, type=_Kept)
    return Outbound(**msgspec.structs.asdict(kept))


def done(store: Store, numbers: Iterable[int]) -> None:
    """Forget what the broker has taken."""
    with store.writing() as connection:
        connection.execute(sa.delete(OUTGOING).where(OUTGOING.c.id.in_(list(numbers))))
