# SPDX-License-Identifier: Apache-2.0
"""Stops as they come from the whole country, and how many there were today.

The table of events may hold hundreds of millions and has no index but its key: stream and number.
So a look asks the short table of streams who told something, and reads those streams by number from
where it stopped; midnight is found by halving. A look reads a bounded count of events, and says if
it has not yet come to the end. Time is an argument.
"""

from collections.abc import Iterable
from threading import Lock
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from edge.model.outcome import STOPS
from edge.seen.trunk_report import STOPPING
from hil.hub.store import EVENTS, STREAMS, Store

NS = 10**9
EVERY_S = 1.0
"Whoever asks sooner is told what is known."
SHOWN = 25
WINDOW = 200
"Numbers of a stream below its highest that may still come: workers take batches in any order."
MOST = 20_000
"Events of one look that are counted."
MOST_STREAMS = 400
"Streams of one look of which the latest events are read: those that were heard last."
MOST_BEGUN = 300
"Streams of one look in which midnight is looked for, some twenty questions each."
MARGIN_NS = 3600 * NS
"Numbers go by the time they were given, events by that of the call: so far before midnight."
CLASS = "block"
DAY_S, ZONE_S = 86_400, 5 * 3600
"The day begins at midnight of Almaty and Astana, UTC+5."
_STOPPED = frozenset(result.value for result in STOPS)


class Stop(msgspec.Struct, frozen=True):
    """A call that was stopped, or would have been."""

    node: str
    record: str
    at: int
    trunk: str
    calling: str
    called: str
    action: str
    wanted: str
    fate: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether it was not only observed."""
        return self.action in STOPPING


class _Verdict(msgspec.Struct):
    record: str
    at: int
    trunk: str
    calling: str
    called: str
    action: str
    wanted: str


class _Outcome(msgspec.Struct):
    record: str
    result: str


class _Stream(NamedTuple):
    id: int
    node: str
    through: int
    top: int
    heard_ns: int


_verdict = msgspec.json.Decoder(_Verdict)
_outcome = msgspec.json.Decoder(_Outcome)


class Stops:
    """What all who watch are shown. From any thread."""

    def __init__(self, store: Store) -> None:
        """Read the hub's database."""
        self._store = store
        self._lock = Lock()
        self._looked_s: float | None = None
        self._heard: dict[int, int] = {}
        "Of each stream, when it was heard last as we looked."
        self._latest: list[Stop] = []
        self._day = 0
        self._counted: dict[int, int] = {}
        "Of each stream, the number up to which today is counted."
        self._today: dict[str, int] = {}
        self.is_behind = False
        "Whether today is not counted to its end yet."

    def latest(self) -> list[Stop]:
        """Return the latest, the latest first."""
        return self._latest

    def today(self) -> dict[str, int]:
        """Return how many calls were stopped today, by appliance."""
        return dict(self._today)

    def look(self, now_s: float, wall_s: int) -> None:
        """See what came since the last look; others who ask meanwhile do not wait."""
        if not self._lock.acquire(blocking=self._looked_s is None):
            return
        try:
            if self._looked_s is None or now_s - self._looked_s >= EVERY_S:
                self._looked_s = now_s
                self._look(wall_s)
        finally:
            self._lock.release()

    def _look(self, wall_s: int) -> None:
        day = (wall_s + ZONE_S) // DAY_S
        if day != self._day:
            self._day, self._counted, self._today = day, {}, {}
        with self._store.reading() as connection:
            streams = _streams(connection)
            self._read_latest(connection, streams)
            self._count(connection, streams, (day * DAY_S - ZONE_S) * NS)

    # The latest -----------------------------------------------------------------------

    def _read_latest(self, connection: sa.Connection, streams: list[_Stream]) -> None:
        verdicts: dict[tuple[str, str], Stop] = {
            (stop.node, stop.record): stop for stop in self._latest
        }
        fates: dict[tuple[str, str], str] = {}
        for stream in streams[:MOST_STREAMS]:
            if self._heard.get(stream.id) == stream.heard_ns:
                continue
            for kind, body in _newest(connection, stream):
                _take(stream.node, kind, body, (verdicts, fates))
            self._heard[stream.id] = stream.heard_ns
        known = sorted(verdicts.values(), key=lambda one: (-one.at, one.node, one.record))
        self._latest = [
            msgspec.structs.replace(one, fate=fates.get((one.node, one.record), one.fate))
            for one in known[:SHOWN]
        ]

    # Today ----------------------------------------------------------------------------

    def _count(self, connection: sa.Connection, streams: list[_Stream], midnight: int) -> None:
        left, begun = MOST, 0
        for stream in streams:
            if stream.id not in self._counted:
                begun += 1
                if begun > MOST_BEGUN:
                    continue
                self._counted[stream.id] = _before(connection, stream, midnight - MARGIN_NS)
            before = self._counted[stream.id]
            upto = min(stream.through, before + left)
            if upto <= before:
                continue
            rows = connection.execute(
                sa.select(EVENTS.c.body).where(
                    EVENTS.c.stream == stream.id, EVENTS.c.seq > before, EVENTS.c.seq <= upto,
                    EVENTS.c.kind == "outcome", EVENTS.c.at >= midnight,
                )
            ).scalars()  # fmt: skip
            found = sum(_is_stop(body) for body in rows)
            if found:
                self._today[stream.node] = self._today.get(stream.node, 0) + found
            self._counted[stream.id] = upto
            left -= upto - before
        self.is_behind = any(self._counted.get(one.id, -1) < one.through for one in streams)


