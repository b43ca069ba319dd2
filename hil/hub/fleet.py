# SPDX-License-Identifier: Apache-2.0
"""What the hub knows of its appliances: births and wills, heartbeats, and what people must look at.

Messages of one connection may be taken by several workers, in any order: an epoch only rises,
`lost` and `offline` end theirs, and `init` never comes after what follows it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from pydantic import ValidationError

from edge.report import topic
from edge.report.message import ACCEPTS, Live, State, StreamState, Versioned
from edge.report.port import Outbound
from hil.hub import quarantine
from hil.hub.quarantine import Unread
from hil.hub.store import NODES, NOTES, QUARANTINE, STREAMS, Store

MOST_STREAMS = 64
"Of one birth that are looked at."
OVERTAKEN_NS = 60_000_000_000
"Events that were sent behind a birth may be here before it; not so long before."

_RANK = {"init": 0, "ready": 1, "alert": 1, "offline": 2, "lost": 2}
"Within one epoch no state follows one of a higher rank."


class Fleet:
    """The part that hears `state` and `live`."""

    hears = frozenset({topic.STATE, topic.LIVE})

    def __init__(self, store: Store) -> None:
        """Write to `store`."""
        self._store = store

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Keep what an appliance says of itself."""
        try:
            if rest == topic.LIVE:
                self._beat(node, Live.model_validate_json(payload), now_ns)
            elif rest == topic.STATE and payload:  # an empty one takes a retained message away
                self._state(node, State.model_validate_json(payload), now_ns)
        except ValidationError as error:
            self._set_aside(Unread(node, rest, str(error.errors()[0]["msg"]), payload), now_ns)
        return ()

    def _set_aside(self, unread: Unread, now_ns: int) -> None:
        with self._store.writing() as connection:
            quarantine.keep(self._store, connection, unread, now_ns)
            version = version_of(unread.raw)
            if version not in ACCEPTS:
                text = f"speaks version {version}, which is not read here"
                self._store.note(connection, unread.node, "version", text, now_ns)

    def _beat(self, node: str, live: Live, now_ns: int) -> None:
        with self._store.writing() as connection:
            known = self._locked(connection, node)
            if live.epoch >= int(known.epoch):
                row = {"live": live.model_dump_json(), "live_ns": now_ns}
                connection.execute(sa.update(NODES).where(NODES.c.node == node).values(row))

    def _state(self, node: str, state: State, now_ns: int) -> None:
        # Two transactions: whoever writes events holds a stream first, then what is the node's.
        with self._store.writing() as connection:
            known = self._locked(connection, node)
            if not follows(known, state):
                return
            row = {
                "state": state.state,
                "epoch": str(state.epoch),
                "said_ns": now_ns,
            }
            text = state.model_dump_json(by_alias=True)
            if state.state != "lost":  # a will knows nothing but its epoch
                row["said"] = text
            connection.execute(sa.update(NODES).where(NODES.c.node == node).values(row))
        again = text == known.said  # a birth is retained, and heard anew when we come back
        if state.streams and state.state != "lost":
            with self._store.writing() as connection:
                self._streams(connection, node, state.streams[:MOST_STREAMS], now_ns, again=again)

    def _locked(self, connection: sa.Connection, node: str) -> sa.Row[Any, Any, Any]:
        """Return what is known of an appliance; nobody else changes it until we commit."""
        connection.execute(self._store.put(NODES).values(node=node))
        columns = sa.select(NODES.c.state, NODES.c.epoch, NODES.c.said)
        return connection.execute(columns.where(NODES.c.node == node).with_for_update()).one()

    def _streams(
        self,
        connection: sa.Connection,
        node: str,
        said: Sequence[StreamState],
        now_ns: int,
        *,
        again: bool,
    ) -> None:
        """Compare the streams that a birth names with those that we have heard."""
        mine = STREAMS.c.node == node
        rows = connection.execute(
            sa.select(STREAMS).where(mine).order_by(STREAMS.c.id).with_for_update()
        )
        known = {row.stream: row for row in rows}
        for stream in said:
            row = known.pop(stream.stream, None)
            if row is None:
                new = {"node": node, "stream": stream.stream, "cls": stream.cls}
                told = {"last": stream.last, "first_ns": now_ns}
                connection.execute(self._store.put(STREAMS).values(**new, **told))
                continue
            is_old = now_ns - row.heard_ns > OVERTAKEN_NS
            if stream.last < row.top and is_old and not again:
                text = f"{stream.cls} {stream.stream} went back from {row.top} to {stream.last}"
                self._store.note(connection, node, "went-back", text, now_ns)
            last = max(stream.last, row.last)
            here = sa.update(STREAMS).where(STREAMS.c.id == row.id).values(last=last, gone=False)
            connection.execute(here)
        for row in known.values():
            if not row.gone and not again:
                self._gone(connection, row, now_ns)

    def _gone(self, connection: sa.Connection, row: sa.Row[Any], now_ns: int) -> None:
        """Note a stream that its appliance does not have any more."""
        connection.execute(sa.update(STREAMS).where(STREAMS.c.id == row.id).values(gone=True))
        if row.last > row.through:
            kind = row.cls
            text = f"{kind} {row.stream} is gone; {row.last - row.through} of it had not come"
            self._store.note(connection, row.node, "new-stream", text, now_ns)


