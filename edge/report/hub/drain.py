# SPDX-License-Identifier: Apache-2.0
"""Decides what is sent to the hub, when, and what is sent again. Pure; time is an argument.

A batch is done when the hub has its events in its database and says so; the broker's PUBACK only
says whether the broker took it. At most a window of batches is on its way; the backlog leaves the
last places of it to what somebody waits for, and is held by the bucket besides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

import msgspec

from edge.report.event import CLASSES, MOST_OCTETS, Class
from edge.report.hub import refusal
from edge.report.hub.batch import batch
from edge.report.hub.bucket import Bucket
from edge.report.hub.flow import Flow
from edge.report.hub.gate import Gate
from edge.report.hub.refusal import What
from edge.report.hub.window import Parcel, Window
from edge.report.message import Ack, Acknowledged
from edge.report.outbox.stored import Source


class Pace(msgspec.Struct, frozen=True):
    """How much is sent, and how patiently."""

    window: int = 8
    "Batches on their way."
    reserved: int = 2
    "Of these, places that the backlog leaves free."
    batch_octets: int = 4 * MOST_OCTETS
    """Of the events of a batch, before they are compressed: 30 kB on the wire. With half as much
    the same events take half as much time again, with twice as much hardly less."""
    batch_rows: int = 1000
    live_batches: int = 2
    """Of a stream that somebody waits for, on their way: the few events of meanwhile go together.
    A batch of one costs the hub as much as one of a thousand, and all else waits behind it."""
    live_few: int = 16
    "Events that are few."
    live_wait_s: float = 1.0
    "Most that they wait."
    kbit: int = 0
    "Most of the line for the backlog, kbit/s; 0 is all of it."
    answer_wait_s: float = 10.0
    "For what the hub has, after we asked."
    ack_wait_s: float = 30.0
    "For the hub's word on a batch; doubled each time that it is sent."
    ack_wait_most_s: float = 900.0
    "Also how long a refused batch is set aside."
    look_s: float = 1.0
    "How often the outboxes are looked at without a hint."


class Drain:
    """Everything there is to report, on its way to the hub."""

    def __init__(self, node: str, sources: Sequence[Source], pace: Pace = Pace()) -> None:  # noqa: B008 - frozen
        """Send in the name of `node` what the sources keep."""
        self.alarms: dict[str, str] = {}
        "What people must look at: name and sentence."
        self.sent = 0
        "Batches given out, those sent again included ..."
        self.resent = 0
        "... and these."
        self.took: Callable[[float], object] = lambda _seconds: None
        "Told how long the hub took for a batch."
        self.gate = Gate(pace.answer_wait_s, pace.ack_wait_s, pace.ack_wait_most_s)
        self.window = Window(pace.window, pace.reserved)
        self._node = node
        self._sources = sources
        self._pace = pace
        self._bucket = Bucket(pace.kbit)
        self._flows: dict[str, Flow] = {}
        "By stream, the dearest class first."
        self._stopped: set[Class] = set()
        self._octets = pace.batch_octets
        "Of a batch now: less at a broker, or on a line, that does not take as much."
        self._through = 0
        "Batches that the broker has answered on this connection."
        self._looked_s = -inf
        self._holes: dict[str, tuple[float, float]] = {}
        "By stream: when to read again what the hub misses, and how long was waited for it."
        self._acts: Mapping[What, Callable[[Parcel, float], None]] = {
            What.TAKEN: self._taken,
            What.HOLD: self._hold,
            What.STOP: lambda parcel, _now_s: self._stop(parcel.flow.cls),
            What.HALVE: self._halve,
            What.ASIDE: self._set_aside,
            What.LATER: lambda _parcel, _now_s: None,
        }

    def connected(self, now_s: float) -> None:
        """Begin a connection. The caller asks the hub what it has."""
        for name in refusal.OF_A_CONNECTION:
            self.alarms.pop(name, None)
        self._stopped.clear()
        self._through = 0
        self.gate.connected(now_s)
        self.news()

    def disconnected(self) -> None:
        """End a connection: nobody knows what became of what was on its way.

        A broker may break off at what is too large for it, and a line may be too slow for it: where
        nothing came through, less is sent next time.
        """
        if self._through:
            self._octets = min(self._pace.batch_octets, self._octets * 2)
        elif self.window.flying:
            self._octets = max(1, self._octets // 2)
        self.gate.disconnected()
        self.window.clear()
        self._holes.clear()
        for flow in self._flows.values():
            flow.forget()

    def known(self, through: Mapping[str, int]) -> None:
        """Begin with what was acknowledged to an earlier process."""
        self._look(-inf)
        for stream, number in through.items():
            if flow := self._flows.get(stream):
                flow.acked(number, ())

    def news(self) -> None:
        """Look into the outboxes at the next occasion: there is something new."""
        self._looked_s = -inf

    def hub(self, online: bool, accepts: Sequence[int], now_s: float) -> bool:  # noqa: FBT001
        """Take what the hub says of itself; true if it is back, and is to be asked what it has."""
        back = self.gate.hub(online, accepts, now_s)
        self._alarm(refusal.VERSION, "" if self.gate.readable else refusal.UNREADABLE)
        if back:
            for flow in self._flows.values():
                flow.answered = False
        return back

    def acked(self, ack: Ack, now_s: float) -> dict[str, int]:
        """Take the hub's word; return the streams that it has got further in, and how far."""
        self.gate.answered()
        if any(part.stream not in self._flows for part in ack.acks):
            self._look(now_s)
        moved = [part.stream for part in ack.acks if self._ack(part)]
        for parcel in self.window.arrived():
            self.took(now_s - parcel.sent_s)
        return {stream: self._flows[stream].through for stream in moved}

    def _ack(self, part: Acknowledged) -> bool:
        flow = self._flows.get(part.stream)
        if flow is None:
            return False
        flow.answered = True
        if part.through > max(flow.last, flow.cursor):  # numbers that were never given here
            self._alarm(refusal.AHEAD, f"the hub has {part.through} of stream {part.stream}")
            return False
        moved = flow.acked(part.through, part.sack)
        if moved:
            self._holes.pop(part.stream, None)
        return moved

    def published(self, parcel: Parcel, reason: int, now_s: float) -> None:
        """Take what the broker answered to a batch: the reason code of its PUBACK."""
        self._through += 1
        if parcel not in self.window.flying:
            return
        wait_s = self._pace.ack_wait_s * 2.0 ** min(parcel.tries - 1, 64)
        parcel.again_s = now_s + min(wait_s, self._pace.ack_wait_most_s)
        act = refusal.act(reason)
        if act.alarm:
            self._alarm(act.alarm, act.text(parcel.flow.cls, reason))
        self._acts[act.what](parcel, now_s)

    def _taken(self, _parcel: Parcel, _now_s: float) -> None:
        self.gate.taken()
        self._alarm(refusal.QUOTA, "")

    def _hold(self, parcel: Parcel, now_s: float) -> None:
        self.gate.hold(now_s)
        parcel.again_s, parcel.tries = now_s, 0

    def _halve(self, parcel: Parcel, now_s: float) -> None:
        if len(parcel.rows) == 1:
            self._alarm(refusal.TOO_LARGE, f"event {parcel.rows[0].seq} of {parcel.flow.stream}")
            self._set_aside(parcel, now_s)
            return
        self._octets = max(1, min(self._octets, sum(len(row.body) for row in parcel.rows)) // 2)
        self.window.flying.remove(parcel)
        parcel.flow.give_back(parcel.rows)

    def _set_aside(self, parcel: Parcel, now_s: float) -> None:
        if not self.window.set_aside(parcel, now_s + self._pace.ack_wait_most_s):
            self._stop(parcel.flow.cls)

    def _stop(self, cls: Class) -> None:
        """Send nothing of a class on this connection; its rows stay where they are."""
        self._stopped.add(cls)
        self.window.drop(cls)
        for flow in self._flows.values():
            if flow.cls is cls:
                flow.restart()

    def _alarm(self, name: str, text: str) -> None:
        if text:
            self.alarms[name] = text
        else:
            self.alarms.pop(name, None)

    def due(self, now_s: float) -> list[Parcel]:
        """Return the batches to be published now, the dearest first."""
        if not self.gate.open(now_s):
            return []
        if now_s >= self._looked_s + self._pace.look_s:
            self._look(now_s)
        parcels = [*self._again(now_s)]
        for flow in self._flows.values():
            self._mend(flow, now_s)
            parcels += self._next(flow, now_s)
        return sorted(parcels, key=lambda parcel: not parcel.flow.live)

    def _again(self, now_s: float) -> Iterator[Parcel]:
        """Give out what the hub has said nothing about for too long, without what it has."""
        for parcel in self.window.overdue(now_s):
            flow = parcel.flow
            if (flow.live or self._bucket.has(now_s)) and self.window.back(parcel):
                rows = tuple(row for row in parcel.rows if not flow.has(row))
                if len(rows) < len(parcel.rows):
                    parcel.rows = rows
                    parcel.message = batch(self._node, flow.cls, flow.stream, rows)
                parcel.tries += 1
                parcel.again_s = inf
                self.resent += 1
                yield self._out(parcel, now_s)

    def _next(self, flow: Flow, now_s: float) -> Iterator[Parcel]:
        """Give out what was not sent yet."""
        while self._may(flow, now_s):
            rows = flow.take(self._octets, self._pace.batch_rows)
            if not rows:
                return
            message = batch(self._node, flow.cls, flow.stream, rows)
            parcel = Parcel(flow, rows, message, now_s)
            self.window.flying.append(parcel)
            yield self._out(parcel, now_s)

    def _may(self, flow: Flow, now_s: float) -> bool:
        return (
            flow.cls not in self._stopped
            and (flow.answered or not self.gate.patient(now_s))
            and self.window.room(flow.live)
            and (flow.live or self._bucket.has(now_s))
            and not (flow.live and now_s < self._gathers_until_s(flow))
        )

    def _gathers_until_s(self, flow: Flow) -> float:
        """Return until when the few new events of a stream wait for more; the past: they do not."""
        pace, sent_s = self._pace, self.window.sent_s(flow)
        if len(sent_s) < pace.live_batches or flow.unsent >= pace.live_few:
            return -inf
        return sent_s[-pace.live_batches] + pace.live_wait_s

    def _out(self, parcel: Parcel, now_s: float) -> Parcel:
        if not parcel.flow.live:
            self._bucket.pay(len(parcel.message.payload), now_s)
        parcel.sent_s = now_s
        self.sent += 1
        return parcel

    def _mend(self, flow: Flow, now_s: float) -> None:
        """Read again what the hub misses and nothing on its way tells of, now and then.

        It has lost it, or a gap record came to stand where we have read already.
        """
        lowest = min(self.window.lowest(flow), flow.lowest())
        if not flow.answered or lowest <= flow.through + 1:
            self._holes.pop(flow.stream, None)
            return
        first = (now_s + self._pace.ack_wait_s, self._pace.ack_wait_s)
        at_s, wait_s = self._holes.setdefault(flow.stream, first)
        if now_s >= at_s:
            found = flow.look_below(int(lowest), self._octets, self._pace.batch_rows)
            self._alarm(refusal.BEHIND, "" if found else f"{flow.through + 1} of {flow.stream}")
            wait_s = min(2 * wait_s, self._pace.ack_wait_most_s)
            self._holes[flow.stream] = (now_s + wait_s, wait_s)

    def wake_s(self, now_s: float) -> float | None:
        """Return when `due` could give something by time alone, after it was asked at `now_s`."""
        times = [*self.gate.wakes_s()]
        if self.gate.open(now_s):
            times += [self._looked_s + self._pace.look_s, self._bucket.ready_s(now_s)]
            times += self.window.wakes_s()
            times += [self._gathers_until_s(flow) for flow in self._flows.values() if flow.live]
            times += [at_s for at_s, _ in self._holes.values()]
        return min((at_s for at_s in times if now_s < at_s < inf), default=None)

    def _look(self, now_s: float) -> None:
        """See what streams there are; one that is gone stays as long as it is on its way."""
        self._looked_s = now_s
        found = {s: flow for s, flow in self._flows.items() if self.window.carries(flow)}
        for source in self._sources:
            for info in source.streams():
                flow = self._flows.get(info.stream) or Flow(info, source)
                flow.seen(info)
                found[info.stream] = flow
        order = sorted(found.items(), key=lambda item: CLASSES.index(item[1].cls))
        self._flows = dict(order)
