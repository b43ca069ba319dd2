# SPDX-License-Identifier: Apache-2.0
"""The blocks of a pcapng file (draft-ietf-opsawg-pcapng): reader and writer.

Reads sections of both octet orders, interfaces with all their options, enhanced, simple and
obsolete packet blocks; steps over the others. Section lengths are not needed and not believed.
"""

from struct import Struct
from typing import Literal

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.model.message import Malformed
from edge.model.unit import ClockQuality, Direction, Unit

MAX_PACKET = 262_144
"Octets; libpcap's MAXIMUM_SNAPLEN: no capture tool writes a longer packet of our link types."

_MAX_BLOCK = 2 * MAX_PACKET
"Octets: a packet, and as much again of options. A longer block is stepped over."
_MAX_INTERFACES = 4096
_MAX_AT = (1 << 63) - 1
"The year 2262. A later time is a lie about the resolution and is capped, to stay storable."

_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_END, _COMMENT, _IF_NAME, _IF_DESCRIPTION, _APPLICATION, _TSRESOL, _TSOFFSET = 0, 1, 2, 3, 4, 9, 14
_LEAST = 12
"Octets of a block without a body: type, length, and length again."
_PADDING = 3
"Octets at most between a packet and its options."

Options = tuple[tuple[int, bytes], ...]
Order = Literal["big", "little"]

_ORDERS: dict[bytes, Order] = {b"\x1a\x2b\x3c\x4d": "big", b"\x4d\x3c\x2b\x1a": "little"}
_HEADS = {"big": Struct(">II"), "little": Struct("<II")}
_PACKETS = {"big": Struct(">IIIII"), "little": Struct("<IIIII")}
_OLD_PACKETS = {"big": Struct(">HxxIIII"), "little": Struct("<HxxIIII")}


class Interface(msgspec.Struct, frozen=True):
    """An interface description, and what its packets are heard as."""

    tap: str
    link: int
    snap_length: int
    "0 means no limit."
    options: Options = ()
    "Code and value of each, as in the file."
    name: str = ""
    ticks_per_second: int = 1_000_000
    offset_ns: int = 0
    clock: ClockQuality = ClockQuality("capture file", 6)
    direction: Direction = Direction.UNKNOWN
    channel: str = ""

    def at(self, ticks: int) -> int:
        """Return nanoseconds since the epoch for a timestamp of this interface."""
        at = ticks * 1_000_000_000 // self.ticks_per_second + self.offset_ns
        return at if 0 <= at <= _MAX_AT else _storable(at)


def _storable(at: int) -> int:
    return min(max(at, 0), _MAX_AT)


