# SPDX-License-Identifier: Apache-2.0
"""Puts TCP segments in order (RFC 9293 3.4, 3.10), one direction of a connection at a time.

We hear a connection, we are not an end of it: what the tap lost will not be sent again. So a hole
is given up as soon as the other end acknowledges it, or after a while, and the gap is told.
"""

from bisect import insort_right
from collections import Counter

import msgspec

from edge.decode.walk import Path, Segment, Walk
from edge.model.message import Flow
from edge.model.unit import Unit

UNKNOWN_GAP = -1
MAX_WAIT_NS = 1_000_000_000
"For what is missing in a stream: a sender repeats it sooner, and a call cannot wait longer."
MAX_IDLE_NS = 3_600_000_000_000
"Then a stream is forgotten; should it go on, it is joined midway."
MAX_STREAMS = 16_384
"The one that was not heard for longest goes first."
MAX_HELD = 256 << 10
"Octets that one stream may hold behind a hole, the cost of its units included."
MAX_HELD_IN_ALL = 16 << 20

_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_MODULUS = 1 << 32
_WINDOW = 1 << 20
"Octets. A sequence number farther off is of another connection between the same ports."
_OVERHEAD = 512
"Octets that a unit costs besides its data, on the safe side."
_FOREVER = 1 << 64

_Ends = tuple[Path, bytes, bytes, int, int]


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """The next octets of a stream."""

    unit: Unit
    flow: Flow
    data: bytes
    gap: int = 0
    "Octets missing just before it; `UNKNOWN_GAP` where the stream is joined midway."
    path: Path = ()
    earlier: tuple[Unit, ...] = ()
    "The units with its other fragments, as evidence."


class Closed(msgspec.Struct, frozen=True, gc=False):
    """A stream ended or was forgotten: what was begun in it will not be finished."""

    flow: Flow
    path: Path = ()


Carried = Stretch | Closed


class _Piece(msgspec.Struct, frozen=True):
    """A segment with data, or with the sender's word that there is no more."""

    sequence: int
    data: bytes
    unit: Unit
    earlier: tuple[Unit, ...]
    last: bool

    @property
    def cost(self) -> int:
        """Octets of memory, about."""
        units = (self.unit, *self.earlier)
        return len(self.data) + sum(len(unit.data) + _OVERHEAD for unit in units)


