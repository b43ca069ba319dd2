# SPDX-License-Identifier: Apache-2.0
"""Which numbers of a stream the hub holds, as ranges that are apart: nothing is ever counted anew.

A batch joins the ranges that it touches. What an appliance is acknowledged is the first of them, if
it begins at 1, and the others are the sack. Whoever writes has locked the stream's row.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from edge.report.message import Acknowledged
from hil.hub.batch import MOST_SEQ, Batch
from hil.hub.store import HELD, STREAMS, Store

MOST_SACK = 64
"Ranges beyond the hole that are told, the lowest first: the window is far smaller."
MOST_STREAMS = 32
"Streams of one appliance that are acknowledged together; it has one a class and process."

Span = tuple[int, int]


class Stream(NamedTuple):
    """A stream, as its row says."""

    id: int
    cls: str
    through: int
    top: int
    last: int
    is_new: bool = False


_FIND = (
    sa.select(STREAMS.c.id, STREAMS.c.cls, STREAMS.c.through, STREAMS.c.top, STREAMS.c.last)
    .where(STREAMS.c.node == sa.bindparam("n"), STREAMS.c.stream == sa.bindparam("s"))
    .with_for_update()
)
_TOUCHED = (
    HELD.c.stream == sa.bindparam("s"),
    HELD.c.hi >= sa.bindparam("low"),
    HELD.c.lo <= sa.bindparam("high"),
)
_SELECT = sa.select(HELD.c.lo, HELD.c.hi).where(*_TOUCHED).order_by(HELD.c.hi)
_DELETE = sa.delete(HELD).where(*_TOUCHED)
_INSERT = sa.insert(HELD)
_UPDATE = (
    sa.update(STREAMS)
    .where(STREAMS.c.id == sa.bindparam("i"))
    .values(
        through=sa.bindparam("t"),
        top=sa.bindparam("h"),
        last=sa.bindparam("l"),
        heard_ns=sa.bindparam("now"),
    )
)
_ASKED = STREAMS.c.stream.in_(sa.bindparam("s", expanding=True))
_OF_NODE = (
    sa.select(STREAMS.c.id, STREAMS.c.stream, STREAMS.c.through, STREAMS.c.top)
    .where(STREAMS.c.node == sa.bindparam("n"))
    .where(sa.or_(sa.not_(STREAMS.c.gone), _ASKED))
    .order_by(sa.case((_ASKED, 0), else_=1), STREAMS.c.heard_ns.desc())
    .limit(sa.bindparam("most"))
)
_SACK = (
    sa.select(HELD.c.lo, HELD.c.hi)
    .where(HELD.c.stream == sa.bindparam("s"), HELD.c.hi > sa.bindparam("t"))
    .order_by(HELD.c.hi)
    .limit(MOST_SACK)
)


def lock(store: Store, connection: sa.Connection, node: str, batch: Batch, now_ns: int) -> Stream:
    """Return the stream of a batch, made if it is new; nobody else writes to it until we commit."""
    named = {"n": node, "s": batch.stream}
    row = connection.execute(_FIND, named).first()
    if row is not None:
        return Stream(*row)
    made = store.put(STREAMS).values(
        {"node": node, "stream": batch.stream, "cls": batch.cls, "first_ns": now_ns}
    )
    is_new = connection.execute(made.returning(STREAMS.c.id)).first() is not None
    return Stream(*connection.execute(_FIND, named).one(), is_new)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same numbers as ranges that are apart and rise."""
    apart: list[Span] = []
    for low, high in sorted(spans):
        if apart and low <= apart[-1][1] + 1:
            if high > apart[-1][1]:
                apart[-1] = (apart[-1][0], high)
        else:
            apart.append((low, high))
    return apart


def runs(numbers: Sequence[int]) -> list[Span]:
    """Return numbers as ranges."""
    if numbers and max(numbers) - min(numbers) == len(set(numbers)) - 1:
        return [(min(numbers), max(numbers))]  # a batch without holes, as nearly all are
    return joined((number, number) for number in numbers)


def hold(connection: sa.Connection, stream: Stream, spans: list[Span], now_ns: int) -> None:
    """Hold these numbers, which rise and are apart, beside what is held already."""
    low, high = max(spans[0][0] - 1, 0), min(max(span[1] for span in spans) + 1, MOST_SEQ)
    reach = {"s": stream.id, "low": low, "high": high}
    touched: list[Span] = [(row.lo, row.hi) for row in connection.execute(_SELECT, reach)]
    union = joined([*touched, *spans])
    if union != touched:
        if touched:
            connection.execute(_DELETE, reach)
        rows = [{"stream": stream.id, "lo": first, "hi": last} for first, last in union]
        connection.execute(_INSERT, rows)
    through = union[0][1] if union[0][0] == 1 else stream.through
    top = max(stream.top, union[-1][1])
    row = {"i": stream.id, "t": through, "h": top, "l": max(stream.last, top), "now": now_ns}
    connection.execute(_UPDATE, row)


def acknowledged(
    connection: sa.Connection, node: str, streams: Sequence[str]
) -> tuple[Acknowledged, ...]:
    """Return how far the streams of an appliance have got; those asked for are among them."""
    found = {}
    asked = {"n": node, "s": list(streams), "most": max(MOST_STREAMS, len(streams))}
    for row in connection.execute(_OF_NODE, asked):
        sack: tuple[Span, ...] = ()
        if row.top > row.through:
            beyond = connection.execute(_SACK, {"s": row.id, "t": row.through})
            sack = tuple((span.lo, span.hi) for span in beyond)
        found[row.stream] = Acknowledged(stream=row.stream, through=row.through, sack=sack)
    unknown = [Acknowledged(stream=name, through=0) for name in streams if name not in found]
    return (*found.values(), *unknown)
