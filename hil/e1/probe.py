# SPDX-License-Identifier: Apache-2.0
"""The sending side of E1TAP/1, as a probe's firmware would write it (`drivers/taps/E1TAP.md`).

Written from the document alone, without the appliance's decoder: each checks the other.
"""

import struct
from collections.abc import Callable

HELLO, FRAME, BAD_FRAME, RAW, ALARMS, CAS, COUNTERS = range(7)
UNKNOWN, A_TO_B, B_TO_A = range(3)
RAW_BLOCK = 160
"Octets of a RAW record: 20 ms of a timeslot."
VERSION = 1
TICKS_A_SECOND = 8000
LONGEST_BLOCK = 254


def crc_x25(octets: bytes) -> int:
    """Return CRC-16/X.25, bit by bit: polynomial 1021 reflected, all ones in, inverted out."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF


def with_crc(octets: bytes) -> bytes:
    """Return octets and their check sequence, as HDLC frames and records both end."""
    return octets + struct.pack("<H", crc_x25(octets))


def cobs(octets: bytes) -> bytes:
    """Return octets without zeros in them (COBS)."""
    blocks = []
    for piece in octets.split(b"\0"):
        rest = piece
        while len(rest) >= LONGEST_BLOCK:
            blocks.append(b"\xff" + rest[:LONGEST_BLOCK])
            rest = rest[LONGEST_BLOCK:]
        blocks.append(bytes([len(rest) + 1]) + rest)
    return b"".join(blocks)


class Probe:
    """One probe: numbers its records and counts E1 frames. `write` is the line."""

    def __init__(self, write: Callable[[bytes], object], start: int = 1) -> None:
        """Be switched on; `start` differs each time."""
        self.ticks = 0
        "E1 frames since the start; whoever plays a line moves it."
        self.sequence = 0
        "Of the next record."
        self._write = write
        self._start = start

    def hello(self, name: str = "Twin TP-1 0001 1.0", capabilities: int = 0x0F) -> None:
        """Say who we are; first of all, and every second."""
        payload = struct.pack("<IB", self._start, capabilities) + name.encode("ascii")
        self.send(HELLO, payload)

    def frame(
        self, span: int, timeslot: int, direction: int, octets: bytes, repeats: int = 0
    ) -> None:
        """Send a frame with its check sequence; `repeats` equal ones were not sent before it."""
        self.send(FRAME, octets, (span, timeslot, direction), repeats)

    def bad_frame(self, span: int, timeslot: int, direction: int, octets: bytes) -> None:
        """Send what stood between two flags and was no good frame."""
        self.send(BAD_FRAME, octets, (span, timeslot, direction))

    def raw(self, span: int, timeslot: int, direction: int, octets: bytes) -> None:
        """Send a timeslot as it is; a block is `RAW_BLOCK` octets."""
        self.send(RAW, octets, (span, timeslot, direction))

    def alarms(self, span: int, direction: int, bits: int) -> None:
        """Say how a span is: LOS 1, LOF 2, AIS 4, RAI 8, CRC-4 16."""
        self.send(ALARMS, bytes([bits]), (span, 0, direction))

    def cas(self, span: int, timeslot: int, direction: int, bits: int) -> None:
        """Say that the signalling bits of a timeslot have changed: a 8, b 4, c 2, d 1."""
        self.send(CAS, bytes([bits]), (span, timeslot, direction))

    def counters(self, overrun: int) -> None:
        """Say how many records had no room since the start; they have no number."""
        self.send(COUNTERS, struct.pack("<I", overrun))

    def send(
        self, kind: int, payload: bytes, place: tuple[int, int, int] = (0, 0, 0), repeats: int = 0
    ) -> None:
        """Number a record and write it, a delimiter on both sides."""
        head = struct.pack(
            "<BBBBHIH",
            VERSION << 4 | kind,
            *place,
            self.sequence % 2**16,
            self.ticks % 2**32,
            repeats,
        )
        self.sequence += 1
        self._write(b"\0" + cobs(with_crc(head + payload)) + b"\0")
