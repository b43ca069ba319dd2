# SPDX-License-Identifier: Apache-2.0
"""Puts fragmented datagrams together (RFC 791 3.2, RFC 8200 4.5), bounded in time and memory.

Octets that overlap: what was heard first stays, and it is counted. Linux discards such a datagram,
others keep the one part or the other; we would rather see a call that nobody takes than miss one.
"""

from bisect import bisect_right
from collections import Counter

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.walk import Fragment, Key, Path, Walk
from edge.model.message import Malformed
from edge.model.unit import Unit

MAX_AGE_NS = 30_000_000_000
"As long as Linux waits (net.ipv4.ipfrag_time), from the first fragment heard."
MAX_OCTETS = 4 << 20
"Held in all; the oldest datagram goes first. As much as Linux holds (ipfrag_high_thresh)."

REPEAT_NS = 100_000_000
"""A mirror port may show every packet twice. The same fragment this soon after its datagram became
whole is such a copy: to use up 65,536 identifications a sender needs longer."""

_MAX_DATAGRAM = 0xFFFF
_MAX_DONE = 4096
_OVERHEAD = 1024
"Octets that a unit costs besides its data, on the safe side."

_Id = tuple[Path, bytes, bytes, int, int, int]


class _Parts(msgspec.Struct):
    """The fragments heard of one datagram."""

    layer: str
    first_at: int
    units: list[Unit] = []
    "Those it came in; more than one a fragment where its tunnel was fragmented, too."
    starts: list[int] = []
    "Where each of `pieces` begins, ascending; they do not overlap."
    pieces: list[bytes] = []
    following: Key | None = None
    "What the datagram carries, by its first fragment."
    end: int = -1
    "Length of the datagram, once its last fragment is heard."
    filled: int = 0
    cost: int = 0

    def agrees(self, fragment: Fragment, size: int) -> bool:
        """Learn where the datagram ends; tell whether a fragment fits with that."""
        end = fragment.offset + size
        if fragment.more:
            return self.end < 0 or end <= self.end
        if self.end < 0:
            self.end = end
            return not self.starts or self.starts[-1] + len(self.pieces[-1]) <= end
        return end == self.end

    def has(self, start: int, data: bytes) -> bool:
        """Tell whether this very fragment was heard before."""
        i = bisect_right(self.starts, start) - 1
        return i >= 0 and self.starts[i] == start and self.pieces[i] == data

    def fill(self, start: int, data: bytes) -> int:
        """Keep those of the octets that were not heard yet; return how many they are."""
        starts, pieces, before = self.starts, self.pieces, self.filled
        at, end, i = start, start + len(data), bisect_right(starts, start)
        if i:
            at = max(at, starts[i - 1] + len(pieces[i - 1]))
        while at < end:
            stop = min(end, starts[i]) if i < len(starts) else end
            if at < stop:
                starts.insert(i, at)
                pieces.insert(i, data[at - start : stop - start])
                self.filled += stop - at
                i += 1
            at = starts[i] + len(pieces[i]) if i < len(starts) else end
            i += 1
        return self.filled - before

    def given_up(self, why: str) -> Malformed:
        """Return what is left of a datagram that will not become whole."""
        start = self.pieces[0] if self.starts[:1] == [0] else b""
        length = self.end if self.end >= 0 else "unknown"
        why = f"{why}: {self.filled} of {length} octets heard"
        return Malformed(self.layer, len(start), why, start, self.units[0])


class Fragments:
    """Datagrams of which only a part was heard so far."""

    def __init__(self) -> None:
        """Start with none."""
        self.lost: Counter[str] = Counter()
        self.oddities: Counter[str] = Counter()
        self._waiting: dict[_Id, _Parts] = {}
        "Oldest first."
        self._done: dict[_Id, int] = {}
        "When a datagram became whole, oldest first."
        self._octets = 0

    def add(self, walk: Walk, fragment: Fragment, following: Key) -> Key | None:
        """Keep a fragment; if it makes its datagram whole, give the walk that to read on in.

        Returns what the datagram carries, or None while some of it is missing.
        """
        octets = _octets(walk, fragment)
        ident = (walk.path, walk.source, walk.destination, *fragment[:3])
        if abs(walk.unit.at - self._done.get(ident, -REPEAT_NS)) < REPEAT_NS:
            self.oddities["fragments repeated"] += 1
            return None
        parts = self._waiting.setdefault(ident, _Parts(walk.layer, walk.unit.at))
        if not parts.agrees(fragment, len(octets)):
            self._drop(ident, "fragments disagree")
            raise Unreadable(walk.cursor.end, "fragments disagree on where their datagram ends")
        if fragment.offset == 0:
            parts.following = parts.following or following
        self._keep(parts, fragment.offset, octets, (*walk.earlier, walk.unit))
        if parts.filled != parts.end:
            return None
        self._drop(ident)
        self._done[ident] = walk.unit.at
        walk.cursor = Cursor(b"".join(parts.pieces))
        walk.earlier = tuple(parts.units[:-1])
        return parts.following

    def trim(self, now: int) -> list[Malformed]:
        """Give up what is too old at `now`, and the oldest of what is too much."""
        given_up = []
        while self._waiting:
            ident, parts = next(iter(self._waiting.items()))
            old = now - parts.first_at > MAX_AGE_NS
            if not old and self._octets <= MAX_OCTETS:
                break
            why = "fragments missing" if old else "fragments crowded out"
            self._drop(ident, why)
            given_up.append(parts.given_up(why))
        while len(self._done) > _MAX_DONE:
            del self._done[next(iter(self._done))]
        return given_up

    def _keep(self, parts: _Parts, start: int, octets: bytes, units: tuple[Unit, ...]) -> None:
        if parts.has(start, octets):
            self.oddities["fragments repeated"] += 1
            return
        if parts.fill(start, octets) < len(octets):
            self.oddities["fragments overlap"] += 1
        cost = len(octets) + sum(len(unit.data) + _OVERHEAD for unit in units)
        parts.units.extend(units)
        parts.cost += cost
        self._octets += cost

    def _drop(self, ident: _Id, why: str = "") -> None:
        self._octets -= self._waiting.pop(ident).cost
        if why:
            self.lost[why] += 1


def _octets(walk: Walk, fragment: Fragment) -> bytes:
    """Return what a fragment carries, if that can be a fragment's."""
    at, octets = walk.cursor.offset, walk.cursor.rest()
    if not octets or (fragment.more and len(octets) % 8):
        raise Unreadable(at, f"fragment of {len(octets)} octets")
    if fragment.offset + len(octets) > _MAX_DATAGRAM:
        raise Unreadable(at, f"fragment reaches beyond {_MAX_DATAGRAM} octets")
    return octets