class PcapngBlocks:
    """The blocks of a pcapng file, section after section."""

    layer = "pcapng"

    def __init__(self, tap: str) -> None:
        """Read for `tap`."""
        self.need = _LEAST
        "Octets without which the next `read` gets nowhere."
        self.section: Options = ()
        "Options of the current section header."
        self.interfaces: list[Interface] = []
        self.comments: dict[int, str] = {}
        "Comments on the units of the last `read`, by unit number."
        self._tap = tap
        self._order: Order = "little"
        self._heard: list[Unit | Malformed] = []
        self._number = 0
        self._last_at = 0
        self._skip = 0
        self._readers = {
            _SECTION: self._read_section,
            _INTERFACE: self._read_interface,
            _OLD_PACKET: self._read_old,
            _SIMPLE: self._read_simple,
        }

    def read(self, data: bytes, base: int, heard: list[Unit | Malformed]) -> int:
        """Append what is whole in `data`, which begins `base` octets into the file.

        Returns how many octets that took. Raises `Unreadable` where the framing is lost.
        """
        self._heard = heard
        self.comments = {}
        at, size = min(self._skip, len(data)), len(data)
        self._skip -= at
        self.need = _LEAST
        while at + _LEAST <= size:
            kind, length = self._begin(data, at, base)
            end = at + length
            if length > _MAX_BLOCK:
                why = f"block of {length} octets stepped over"
                heard.append(Malformed(self.layer, base + at, why, data[at : at + _LEAST]))
                self._skip = max(end - size, 0)
                end = min(end, size)
            elif end > size:
                self.need = length
                break
            else:
                self._whole(kind, data, at, end, base)
            at = end
        if self._skip:
            self.need = 1
        return at

    def _begin(self, data: bytes, at: int, base: int) -> tuple[int, int]:
        """Return a block's type and length; learn the order where it begins a section."""
        kind, length = _HEADS[self._order].unpack_from(data, at)
        if kind == _SECTION:  # the same in either order
            order = _ORDERS.get(data[at + 8 : at + 12])
            if order is None:
                raise Unreadable(base + at + 8, "section without a byte-order magic")
            self._order = order
            kind, length = _HEADS[order].unpack_from(data, at)
        if length < _LEAST:
            raise Unreadable(base + at + 4, f"block of {length} octets")
        # Some writers forget to count the padding; wireshark, too, rounds up.
        return kind, (length + 3) & ~3

    def _whole(self, kind: int, data: bytes, at: int, end: int, base: int) -> None:
        """Read one whole block. A lie inside it costs that block; in a section header, the file."""
        if data[at + 4 : at + 8] != data[end - 4 : end]:
            raise Unreadable(base + end - 4, "the two lengths of a block differ")
        try:
            if kind == _ENHANCED:
                self._read_enhanced(data, at + 8, end - 4)
            elif kind in self._readers:
                self._readers[kind](Cursor(data, at + 8, end - 4))
        except Unreadable as lie:
            if kind == _SECTION:
                raise Unreadable(base + lie.offset, lie.why) from lie
            self._heard.append(lie.malformed(self.layer, data[at:end], start=-base))

    def _read_enhanced(self, data: bytes, at: int, end: int) -> None:
        """Read the block that files are full of, without a cursor: that halves its cost."""
        layout = _PACKETS[self._order]
        start = at + layout.size
        if start > end:
            raise Unreadable(at, f"{layout.size} octets wanted, {end - at} left")
        index, high, low, kept, length = layout.unpack_from(data, at)
        stop = start + kept
        if stop > end:
            raise Unreadable(start, f"{kept} octets wanted, {end - start} left")
        interface = self._heard_on(index, at)
        self._packet(interface, interface.at(high << 32 | low), data[start:stop], length)
        if end - stop > _PADDING:
            self._comment(Cursor(data, stop + -kept % 4, end))

    def _read_section(self, body: Cursor) -> None:
        self.interfaces = []
        self.section = ()
        body.skip(4)
        major, minor = body.u16(self._order), body.u16(self._order)
        if major != 1:
            raise Unreadable(body.offset - 4, f"version {major}.{minor} of pcapng")
        body.skip(8)
        self.section = _options(body, self._order)

    def _read_interface(self, body: Cursor) -> None:
        if len(self.interfaces) >= _MAX_INTERFACES:
            raise Unreadable(body.offset, f"more than {_MAX_INTERFACES} interfaces")
        link = body.u16(self._order)
        body.skip(2)
        interface = Interface(self._tap, link, body.u32(self._order))
        self.interfaces.append(interface)  # first of all, so that a bad option keeps the numbering
        options = _options(body, self._order)
        self.interfaces[-1] = self._described(interface, options)

    def _described(self, interface: Interface, options: Options) -> Interface:
        """Return `interface` as its options describe it."""
        found = dict(reversed(options))
        name = found.get(_IF_NAME, b"").decode(errors="replace")
        about = found.get(_IF_DESCRIPTION, b"").decode(errors="replace")
        direction, channel = _heard_from(about)
        ticks, digits = _resolution(found.get(_TSRESOL, b"\x06"))
        offset_s = int.from_bytes(found.get(_TSOFFSET, b""), self._order, signed=True)
        index = len(self.interfaces) - 1
        # Interfaces of one name are one tap: the directions and channels of an E1 (`PcapngWriter`).
        own = index and (not name or name != self.interfaces[0].name)
        return Interface(
            tap=f"{self._tap}:{name or index}" if own else self._tap,
            link=interface.link,
            snap_length=interface.snap_length,
            options=options,
            name=name,
            ticks_per_second=ticks,
            offset_ns=offset_s * 1_000_000_000,
            clock=ClockQuality("capture file", digits),
            direction=direction,
            channel=channel,
        )

    def _read_old(self, body: Cursor) -> None:
        index, high, low, kept, length = body.unpack(_OLD_PACKETS[self._order])
        interface = self._heard_on(index, body.offset)
        self._packet(interface, interface.at(high << 32 | low), body.take(kept), length)

    def _read_simple(self, body: Cursor) -> None:
        """A simple packet carries no time and is given that of the packet before it."""
        length = body.u32(self._order)
        interface = self._heard_on(0, body.offset)
        kept = min(length, interface.snap_length or length)
        self._packet(interface, self._last_at, body.take(kept), length)

    def _heard_on(self, index: int, at: int) -> Interface:
        if index >= len(self.interfaces):
            why = f"packet of interface {index}, of which there are {len(self.interfaces)}"
            raise Unreadable(at, why)
        return self.interfaces[index]

    def _packet(self, interface: Interface, at: int, data: bytes, length: int) -> None:
        self._number += 1
        self._last_at = at
        cut = max(length - len(data), 0)
        clock, direction, channel = interface.clock, interface.direction, interface.channel
        tap, link, number = interface.tap, interface.link, self._number
        self._heard.append(Unit(tap, link, at, data, number, clock, direction, cut, channel))

    def _comment(self, options: Cursor) -> None:
        """Keep the comments among the options that follow a packet."""
        found = [value for code, value in _options(options, self._order) if code == _COMMENT]
        if found:
            self.comments[self._number] = b"\n".join(found).decode(errors="replace")