def _streams(connection: sa.Connection) -> list[_Stream]:
    """Return the streams in which stops are told, those that were heard last first."""
    asked = sa.select(
        STREAMS.c.id, STREAMS.c.node, STREAMS.c.through, STREAMS.c.top, STREAMS.c.heard_ns
    ).where(STREAMS.c.cls == CLASS)
    rows = connection.execute(asked.order_by(STREAMS.c.heard_ns.desc(), STREAMS.c.id))
    return [_Stream(*row) for row in rows]


def _newest(connection: sa.Connection, stream: _Stream) -> Iterable[Any]:
    return connection.execute(
        sa.select(EVENTS.c.kind, EVENTS.c.body)
        .where(
            EVENTS.c.stream == stream.id, EVENTS.c.seq > stream.top - WINDOW,
            EVENTS.c.kind.in_(("verdict", "outcome")),
        )
        .order_by(EVENTS.c.seq)
    ).all()  # fmt: skip


def _take(
    node: str,
    kind: str,
    body: str,
    known: tuple[dict[tuple[str, str], Stop], dict[tuple[str, str], str]],
) -> None:
    """Take note of an event; what cannot be read is none of ours."""
    verdicts, fates = known
    try:
        if kind == "verdict":
            said = _verdict.decode(body)
            if said.wanted in STOPPING and (node, said.record) not in verdicts:
                verdicts[node, said.record] = Stop(
                    node, said.record, said.at, said.trunk, said.calling, said.called,
                    said.action, said.wanted,
                )  # fmt: skip
        else:
            outcome = _outcome.decode(body)
            fates[node, outcome.record] = outcome.result
    except (msgspec.MsgspecError, RecursionError):
        return


def _is_stop(body: str) -> bool:
    try:
        return _outcome.decode(body).result in _STOPPED
    except (msgspec.MsgspecError, RecursionError):
        return False


def _before(connection: sa.Connection, stream: _Stream, since_ns: int) -> int:
    """Return a number of the stream behind which all events of that time and later stand."""
    low, high = 0, stream.through
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            sa.select(EVENTS.c.seq, EVENTS.c.at)
            .where(EVENTS.c.stream == stream.id, EVENTS.c.seq > middle)
            .order_by(EVENTS.c.seq)
            .limit(1)
        ).first()
        if row is None or row.at >= since_ns:
            high = middle
        else:
            low = int(row.seq)
    return min(low, stream.through)
