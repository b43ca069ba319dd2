# SPDX-License-Identifier: Apache-2.0
"""Records of E1TAP/1 out of the octets of a serial line; the form is in `drivers/taps/E1TAP.md`.

Octets in, records out. What they mean for a line is in `drivers.taps.e1_serial.probe`.
"""

from collections.abc import Mapping
from enum import IntEnum
from struct import Struct

import msgspec

from edge.decode.hdlc import fcs_ok
from edge.model.message import Malformed

VERSION = 1
DELIMITER = b"\0"
HEAD = Struct("<BBBBHIH")
"Version and type, span, timeslot, direction; sequence; 125 microseconds; repeats."
CHECK = 2
"Octets of CRC-16/X.25 at the end."
MAX_PAYLOAD = 512
MAX_RECORD = HEAD.size + MAX_PAYLOAD + CHECK
MAX_ENCODED = MAX_RECORD + 1 + MAX_RECORD // 254
"COBS adds one octet, and one more for every 254 without a zero."
OTHER_VERSION = "another version of E1TAP"


class Type(IntEnum):
    """What a record carries."""

    HELLO = 0
    FRAME = 1
    BAD_FRAME = 2
    RAW = 3
    ALARMS = 4
    CAS = 5
    COUNTERS = 6


LEAST: Mapping[int, int] = {
    Type.HELLO: 5,
    Type.FRAME: 3,
    Type.RAW: 1,
    Type.ALARMS: 1,
    Type.CAS: 1,
    Type.COUNTERS: 4,
}
"Octets of the payload that a type cannot do without."


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record, its check sequence found good."""

    type: int
    "A `Type`, as a bare number: what a later probe adds is passed over, not refused."
    span: int
    timeslot: int
    direction: int
    sequence: int
    ticks: int
    "E1 frames (125 us) since the probe started, modulo 2**32."
    repeats: int
    payload: bytes


class Reader:
    """Cuts a serial line into records. Holds less than two of them, whatever the line does."""

    def __init__(self) -> None:
        """Start anywhere: the rest of a record that began before us is no fault."""
        self._held = b""
        self._begun = False

    def feed(self, octets: bytes) -> list[Record | Malformed]:
        """Consume octets; return what was completed, oldest first."""
        *whole, held = (self._held + octets).split(DELIMITER)
        self._held = held[: MAX_ENCODED + 1]  # what is longer than any record stays too long
        found = [read(encoded) for encoded in whole if encoded]
        if whole and not self._begun:
            self._begun = True
            return found[1:] if found and isinstance(found[0], Malformed) else found
        return found


def read(encoded: bytes) -> Record | Malformed:
    """Read what stood between two delimiters."""
    octets = cobs_decoded(encoded) if len(encoded) <= MAX_ENCODED else None
    if octets is None:
        return _malformed(0, "no record", encoded[:MAX_ENCODED])
    if len(octets) < HEAD.size + CHECK:
        return _malformed(len(octets), "shorter than any record", octets)
    if not fcs_ok(octets):
        return _malformed(len(octets) - CHECK, "bad CRC", octets)
    version_type, span, timeslot, direction, sequence, ticks, repeats = HEAD.unpack_from(octets)
    version, kind = divmod(version_type, 16)
    if version != VERSION:
        return _malformed(0, OTHER_VERSION, octets)
    payload = octets[HEAD.size : -CHECK]
    if len(payload) < LEAST.get(kind, 0):
        return _malformed(HEAD.size, "shorter than its type", octets)
    return Record(kind, span, timeslot, direction, sequence, ticks, repeats, payload)


def _malformed(offset: int, why: str, octets: bytes) -> Malformed:
    return Malformed("e1tap", offset, why, octets)


def cobs_decoded(encoded: bytes) -> bytes | None:
    """Undo consistent overhead byte stuffing (Cheshire and Baker, 1999); None if it is not that.

    Each block begins with its length; a zero stood after it, unless it is the longest or the last.
    """
    found = bytearray()
    at, end = 0, len(encoded)
    while at < end:
        after = at + encoded[at]
        if after > end or after == at:
            return None
        found += encoded[at + 1 : after]
        if after - at < 0xFF and after < end:  # noqa: PLR2004 - the longest block
            found.append(0)
        at = after
    return bytes(found)