def _options(cursor: Cursor, order: Order) -> Options:
    """Read the options to the end of the block; the closing one may be missing."""
    found = []
    while cursor.left:
        code, length = cursor.u16(order), cursor.u16(order)
        if code == _END:
            break
        found.append((code, cursor.take(length)))
        cursor.skip(-length % 4)
    return tuple(found)


def _resolution(option: bytes) -> tuple[int, int]:
    """Return ticks per second, and the decimal digits of a second that they can tell."""
    value = option[0] if option else 6
    power = value & 0x7F
    if value & 0x80:
        return 1 << power, min(power * 3 // 10, 9)
    return 10**power, min(power, 9)


def _heard_from(description: str) -> tuple[Direction, str]:
    """Read back what `PcapngWriter` says of an interface beyond its name."""
    words = dict(word.split("=", 1) for word in description.split() if "=" in word)
    known = {direction.value: direction for direction in Direction}
    return known.get(words.get("direction", ""), Direction.UNKNOWN), words.get("channel", "")


class PcapngWriter:
    """Units to a pcapng file, one interface for each tap, link type, direction and channel."""

    def __init__(self, application: str = "Qalqan Edge") -> None:
        """Name the application that the file will say wrote it."""
        self._application = application
        self._indexes: dict[tuple[str, int, Direction, str], int] = {}

    def header(self, comment: str = "") -> bytes:
        """Return the section header. It comes first in the file, and once."""
        options = _option(_COMMENT, comment) + _option(_APPLICATION, self._application)
        # A section length of -1: the file may be read without seeking.
        fixed = Struct("<IHHq").pack(0x1A2B3C4D, 1, 0, -1)
        return _block(_SECTION, fixed + _closed(options))

    def write(self, unit: Unit, comment: str = "") -> bytes:
        """Return the unit's block, after that of its interface where this is its first unit."""
        key = (unit.tap, unit.link, unit.direction, unit.channel)
        before = b"" if key in self._indexes else _interface_block(unit)
        index = self._indexes.setdefault(key, len(self._indexes))
        kept = len(unit.data)
        at = _storable(unit.at)
        fixed = _PACKETS["little"].pack(index, at >> 32, at & 0xFFFFFFFF, kept, kept + unit.cut)
        return before + _block(
            _ENHANCED, fixed + _padded(unit.data) + _closed(_option(_COMMENT, comment))
        )


def _interface_block(unit: Unit) -> bytes:
    about = f"direction={unit.direction.value}" + (f" channel={unit.channel}" * bool(unit.channel))
    options = _option(_IF_NAME, unit.tap) + _option(_IF_DESCRIPTION, about)
    resolution = Struct("<HHB3x").pack(_TSRESOL, 1, 9)
    fixed = Struct("<HxxI").pack(unit.link, MAX_PACKET)
    return _block(_INTERFACE, fixed + _closed(options + resolution))


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + _LEAST
    return _HEADS["little"].pack(kind, length) + body + length.to_bytes(4, "little")


def _option(code: int, text: str) -> bytes:
    """Return a text option, or nothing for no text. An option holds at most 65,535 octets."""
    value = text.encode(errors="replace")[:0xFFFF]
    return Struct("<HH").pack(code, len(value)) + _padded(value) if value else b""


def _closed(options: bytes) -> bytes:
    return options + bytes(4) if options else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
