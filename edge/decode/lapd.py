# SPDX-License-Identifier: Apache-2.0
"""LAPD frames (Q.921 section 3) as a listener on the line hears them.

Repeats are dropped by N(S) and losses counted. Nothing is acknowledged, no timer runs.
"""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.sequence import REPEAT, Sequence
from edge.model.message import Malformed

CALL_CONTROL = 0
"SAPI of Q.931 (Q.921 table 2)."
MODULUS = 128
MAX_SIDES = 256
SUPERVISORY = {0x01: "RR", 0x05: "RNR", 0x09: "REJ"}
UNNUMBERED = {
    0x03: "UI", 0x0F: "DM", 0x43: "DISC", 0x63: "UA", 0x6F: "SABME", 0x87: "FRMR", 0xAF: "XID",
}  # fmt: skip
POLL_FINAL = 0x10
RESTARTS = {"SABME", "UA", "DISC", "DM"}
"After these both sides count from zero again (Q.921 5.5, 5.7)."

COUNTS = ("frames", "repeats", "lost", "malformed")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame without flags and check sequence."""

    type: str
    "`I`, `RR`, `SABME`, ... (Q.921 table 5)."
    sapi: int
    tei: int
    response_bit: int
    "C/R as sent: a command of the network or a response of the user has 1 (Q.921 table 1)."
    poll_final: bool
    payload: bytes
    send_number: int = 0
    receive_number: int = 0

    def fields(self) -> dict[str, object]:
        """Return address and control field for people."""
        found: dict[str, object] = {"sapi": self.sapi, "tei": self.tei, "cr": self.response_bit}
        if self.type == "I":
            found["ns"] = self.send_number
        if self.type == "I" or self.type in SUPERVISORY.values():
            found["nr"] = self.receive_number
        return {**found, "pf": int(self.poll_final)}


def parse(octets: bytes) -> Frame | Malformed:
    """Read a frame from its address on, check sequence removed."""
    try:
        return _frame(Cursor(octets))
    except Unreadable as why:
        return why.malformed("lapd", octets)


def _frame(cursor: Cursor) -> Frame:
    first, second, control = cursor.u8(), cursor.u8(), cursor.u8()
    if first & 1 or not second & 1:
        raise Unreadable(0, f"address {first:02x} {second:02x} is not two octets (Q.921 3.3.1)")
    address = (first >> 2, second >> 1, first >> 1 & 1)
    if control & 3 == 3:  # noqa: PLR2004 - U format, Q.921 3.4.3
        name = UNNUMBERED.get(control & ~POLL_FINAL)
        if not name:
            raise Unreadable(2, f"unknown U frame {control:02x}")
        return Frame(name, *address, bool(control & POLL_FINAL), cursor.rest())
    last = cursor.u8()
    poll_final, receive_number = bool(last & 1), last >> 1
    if control & 1:
        name = SUPERVISORY.get(control)
        if not name:
            raise Unreadable(2, f"unknown S frame {control:02x}")
        return Frame(name, *address, poll_final, b"", 0, receive_number)
    return Frame("I", *address, poll_final, cursor.rest(), control >> 1, receive_number)


class Lapd:
    """Both directions of one D channel: each information frame once, in the order heard."""

    def __init__(self, counts: dict[str, int] | None = None) -> None:
        """Know nothing yet: the first information frame of each side is taken as it comes."""
        self.counts = dict.fromkeys(COUNTS, 0) if counts is None else counts
        self._sequences: dict[tuple[int, int, int], Sequence] = {}
        "By SAPI, TEI and C/R: information frames are always commands, so C/R tells the sender."

    def feed(self, octets: bytes, at: int) -> list[Frame | Malformed]:
        """Read one frame heard `at` (ns); nothing is returned for a repeat."""
        frame = parse(octets)
        if isinstance(frame, Malformed):
            self.counts["malformed"] += 1
            return [frame]
        self.counts["frames"] += 1
        if frame.type in RESTARTS:
            self._sequence(frame, 0).restart(0)
            self._sequence(frame, 1).restart(0)
        missed = self._missed(frame, at) if frame.type == "I" else 0
        if missed == REPEAT:
            self.counts["repeats"] += 1
            return []
        self.counts["lost"] += missed
        return [frame]

    def _missed(self, frame: Frame, at: int) -> int:
        sequence = self._sequence(frame, frame.response_bit)
        return sequence.judge(frame.send_number, frame.payload, at)

    def _sequence(self, frame: Frame, side: int) -> Sequence:
        if len(self._sequences) > MAX_SIDES:  # a D channel has a few; this is noise
            self._sequences.clear()
        return self._sequences.setdefault((frame.sapi, frame.tei, side), Sequence(MODULUS))
