# SPDX-License-Identifier: Apache-2.0
"""Recordings of E1 spans: the two `.e1cap` formats of Osmocom, and bare octets of a timeslot.

The e1-tracer writes whole frames of the line, osmo-e1-recorder single timeslots. Of whole frames
only the timeslots asked for are taken: speech is never opened.
"""

from collections.abc import Sequence
from struct import Struct

from edge.decode.cursor import Unreadable
from edge.decode.hdlc import FULL_RATE, fcs_ok
from edge.model.message import Malformed
from edge.model.unit import ClockQuality, Direction, LinkType, Unit

SIGNALLING = (16,)
"Where signalling is unless told otherwise (G.704 5.1)."
FRAME = 32
"Octets of a frame: one of each timeslot, the first for alignment."
TRACER_MAGIC = b"\x0d\x60\x15\xe1"
_TRACER = Struct("<4xQQhB")
_RECORDER = Struct("<II")
E1CAP_HEADER = 24
"Octets before each record of osmo-e1-recorder."
_SIDES = (Direction.A_TO_B, Direction.B_TO_A)
_ENDPOINTS = {0x81: 0, 0x82: 1}
"USB endpoint of the e1-tracer -> direction."
_RAW, _HDLC = 0, 1
_MAX_RECORD = 65_536
_USEC = 1_000_000
_CLOCK = ClockQuality("capture file", 6)

BLOCK = 160
"Octets of a bare timeslot that make a unit: 20 ms, as live taps have it."
_UNCLOCKED = ClockQuality("position in file", 3)


class TracerChunks:
    """What the e1-tracer heard: chunks of frames, each of one direction."""

    layer = "e1cap"

    def __init__(self, tap: str, timeslots: Sequence[int] = SIGNALLING) -> None:
        """Read for `tap`."""
        self.need = _TRACER.size
        "Octets without which the next `read` gets nowhere."
        self._tap = tap
        self._timeslots = timeslots
        self._number = 0

    def read(self, data: bytes, base: int, heard: list[Unit | Malformed]) -> int:
        """Append what is whole in `data`, which begins `base` octets into the file."""
        at = 0
        self.need = _TRACER.size
        while (start := at + _TRACER.size) <= len(data):
            if data[at : at + 4] != TRACER_MAGIC:
                raise Unreadable(base + at, "chunk without its magic number")
            seconds, micros, size, endpoint = _TRACER.unpack_from(data, at)
            end = start + max(size, 0)  # a negative size is an error of the USB transfer
            if end > len(data):
                self.need = end - at
                break
            time = (seconds * _USEC + micros) * 1000
            side = _ENDPOINTS.get(endpoint)
            if side is not None:
                self._chunk(data[start:end], time, _SIDES[side], heard)
            at = end
        return at

    def _chunk(
        self, octets: bytes, at: int, direction: Direction, heard: list[Unit | Malformed]
    ) -> None:
        for slot in self._timeslots:
            if part := octets[slot::FRAME]:
                self._number += 1
                link, channel = LinkType.E1_RAW, f"1:{slot}"
                heard.append(
                    Unit(self._tap, link, at, part, self._number, _CLOCK, direction, 0, channel)
                )


class RecorderRecords:
    """What osmo-e1-recorder heard: records of single timeslots; lines 0 and 1 are one trunk."""

    layer = "e1cap"

    def __init__(self, tap: str) -> None:
        """Read for `tap`."""
        self.need = E1CAP_HEADER
        self._tap = tap
        self._number = 0

    def read(self, data: bytes, base: int, heard: list[Unit | Malformed]) -> int:
        """Append what is whole in `data`, which begins `base` octets into the file."""
        at = 0
        self.need = E1CAP_HEADER
        while (start := at + E1CAP_HEADER) <= len(data):
            if not is_recorder(data[at:start]):
                raise Unreadable(base + at, "not the head of a record")
            end = start + int.from_bytes(data[at + 8 : at + 12], "big")
            if end > len(data):
                self.need = end - at
                break
            self._record(data[at:start], data[start:end], heard)
            at = end
        return at

    def _record(self, head: bytes, octets: bytes, heard: list[Unit | Malformed]) -> None:
        seconds, micros = _RECORDER.unpack_from(head)
        line, slot, mode = head[12:15]
        if mode not in {_RAW, _HDLC}:  # frames of a base station's speech
            return
        self._number += 1
        link = LinkType.E1_RAW
        if mode == _HDLC:
            link = LinkType.E1_HDLC if fcs_ok(octets) else LinkType.LAPD
        channel = f"{line // 2 + 1}:{slot}"
        at = (seconds * _USEC + micros) * 1000
        direction = _SIDES[line % 2]
        heard.append(Unit(self._tap, link, at, octets, self._number, _CLOCK, direction, 0, channel))


def is_recorder(head: bytes) -> bool:
    """Whether these can be the first 24 octets of a record; the format has no magic number."""
    if len(head) < E1CAP_HEADER:
        return False
    seconds, micros = _RECORDER.unpack_from(head)
    size = int.from_bytes(head[8:12], "big")
    slot, mode = head[13], head[14]
    plausible = seconds > 0 and micros < _USEC and size <= _MAX_RECORD
    return plausible and slot < FRAME and mode <= 3 and not any(head[16:24])  # noqa: PLR2004 - PGSL


class RawTimeslot:
    """A file that is nothing but the octets of one timeslot, one direction, from time 0 on."""

    def __init__(self, tap: str, rate: int = FULL_RATE, direction: Direction = _SIDES[0]) -> None:
        """Read for `tap`; the rate, kbit/s, tells how much time an octet takes."""
        self._tap = tap
        self._direction = direction
        self._octet_ns = 8_000_000 // rate
        self._held: list[bytes] = []
        self._read = 0

    def feed(self, octets: bytes) -> list[Unit | Malformed]:
        """Consume the next octets of the file; return the blocks that became whole."""
        data = b"".join((*self._held, octets))
        whole = len(data) // BLOCK * BLOCK
        self._held = [data[whole:]]
        return [self._unit(data[at : at + BLOCK]) for at in range(0, whole, BLOCK)]

    def end(self) -> list[Unit | Malformed]:
        """Return what is left."""
        last, self._held = b"".join(self._held), []
        return [self._unit(last)] if last else []

    def _unit(self, octets: bytes) -> Unit:
        self._read += len(octets)
        number = -(-self._read // BLOCK)
        at = self._read * self._octet_ns
        link = LinkType.E1_RAW
        return Unit(self._tap, link, at, octets, number, _UNCLOCKED, self._direction, 0, "1:16")
