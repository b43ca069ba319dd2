# SPDX-License-Identifier: Apache-2.0
"""User messages out of SCTP packets (RFC 9260): fragments joined, retransmissions dropped.

The checksum is not verified: captures taken before the network card has filled it in are common.
Other chunks than DATA are counted. Associations need not be seen from their beginning.
"""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.model.message import Malformed

DATA = 0
DATA_HEAD = 16
BEGINS, ENDS = 0x02, 0x01
TSN_MODULUS = 1 << 32
WINDOW = 1024
"Transmission sequence numbers remembered behind the highest."
MAX_ASSOCIATIONS = 1024
MAX_HELD = 4 << 20
"Octets of fragments held, all associations."
MAX_FRAGMENTS = 64
"Of one message: 64 kB in Ethernet frames."

Key = tuple[int, int, int]
"Source port, destination port, verification tag: one direction, whichever path it takes."


class UserMessage(msgspec.Struct, frozen=True, gc=False):
    """What one side sent to the other."""

    payload_protocol: int
    source_port: int
    destination_port: int
    data: bytes


class _Fragment(msgspec.Struct, frozen=True, gc=False):
    flags: int
    payload_protocol: int
    data: bytes


class _Window:
    """The transmission sequence numbers heard lately, as a bit string: bit n is `highest - n`."""

    __slots__ = ("bits", "highest", "span")

    def __init__(self, first: int) -> None:
        self.highest = first
        self.bits = 0
        self.span = 0
        "Numbers from the lowest heard to the highest."

    def add(self, tsn: int) -> int | None:
        """Remember a number; return by how many more are now missing, or None if it is known."""
        ahead = (tsn - self.highest) % TSN_MODULUS
        behind = (self.highest - tsn) % TSN_MODULUS
        if behind < WINDOW:
            return self._add_behind(behind)
        self.highest = tsn
        if ahead >= WINDOW:  # a long outage or nonsense: better to hear twice than never again
            self.bits = self.span = 1
            return 0
        self.bits = (self.bits << ahead | 1) & (1 << WINDOW) - 1
        self.span = min(self.span + ahead, WINDOW)
        return ahead - 1

    def _add_behind(self, behind: int) -> int | None:
        if self.bits >> behind & 1:
            return None
        self.bits |= 1 << behind
        if behind < self.span:
            return -1
        more, self.span = behind - self.span, behind + 1
        return more


class Sctp:
    """All associations heard, both directions."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.counts = dict.fromkeys(
            ("packets", "chunks", "other_chunks", "repeats", "missing", "abandoned", "malformed"), 0
        )
        self._windows: dict[Key, _Window] = {}
        self._fragments: dict[tuple[Key, int], _Fragment] = {}
        self._held = 0

    def feed(self, octets: bytes) -> list[UserMessage | Malformed]:
        """Read one packet, the payload of IP protocol 132; return the messages it completes."""
        self.counts["packets"] += 1
        found: list[UserMessage | Malformed] = []
        try:
            self._packet(Cursor(octets), found)
        except Unreadable as why:
            self.counts["malformed"] += 1
            found.append(why.malformed("sctp", octets))
        return found

    def _packet(self, cursor: Cursor, found: list[UserMessage | Malformed]) -> None:
        key = (cursor.u16(), cursor.u16(), cursor.u32())
        cursor.skip(4)
        while cursor.left:
            at = cursor.offset
            kind, flags, size = cursor.u8(), cursor.u8(), cursor.u16()
            if size < 4:  # noqa: PLR2004 - section 3.2: the length counts its own header
                raise Unreadable(at, f"chunk length {size}")
            chunk = cursor.sub(size - 4)
            cursor.skip(min(-size % 4, cursor.left))
            if kind == DATA:
                found += self._data(key, flags, chunk)
            else:
                self.counts["other_chunks"] += 1

    def _data(self, key: Key, flags: int, chunk: Cursor) -> list[UserMessage]:
        """Take a DATA chunk; return the message it completes."""
        self.counts["chunks"] += 1
        tsn = chunk.u32()
        chunk.skip(4)  # stream: order within it is TSN order for what we open
        fragment = _Fragment(flags, chunk.u32(), chunk.rest())
        more_missing = self._window(key, tsn).add(tsn)
        if more_missing is None:
            self.counts["repeats"] += 1
            return []
        self.counts["missing"] += more_missing
        if flags & BEGINS and flags & ENDS:
            return [UserMessage(fragment.payload_protocol, key[0], key[1], fragment.data)]
        self._hold(key, tsn, fragment)
        return self._joined(key, tsn)

    def _window(self, key: Key, tsn: int) -> _Window:
        window = self._windows.get(key)
        if not window:
            if len(self._windows) >= MAX_ASSOCIATIONS:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = _Window(tsn)
        return window

    def _hold(self, key: Key, tsn: int, fragment: _Fragment) -> None:
        self._fragments[key, tsn] = fragment
        self._held += len(fragment.data) + DATA_HEAD
        while self._held > MAX_HELD:
            self._drop(next(iter(self._fragments)))
            self.counts["abandoned"] += 1

    def _drop(self, at: tuple[Key, int]) -> bytes:
        data = self._fragments.pop(at).data
        self._held -= len(data) + DATA_HEAD
        return data

    def _joined(self, key: Key, tsn: int) -> list[UserMessage]:
        """Return the message around a fragment, if all of it is there (section 6.9)."""
        first = self._walk(key, tsn, BEGINS, -1)
        last = self._walk(key, tsn, ENDS, 1)
        if first is None or last is None:
            return []
        count = (last - first) % TSN_MODULUS + 1
        protocol = self._fragments[key, first].payload_protocol
        data = b"".join(self._drop((key, (first + n) % TSN_MODULUS)) for n in range(count))
        return [UserMessage(protocol, key[0], key[1], data)]

    def _walk(self, key: Key, tsn: int, flag: int, step: int) -> int | None:
        """Return the TSN of the fragment with `flag`, going from one to the next; None if torn."""
        for _ in range(MAX_FRAGMENTS):
            fragment = self._fragments.get((key, tsn))
            if not fragment:
                return None
            if fragment.flags & flag:
                return tsn
            tsn = (tsn + step) % TSN_MODULUS
        return None
