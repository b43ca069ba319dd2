# SPDX-License-Identifier: Apache-2.0
"""The hops of a call, from region to region: events with the same labels (`edge.report.trace`).

Looked for when somebody asks, by reading the events of that time: a table of its own would cost as
much at every call as storing it.
"""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from hil.hub.store import EVENTS, STREAMS, Store

HOUR_NS = 3_600 * 10**9
LONGEST_NS = 6 * HOUR_NS
"A call that was let through is told when it is over: so long after it began, at most."
KINDS = ("verdict", "call")


class Hop(msgspec.Struct, frozen=True, order=True):
    """Where a call was heard."""

    at: int
    "When it was offered there, nanoseconds since the epoch."
    node: str
    trunk: str
    peer: str
    "Who handed it over."
    calling: str
    "As it was shown there: it may be another number further on."
    proto: str
    became: str
    "`block`, `divert`, `allow`: what was done."
    record: str
    "Id of the record of evidence; empty for a call that was let through."
    labels: tuple[str, ...]


class _Said(msgspec.Struct):
    """An event that may be a hop."""

    at: int
    trunk: str
    calling: str
    proto: str
    peer: str = ""
    trace: tuple[str, ...] = ()
    action: str = "allow"
    record: str = ""
    offered: int = 0


_said = msgspec.json.Decoder(_Said)


def hops(store: Store, labels: Collection[str], first_ns: int, last_ns: int) -> list[Hop]:
    """Return the hops of the calls that have one of these labels, in their order.

    Args:
        store: The hub's database.
        labels: What they are known by.
        first_ns: When the earliest may have been offered, nanoseconds since the epoch.
        last_ns: When the latest may.
    """
    with store.reading() as connection:
        found = set(_read(connection, frozenset(labels), first_ns, last_ns + LONGEST_NS))
    return sorted(hop for hop in found if first_ns <= hop.at <= last_ns)


def _read(
    connection: sa.Connection, labels: frozenset[str], first_ns: int, last_ns: int
) -> Iterator[Hop]:
    wanted = (
        sa.select(STREAMS.c.node, EVENTS.c.body)
        .join(STREAMS, STREAMS.c.id == EVENTS.c.stream)
        .where(EVENTS.c.kind.in_(KINDS), EVENTS.c.at.between(first_ns, last_ns))
    )
    for node, body in connection.execution_options(yield_per=10_000).execute(wanted):
        if any(label in body for label in labels) and (hop := _hop(node, body, labels)):
            yield hop


def _hop(node: str, body: str, labels: frozenset[str]) -> Hop | None:
    """Return what an event says, if it is one of these; what cannot be read is none."""
    try:
        said: Any = _said.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if not labels & set(said.trace):
        return None
    return Hop(
        said.offered or said.at, node, said.trunk, said.peer, said.calling, said.proto,
        said.action, said.record, said.trace,
    )  # fmt: skip
