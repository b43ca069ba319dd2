# SPDX-License-Identifier: Apache-2.0
"""Takes events into the database, each once, and says so only when they are on disk.

Any number of workers, any order, any number of copies: the table is the same. What could not be
read is set aside; as long as its numbers are known it is acknowledged, so that one bad event does
not hold up those behind it. CONTRACT.md says what appliances may rely on.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa
from pydantic import ValidationError

from edge.report import topic
from edge.report.message import ACCEPTS, Ack, Ask, Hub, State, Versioned
from edge.report.port import Outbound
from hil.hub import batch as batches, campaigns, cosign, held, quarantine, rollout
from hil.hub.batch import Batch, Refused
from hil.hub.cosign import Cosigner, Told, Witness
from hil.hub.quarantine import Unread
from hil.hub.store import GAPS, NODES, STREAMS, WORDS, Store

EPOCH = "epoch"
"The word under which the herald keeps the hub's epoch."
OVERTAKEN_NS = 60_000_000_000
"A stream that was heard within this time is not one that has been replaced."
MOST_ASKED = 64
"Streams that one question may name."

# In the drivers' own words: SQLAlchemy's way to a row costs as much as storing it.
_SQLITE_PUT = (
    "INSERT INTO events (stream, seq, at, kind, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_POSTGRES_PUT = (
    "INSERT INTO events (stream, seq, at, kind, body)"
    " SELECT %s, (r->>0)::bigint, (r->>1)::bigint, r->>2, r->>3"
    " FROM json_array_elements(%s::json) AS r"
    " ON CONFLICT DO NOTHING"
)


class _Said(NamedTuple):
    """A message that is being taken."""

    node: str
    rest: str
    payload: bytes
    now_ns: int


class Ledger:
    """The part that hears `ev` and `ask`."""

    hears = frozenset({topic.EVENTS, topic.ASK})

    def __init__(self, store: Store, cosigner: Cosigner) -> None:
        """Write to `store`."""
        self._store = store
        self._witness = Witness(store, cosigner)

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Store a batch, or answer how far the streams of an appliance have got."""
        said = _Said(node, rest, payload, now_ns)
        return self._answer(said) if rest == topic.ASK else self._store_batch(said)

    def _store_batch(self, said: _Said) -> Sequence[Outbound]:
        read = batches.read(said.node, said.rest, said.payload)
        with self._store.writing() as connection:
            if isinstance(read, Refused):
                self._refuse(connection, said, read)
                return ()
            stream = held.lock(self._store, connection, said.node, read, said.now_ns)
            if stream.cls != read.cls:
                self._refuse(connection, said, Refused(f"the stream is one of {stream.cls}"))
                return ()
            if stream.is_new:
                self._first_sight(connection, said.node, read, said.now_ns)
            self._store_events(connection, stream, read, said)
            rollout.heard(connection, said.node, stream.id, read.rows)
            campaigns.heard(self._store, connection, said.node, read.rows)
            told = [Told(said.node, stream.id, one) for one in read.checkpoints]
            signed = [self._witness.cosign(connection, one, said.now_ns) for one in told]
            acks = held.acknowledged(connection, said.node, [read.stream])
        cosigned = tuple(one for one in signed if one is not None)
        return [_ack(said, Ack(at=said.now_ns, acks=acks, cosigned=cosigned))]

    def _store_events(
        self, connection: sa.Connection, stream: held.Stream, read: Batch, said: _Said
    ) -> None:
        """Store what is not there yet, and hold its numbers."""
        put = self._store.put
        if read.rows and self._store.is_sqlite:
            rows = [(stream.id, *row) for row in read.rows]
            connection.exec_driver_sql(_SQLITE_PUT, rows)
        elif read.rows:
            rows_text = msgspec.json.encode(read.rows).decode()
            connection.exec_driver_sql(_POSTGRES_PUT, (stream.id, rows_text))
        for gap in read.gaps:
            row = {"stream": stream.id, "lo": gap.lo, "hi": gap.hi, "n": gap.n}
            connection.execute(put(GAPS).values(**row, reason=gap.reason[:100]))
        for raw in read.unnumbered:
            unread = Unread(said.node, said.rest, "an event without a number", raw)
            quarantine.keep(self._store, connection, unread, said.now_ns)
        spans = held.runs([row.seq for row in read.rows])
        spans = held.joined([*spans, *((gap.lo, gap.hi) for gap in read.gaps)])
        if spans:
            held.hold(connection, stream, spans, said.now_ns)

    def _first_sight(self, connection: sa.Connection, node: str, read: Batch, now_ns: int) -> None:
        """Note that a stream began while another of its class had not come to its end.

        Two processes of a box have a stream each, and events may overtake the birth that names
        both. So there is nothing to note without a birth that knew the other one alone, nor while
        that one is still heard.
        """
        said = connection.execute(sa.select(NODES.c.said).where(NODES.c.node == node)).scalar()
        birth = State.model_validate_json(said) if said and said != "{}" else None
        known = [stream.stream for stream in birth.streams] if birth else []
        if read.stream in known:
            return
        others = connection.execute(
            sa.select(STREAMS.c.stream, (STREAMS.c.last - STREAMS.c.through).label("behind")).where(
                STREAMS.c.stream.in_(known),
                STREAMS.c.first_ns < now_ns - OVERTAKEN_NS,
                STREAMS.c.heard_ns < now_ns - OVERTAKEN_NS,
                STREAMS.c.node == node,
                STREAMS.c.cls == read.cls,
                STREAMS.c.stream != read.stream,
                STREAMS.c.last > STREAMS.c.through,
                sa.not_(STREAMS.c.gone),
            )
        )
        for other, behind in others:
            text = f"{read.cls} {read.stream} began while {behind} of {other} had not come"
            self._store.note(connection, node, "new-stream", text, now_ns)

    def _refuse(self, connection: sa.Connection, said: _Said, refused: Refused) -> None:
        """Set aside what cannot be read; a version that we do not speak is named."""
        unread = Unread(said.node, said.rest, refused.why, said.payload)
        quarantine.keep(self._store, connection, unread, said.now_ns)
        if refused.version:
            text = f"speaks version {refused.version}, which is not read here"
            self._store.note(connection, said.node, "version", text, said.now_ns)

    def _answer(self, said: _Said) -> Sequence[Outbound]:
        """Say that we are here, and how far the streams of the question have got."""
        ask = _asked(said.payload)
        with self._store.writing() as connection:
            hub = hub_state(connection, said.now_ns)
            if isinstance(ask, Refused):
                self._refuse(connection, said, ask)
                return [_down(said.node, topic.HUB, hub)]
            ack = Ack(
                at=said.now_ns,
                acks=held.acknowledged(connection, said.node, ask.streams[:MOST_ASKED]),
                cosigned=cosign.latest_of(connection, said.node),
            )
        return [_down(said.node, topic.HUB, hub), _ack(said, ack)]


def hub_state(connection: sa.Connection, now_ns: int) -> Hub:
    """Return what the hub says of itself; only its herald may say otherwise."""
    epoch = connection.execute(sa.select(WORDS.c.value).where(WORDS.c.name == EPOCH)).scalar()
    return Hub(online=True, epoch=epoch or 0, at=now_ns)


def _asked(payload: bytes) -> Ask | Refused:
    """Read a question. Never raises."""
    try:
        version = Versioned.model_validate_json(payload).v
        if version not in ACCEPTS:
            return Refused(f"version {version} is not read here", version)
        return Ask.model_validate_json(payload)
    except ValidationError as error:
        return Refused(f"not a question: {error.errors()[0]['msg']}")


def _ack(said: _Said, ack: Ack) -> Outbound:
    """Return an acknowledgement; retained, for whoever comes back while no hub is there."""
    return _down(said.node, topic.ACK, ack)._replace(retain=True)


def _down(node: str, what: str, message: Versioned) -> Outbound:
    return Outbound(topic.down(node, what), message.model_dump_json().encode())
