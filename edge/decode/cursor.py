# SPDX-License-Identifier: Apache-2.0
"""Bounds-checked reading of octets: a cursor cannot see past the end of its element.

`Unreadable` and `Short` are private to decoders: each catches them at its edge and returns a
`Malformed`. Offsets are into the data the outermost cursor was made of, however deep the element.
"""

from struct import Struct
from typing import Any, Literal

from edge.model.message import Malformed
from edge.model.unit import Unit


class Unreadable(Exception):
    """What was heard contradicts its protocol at `offset`."""

    def __init__(self, offset: int, why: str) -> None:
        """Say where and why, in words that stand in a `Malformed`."""
        super().__init__(offset, why)
        self.offset = offset
        self.why = why

    def malformed(
        self, layer: str, data: bytes, unit: Unit | None = None, start: int = 0
    ) -> Malformed:
        """Return the evidence. `start` is where the layer's `data` began for the cursor."""
        return Malformed(layer, self.offset - start, self.why, data, unit)


class Short(Unreadable):
    """An element ends before what it promised."""

    def __init__(self, cursor: "Cursor", wanted: int) -> None:
        """Say how many octets were wanted, and how many there are."""
        super().__init__(cursor.offset, f"{wanted} octets wanted, {cursor.left} left")
        self.end = cursor.end


class Cursor:
    """A reading position in `data[start:end]`. Every read past `end` raises `Short`."""

    __slots__ = ("data", "end", "offset")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        """Stand at `start`; see no further than `end`, by default the end of the data."""
        self.data = data
        self.offset = start
        self.end = len(data) if end is None else min(end, len(data))

    @property
    def left(self) -> int:
        """Octets not read yet."""
        return self.end - self.offset

    def skip(self, count: int) -> int:
        """Step over `count` octets and return where they begin."""
        at = self.offset
        if not 0 <= count <= self.end - at:
            raise Short(self, count)
        self.offset = at + count
        return at

    def take(self, count: int) -> bytes:
        """Read `count` octets."""
        at = self.skip(count)
        return self.data[at : at + count]

    def rest(self) -> bytes:
        """Read all that is left; may be nothing."""
        at, self.offset = self.offset, self.end
        return self.data[at : self.end]

    def sub(self, count: int) -> "Cursor":
        """Step over an element of `count` octets and return a cursor that sees only it."""
        at = self.skip(count)
        return Cursor(self.data, at, self.offset)

    def narrow(self, count: int) -> None:
        """See `count` octets from now on, and nothing after them."""
        if not 0 <= count <= self.end - self.offset:
            raise Short(self, count)
        self.end = self.offset + count

    def ahead(self, count: int) -> "Cursor":
        """Return a cursor `count` octets on, to the same end; this one stays (Q.763 pointers)."""
        if not 0 <= count <= self.left:
            raise Short(self, count)
        return Cursor(self.data, self.offset + count, self.end)

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """Read a fixed layout at once."""
        at = self.offset
        size = layout.size
        if size > self.end - at:
            raise Short(self, size)
        self.offset = at + size
        return layout.unpack_from(self.data, at)

    def peek(self) -> int:
        """Return the next octet and stay."""
        if self.offset >= self.end:
            raise Short(self, 1)
        return self.data[self.offset]

    def u8(self) -> int:
        """Read one octet."""
        return self.data[self.skip(1)]

    def u16(self, order: Literal["big", "little"] = "big") -> int:
        """Read two octets as a number."""
        return int.from_bytes(self.take(2), order)

    def u24(self, order: Literal["big", "little"] = "big") -> int:
        """Read three octets as a number."""
        return int.from_bytes(self.take(3), order)

    def u32(self, order: Literal["big", "little"] = "big") -> int:
        """Read four octets as a number."""
        return int.from_bytes(self.take(4), order)

    def u64(self, order: Literal["big", "little"] = "big") -> int:
        """Read eight octets as a number."""
        return int.from_bytes(self.take(8), order)
