# SPDX-License-Identifier: Apache-2.0
"""Faults that are put in on purpose, to see that the simulation notices each of them."""

import asyncio
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from typing_extensions import override

from edge.report import topic
from edge.report.event import Class
from edge.report.hub.flow import Flow
from edge.report.hub.window import Parcel
from edge.report.message import Ack, Acknowledged
from edge.report.outbox.gap import Gap
from edge.report.outbox.streams import Row, Stream, Streams, on
from edge.report.port import Outbound
from hil.hub import batch
from hil.hub.ledger import Ledger
from hil.hub.store import EVENTS, STREAMS, Store
from tests.sim.country import Changed
from tests.sim.invariants import WatchedDrain


class BelievesTheBroker(WatchedDrain):
    """Takes a PUBACK for the hub's word."""

    @override
    def _taken(self, parcel: Parcel, now_s: float) -> None:
        super()._taken(parcel, now_s)
        parcel.flow.acked(parcel.rows[-1].seq, ())
        self.window.arrived()

    @override
    def acked(self, ack: Ack, now_s: float) -> dict[str, int]:
        super().acked(ack, now_s)
        return {stream: flow.through for stream, flow in self._flows.items()}


class DeafToRanges(WatchedDrain):
    """Passes over what the hub has beyond a hole."""

    @override
    def _ack(self, part: Acknowledged) -> bool:
        return super()._ack(part.model_copy(update={"sack": ()}))


class NeverLooksBack(WatchedDrain):
    """Forgets what was on its way when a connection ended."""

    @override
    def disconnected(self) -> None:
        self.gate.disconnected()
        self.window.clear()

    @override
    def _mend(self, flow: Flow, now_s: float) -> None:
        """Read nothing again."""


class Impatient(WatchedDrain):
    """Sends again after a second."""

    @override
    def published(self, parcel: Parcel, reason: int, now_s: float) -> None:
        super().published(parcel, reason, now_s)
        parcel.again_s = min(parcel.again_s, now_s + 1.0)


class Greedy(WatchedDrain):
    """Leaves no place for alarms."""

    @override
    def _may(self, flow: Flow, now_s: float) -> bool:
        return super()._may(flow, now_s) or (flow.answered and self.window.room(live=True))


class _Undone:
    """A database whose commits are not."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        with self._store.engine.connect() as connection:
            yield connection
            connection.rollback()


class AcknowledgesFirst(Ledger):
    """Commits a moment after it has acknowledged."""

    @override
    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        if rest == topic.ASK:
            return super().take(node, rest, payload, now_ns)
        real, undone = self._store, _Undone(self._store)
        self._store = undone  # type: ignore[assignment]
        try:
            answers = super().take(node, rest, payload, now_ns)
        finally:
            self._store = real
        later = asyncio.get_running_loop().call_later
        later(5.0, super().take, node, rest, payload, now_ns)
        return answers


class AcknowledgesTheTop(Ledger):
    """Acknowledges the highest number that it has, over any hole."""

    @override
    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        answers = super().take(node, rest, payload, now_ns)
        return [_topped(one) if one.topic.endswith("/ack") else one for one in answers]


def _topped(message: Outbound) -> Outbound:
    said = Ack.model_validate_json(message.payload)
    acks = tuple(
        part.model_copy(update={"through": max([part.through, *(hi for _, hi in part.sack)])})
        for part in said.acks
    )
    payload = said.model_copy(update={"acks": acks}).model_dump_json().encode()
    return message._replace(payload=payload)


class LosesRows(Ledger):
    """Loses the first event of some batches, and holds its number all the same."""

    @override
    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        answers = super().take(node, rest, payload, now_ns)
        read = batch.read(node, rest, payload)
        if isinstance(read, batch.Batch) and zlib.crc32(payload) % 20 == 0:
            with self._store.writing() as connection:
                mine = sa.select(STREAMS.c.id).where(STREAMS.c.stream == read.stream)
                first = EVENTS.c.seq == read.rows[0].seq
                connection.execute(sa.delete(EVENTS).where(EVENTS.c.stream.in_(mine), first))
        return answers


_READ = Streams._read


def _read_numbers_from_rows(streams: Streams, cls: Class) -> Stream:
    """Give numbers from the rows there are: those of rows that are gone are given again."""
    last = streams._link.execute(on(cls, "SELECT max(seq) FROM @")).fetchone()[0]
    return _READ(streams, cls)._replace(last=last or 0)


def _drop_in_silence(streams: Streams, cls: Class, rows: Sequence[Row], _reason: str) -> None:
    """Drop rows, and tell nobody."""
    streams.remove(cls, rows)


def _join_nothing(_streams: Streams, _cls: Class, _rows: Sequence[Row], lost: Gap) -> Gap:
    """Forget an earlier gap where it meets a new one."""
    return lost


def _miscount(streams: Streams, cls: Class, rows: Sequence[Row], lost: Gap) -> Gap:
    """Count the record of an earlier gap as one event."""
    told = _JOINED(streams, cls, rows, lost)
    return Gap(told.lo, told.hi, told.hi - told.lo + 1, told.first, told.last, told.reason)


_JOINED = Streams._joined


MUTANTS: dict[str, Changed] = {
    "believes the broker": Changed(drain=BelievesTheBroker),
    "is deaf to ranges": Changed(drain=DeafToRanges),
    "never looks back": Changed(drain=NeverLooksBack),
    "is impatient": Changed(drain=Impatient),
    "is greedy": Changed(drain=Greedy),
    "acknowledges first": Changed(ledger=AcknowledgesFirst),
    "acknowledges the top": Changed(ledger=AcknowledgesTheTop),
    "loses rows": Changed(ledger=LosesRows),
    "gives numbers again": Changed(patches=((Streams, "_read", _read_numbers_from_rows),)),
    "drops in silence": Changed(patches=((Streams, "drop", _drop_in_silence),)),
    "joins no gaps": Changed(patches=((Streams, "_joined", _join_nothing),)),
    "counts gaps wrong": Changed(patches=((Streams, "_joined", _miscount),)),
}

WITHIN = 30
"Each is noticed by one of so many seeds."