class _Stream(msgspec.Struct):
    """One direction of a connection."""

    ends: _Ends
    next: int
    "Sequence number of the next octet to carry on."
    gap: int = 0
    "What the next stretch will tell."
    heard_at: int = 0
    acknowledged: int = -1
    "Where the other end says it is."
    opening: int = -1
    "Where a new connection would begin. Its SYN may be forged; data there will prove it."
    held: list[_Piece] = []
    "What is beyond a hole, in order."
    cost: int = 0
    closed: bool = False
    ignored: bool = False

    def begin(self, sequence: int, gap: int = 0) -> None:
        """Go on at `sequence`, with nothing known of what was before."""
        self.next, self.gap = sequence, gap
        self.acknowledged = self.opening = -1
        self.closed = False

    @property
    def flow(self) -> Flow:
        """From where to where."""
        return Flow(*self.ends[1:], "tcp")

    def ahead(self, sequence: int) -> int:
        """Return how far beyond the next octet a sequence number is; negative if before it."""
        return (sequence - self.next + _MODULUS // 2) % _MODULUS - _MODULUS // 2

    def waits(self, now: int) -> bool:
        """Tell whether what is missing before the first piece held may still come."""
        first = self.held[0]
        if self.acknowledged >= 0 and self.ahead(self.acknowledged) >= self.ahead(first.sequence):
            return False
        return self.cost <= MAX_HELD and now - first.unit.at <= MAX_WAIT_NS


class Streams:
    """All streams, the one heard last at the end."""

    def __init__(self) -> None:
        """Start with none."""
        self.lost: Counter[str] = Counter()
        self.oddities: Counter[str] = Counter()
        self._streams: dict[_Ends, _Stream] = {}
        self._holed: dict[_Ends, _Stream] = {}
        "Those of them that hold something."
        self._cost = 0

    def add(self, walk: Walk, segment: Segment) -> list[Carried]:
        """Take the walk's segment; return what that carries on, in either direction."""
        heard: list[Carried] = []
        ends = (walk.path, walk.source, walk.destination, walk.source_port, walk.destination_port)
        back = (walk.path, walk.destination, walk.source, walk.destination_port, walk.source_port)
        other = self._streams.get(back)
        if other and segment.flags & _ACK:
            other.acknowledged = segment.acknowledged
            self._release(other, walk.unit.at, heard)
        stream = self._stream(ends, walk, segment, heard)
        if segment.flags & _RST:
            self._close(stream, heard)
            self._close(other, heard)
        elif stream and (walk.cursor.left or segment.flags & _FIN):
            self._take(stream, _piece(walk, segment), heard)
        return heard

    def expire(self, now: int) -> list[Carried]:
        """Give up the holes and forget the streams that are too old at `now`."""
        heard: list[Carried] = []
        for stream in list(self._holed.values()):
            self._release(stream, now, heard)
        while self._streams:
            ends, stream = next(iter(self._streams.items()))
            if now - stream.heard_at <= MAX_IDLE_NS:
                break
            self._forget(ends, heard)
        return heard

    def ignore(self, flow: Flow, path: Path = ()) -> None:
        """Carry nothing more of a stream until it is opened anew: its content is not ours."""
        ends = (path, flow.source, flow.destination, flow.source_port, flow.destination_port)
        stream = self._streams.get(ends)
        if stream:
            stream.ignored = True
            self._release(stream, _FOREVER, [])

    def _stream(
        self, ends: _Ends, walk: Walk, segment: Segment, heard: list[Carried]
    ) -> _Stream | None:
        """Return the stream a segment belongs to; None if it says too little to begin one."""
        stream = self._streams.pop(ends, None)
        first, opens = (segment.sequence + 1) % _MODULUS, segment.flags & _SYN
        if stream is None:
            if not opens and (not walk.cursor.left or segment.flags & _RST):
                return None
            stream = _Stream(ends, first)
            if not opens:
                self._join(stream, segment.sequence)
        elif opens and first != stream.next:
            stream.opening = first
        stream.heard_at = walk.unit.at
        self._streams[ends] = stream
        if len(self._streams) > MAX_STREAMS:
            self._forget(next(iter(self._streams)), heard)
        return stream

    def _take(self, stream: _Stream, piece: _Piece, heard: list[Carried]) -> None:
        if piece.sequence == stream.opening:
            self._close(stream, heard)
            stream.begin(piece.sequence)
            stream.ignored = False
        if stream.ignored:
            return
        ahead = stream.ahead(piece.sequence)
        if abs(ahead) > _WINDOW or (stream.closed and piece.data and ahead >= 0):
            # Another connection, whose beginning we missed; or the end we heard was forged.
            self._release(stream, _FOREVER, heard)
            self._join(stream, piece.sequence)
        if stream.closed:
            return
        if stream.ahead(piece.sequence) <= 0:
            self._carry(stream, piece, heard)
        else:
            self._hold(stream, piece)
        self._release(stream, piece.unit.at, heard)

    def _join(self, stream: _Stream, sequence: int) -> None:
        self.oddities["tcp streams joined midway"] += 1
        stream.begin(sequence, UNKNOWN_GAP)

    def _hold(self, stream: _Stream, piece: _Piece) -> None:
        self._holed[stream.ends] = stream
        insort_right(stream.held, piece, key=lambda held: stream.ahead(held.sequence))
        stream.cost += piece.cost
        self._cost += piece.cost

    def _release(self, stream: _Stream, now: int, heard: list[Carried]) -> None:
        """Carry on what is held, as far as nothing is missing that may still come."""
        if not stream.held:
            return
        while stream.held:
            missing = stream.ahead(stream.held[0].sequence)
            if missing > 0:
                if stream.waits(now) and self._cost <= MAX_HELD_IN_ALL:
                    return
                self._skip(stream, missing)
            piece = stream.held.pop(0)
            stream.cost -= piece.cost
            self._cost -= piece.cost
            self._carry(stream, piece, heard)
        self._holed.pop(stream.ends, None)

    def _skip(self, stream: _Stream, missing: int) -> None:
        self.lost["tcp gaps"] += 1
        stream.next = stream.held[0].sequence
        if stream.gap != UNKNOWN_GAP:
            stream.gap += missing

    def _carry(self, stream: _Stream, piece: _Piece, heard: list[Carried]) -> None:
        """Carry on a piece that begins at the next octet or before it; what was heard stays."""
        repeated = min(-stream.ahead(piece.sequence), len(piece.data))
        data = piece.data[repeated:]
        if repeated:
            self.oddities["tcp segments repeated"] += 1
        if data:
            stream.next = (stream.next + len(data)) % _MODULUS
            heard.append(
                Stretch(piece.unit, stream.flow, data, stream.gap, stream.ends[0], piece.earlier)
            )
            stream.gap = 0
        if piece.last and stream.ahead(piece.sequence) + len(piece.data) == 0:
            self._close(stream, heard)

    def _close(self, stream: _Stream | None, heard: list[Carried]) -> None:
        """Carry on what is held in spite of holes, and say that nothing follows."""
        if stream and not stream.closed:
            stream.closed = True
            self._release(stream, _FOREVER, heard)
            heard.append(Closed(stream.flow, stream.ends[0]))

    def _forget(self, ends: _Ends, heard: list[Carried]) -> None:
        self._close(self._streams[ends], heard)
        del self._streams[ends]


def _piece(walk: Walk, segment: Segment) -> _Piece:
    first = (segment.sequence + bool(segment.flags & _SYN)) % _MODULUS
    last = bool(segment.flags & _FIN)
    return _Piece(first, walk.cursor.rest(), walk.unit, walk.earlier, last)
