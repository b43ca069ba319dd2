# SPDX-License-Identifier: Apache-2.0
"""Capture files as they stream in: pcap (draft-ietf-opsawg-pcap); see `pcapng` and `e1cap` too.

Both octet orders, microseconds and nanoseconds. A file that lies about a length is read up to the
lie: what follows would have to be guessed, and guesses are no evidence.
"""

from struct import Struct

from edge.decode.cursor import Unreadable
from edge.decode.e1cap import (
    E1CAP_HEADER,
    TRACER_MAGIC,
    RecorderRecords,
    TracerChunks,
    is_recorder,
)
from edge.decode.pcapng import MAX_PACKET, Interface, Options, PcapngBlocks
from edge.model.message import Malformed
from edge.model.unit import ClockQuality, Direction, Unit

_FILE_HEADER = 24
_RECORD_HEADER = 16
_NEVER = 1 << 64
_SHOWN = 64
"Octets of a bad place that go into its `Malformed`."

_MAGIC = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
"Octet order, and the nanoseconds in one unit of a record's fraction field."

_PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_PACKERS = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd", b"\x04\x22": "lz4", b"\xfd7": "xz"}


class PcapRecords:
    """The header and the records of a pcap file."""

    layer = "pcap"

    def __init__(self, tap: str, magic: bytes) -> None:
        """Read for `tap`, in the order and with the resolution that the magic number tells."""
        order, self._scale = _MAGIC[magic]
        self.need = _FILE_HEADER
        "Octets without which the next `read` gets nowhere."
        self._tap = tap
        self._header = Struct(order + "20xI")
        self._record = Struct(order + "IIII")
        self._clock = ClockQuality("capture file", 9 if self._scale == 1 else 6)
        self._link = 0
        self._number = 0

    def read(self, data: bytes, base: int, heard: list[Unit | Malformed]) -> int:
        """Append what is whole in `data`, which begins `base` octets into the file.

        Returns how many octets that took. Raises `Unreadable` where the file lies.
        """
        if base == 0:
            # The upper half of the field tells the length of the frame check sequence.
            self._link = self._header.unpack_from(data)[0] & 0xFFFF
        # A replay spends its time here: every name is local, every record costs one unpack.
        unpack, tap, link, clock = self._record.unpack_from, self._tap, self._link, self._clock
        scale, number, unknown, append = self._scale, self._number, Direction.UNKNOWN, heard.append
        at = _FILE_HEADER if base == 0 else 0
        size = len(data)
        self.need = _RECORD_HEADER
        while (start := at + _RECORD_HEADER) <= size:
            seconds, fraction, kept, length = unpack(data, at)
            end = start + kept
            if kept > MAX_PACKET:
                why = f"record {number + 1} claims {kept} octets, more than {MAX_PACKET}"
                raise Unreadable(base + at, why)
            if end > size:
                self.need = end - at
                break
            number += 1
            time = seconds * 1_000_000_000 + fraction * scale
            cut = length - kept if length > kept else 0
            append(Unit(tap, link, time, data[start:end], number, clock, unknown, cut))
            at = end
        self._number = number
        return at


Format = PcapRecords | PcapngBlocks | TracerChunks | RecorderRecords


class CaptureReader:
    """A pcap, pcapng or e1cap file, fed in pieces of any size. Holds back at most one record."""

    def __init__(self, tap: str) -> None:
        """Read for `tap`; in pcapng, interfaces after the first are heard as `tap:name`."""
        self._tap = tap
        self._format: Format | None = None
        self._held: list[bytes] = []
        self._need = 4
        self._base = 0
        "Offset in the file of the first octet held."
        self._fed = 0
        self._stopped = False

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces of the current pcapng section, with all their options."""
        return self._format.interfaces if isinstance(self._format, PcapngBlocks) else []

    @property
    def section(self) -> Options:
        """Options of the current pcapng section's header: comments, who wrote it, on what."""
        return self._format.section if isinstance(self._format, PcapngBlocks) else ()

    @property
    def comments(self) -> dict[int, str]:
        """Comments on the units that `feed` returned last, by unit number."""
        return self._format.comments if isinstance(self._format, PcapngBlocks) else {}

    def feed(self, octets: bytes) -> list[Unit | Malformed]:
        """Consume the next octets of the file; return what became whole, oldest first."""
        self._fed += len(octets)
        if self._stopped:
            return []
        self._held.append(octets)
        heard: list[Unit | Malformed] = []
        # Joining only when it leads on keeps the cost linear, however small the pieces.
        while self._fed - self._base >= self._need:
            self._read(b"".join(self._held), heard)
        return heard

    def _read(self, data: bytes, heard: list[Unit | Malformed]) -> None:
        try:
            if self._format is None:
                self._format = _format(self._tap, data)
                if self._format is None:
                    self._need = E1CAP_HEADER
                    return
                used = 0
            else:
                used = self._format.read(data, self._base, heard)
            self._need = self._format.need
        except Unreadable as lie:
            used = lie.offset - self._base
            heard.append(lie.malformed(self._layer, data[used : used + _SHOWN]))
            self._stopped = True
            self._need = _NEVER
        self._base += used
        self._held = [data[used:]] if used < len(data) and not self._stopped else []

    def end(self) -> list[Malformed]:
        """Say what the end of the file leaves unread. Call once, after the last `feed`."""
        left = b"".join(self._held)
        if self._format is None:
            why = "" if self._stopped else _no_capture(left)
        elif self._stopped:
            why = f"the last {self._fed - self._base} octets of the file were not read"
        else:
            why = f"file ends early: {len(left)} of {self._need} octets" if left else ""
        return [Malformed(self._layer, self._base, why, left[:_SHOWN])] if why else []

    @property
    def _layer(self) -> str:
        return self._format.layer if self._format else "pcap"


def _format(tap: str, data: bytes) -> Format | None:
    """Return the format, None if more must be seen to tell. Raises `Unreadable`."""
    magic = data[:4]
    if magic in _MAGIC:
        return PcapRecords(tap, magic)
    if magic == _PCAPNG_MAGIC:
        return PcapngBlocks(tap)
    if magic == TRACER_MAGIC:
        return TracerChunks(tap)
    if len(data) < E1CAP_HEADER:
        return None
    if is_recorder(data[:E1CAP_HEADER]):
        return RecorderRecords(tap)
    raise Unreadable(0, _no_capture(data))


def _no_capture(data: bytes) -> str:
    packer = _PACKERS.get(data[:2])
    hint = f" ({packer}: unpack it first)" if packer else ""
    start = f"starts with {data[:4].hex(' ')}" if data else "empty"
    return f"not a pcap or pcapng file: {start}{hint}"