def follows(known: sa.Row[Any, Any, Any], state: State) -> bool:
    """Whether a state is news beside what is known."""
    epoch = int(known.epoch)
    if state.epoch != epoch or not known.state:
        return state.epoch >= epoch
    rank, before = _RANK[state.state], _RANK[known.state]
    if rank != before or rank == _RANK["lost"]:
        return rank > before
    return state.at >= State.model_validate_json(known.said).at


def version_of(payload: bytes) -> int:
    """Return the version that a message says it is of; the first that we read if it says none."""
    try:
        return Versioned.model_validate_json(payload).v
    except ValidationError:
        return ACCEPTS[0]


# What `watch` shows ------------------------------------------------------------


class Member(msgspec.Struct, frozen=True):
    """An appliance, as people see it."""

    node: str
    state: str
    heard_ns: int
    "When anything of it arrived last."
    software: str
    boot: str
    lists: dict[str, int]
    alarms: list[str]
    certificate_ends: int
    queued: dict[str, int]
    "Events by class that wait there, as its heartbeat says."
    held: dict[str, int]
    "Events by class that are here, or told to be lost."
    behind: int
    "Numbers that it has given and we do not hold."
    unread: int
    "Messages that could not be read."
    notes: list[tuple[int, str, str]]
    "What the hub remarked: when, its name, a sentence."


class _Streams(NamedTuple):
    held: dict[str, int]
    behind: int
    heard_ns: int


def members(store: Store) -> list[Member]:
    """Return all appliances, by name."""
    with store.reading() as connection:
        rows = {row.node: row for row in connection.execute(sa.select(NODES))}
        streams = _streams_by_node(connection)
        unread = dict(
            connection.execute(
                sa.select(QUARANTINE.c.node, sa.func.sum(QUARANTINE.c.times)).group_by(
                    QUARANTINE.c.node
                )
            ).all()
        )
        notes: dict[str, list[tuple[int, str, str]]] = {}
        for row in connection.execute(sa.select(NOTES).order_by(NOTES.c.at)):
            notes.setdefault(row.node, []).append((row.at, row.name, row.text))
    names = sorted({*rows, *streams, *unread, *notes})
    nothing = _Streams({}, 0, 0)
    return [
        _member(name, rows.get(name), streams.get(name, nothing), (unread.get(name, 0), notes))
        for name in names
    ]


def _streams_by_node(connection: sa.Connection) -> dict[str, _Streams]:
    found: dict[str, _Streams] = {}
    for row in connection.execute(sa.select(STREAMS)):
        before = found.get(row.node, _Streams({}, 0, 0))
        kind = row.cls
        before.held[kind] = before.held.get(kind, 0) + row.through
        found[row.node] = _Streams(
            before.held,
            before.behind + (0 if row.gone else row.last - row.through),
            max(before.heard_ns, row.heard_ns),
        )
    return found


def _member(
    node: str,
    row: sa.Row[Any] | None,
    streams: _Streams,
    remarks: tuple[int, dict[str, list[tuple[int, str, str]]]],
) -> Member:
    said = State.model_validate_json(row.said) if row and row.said != "{}" else None
    live = Live.model_validate_json(row.live) if row and row.live != "{}" else None
    heard = (streams.heard_ns, row.said_ns if row else 0, row.live_ns if row else 0)
    return Member(
        node=node,
        state=row.state if row and row.state else "unknown",
        heard_ns=max(heard),
        software=said.software if said else "",
        boot=said.boot if said else "",
        lists=said.lists if said else {},
        alarms=list(said.alarms) if said else [],
        certificate_ends=said.certificate_ends if said else 0,
        queued=live.queued if live else {},
        held=streams.held,
        behind=streams.behind,
        unread=int(remarks[0]),
        notes=remarks[1].get(node, []),
    )
