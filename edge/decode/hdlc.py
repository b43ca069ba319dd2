# SPDX-License-Identifier: Apache-2.0
"""HDLC deframing of a timeslot (ISO/IEC 13239; Q.703 section 3, Q.921 section 2).

Works on whole strings of bits with split, replace and a CRC written in C instead of bit by bit.
One `Deframer` per timeslot and direction. Knows nothing of what the frames carry, but that an MTP2
fill-in unit says nothing.
"""

from binascii import crc_hqx
from itertools import pairwise, product

import msgspec

from edge.model.message import Malformed

SIX_ONES = "111111"
"Never within a frame: stuffing breaks them up. Between two zeros they are a flag."
FLAG_ZEROS = 2
"Bits between two runs of six ones where two flags meet: last zero of one, first of the next."
MIN_OCTETS = 5
"Shortest frame of both users, check sequence included: a FISU, a SABME."
MAX_OCTETS = 300
"Longer than the longest signal unit (278, Q.703 2.2) and LAPD frame (266, Q.921 5.9.3)."
MAX_BITS = MAX_OCTETS * 10
"The longest frame, fully stuffed, and its flag."
GOOD = 0x1D0F
"Remainder of CRC-16/X.25 over frame and check sequence, in the bit order `crc_hqx` reads."
REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
INVERTED = bytes(octet ^ 0xFF for octet in range(256))
LENGTH_INDICATOR = REVERSED[0x3F]
"Mask of a signal unit's length indicator (Q.703 2.3.3), bit-reversed; it is zero in a FISU."
FULL_RATE, ROBBED_RATE = 64, 56
ENOUGH = 2
"Good frames that prove a wiring: noise makes one in 65,536 tries."


class Line(msgspec.Struct, frozen=True, gc=False):
    """How the timeslot was wired; the defaults are those of G.704 and Q.703."""

    reverse: bool = False
    "Octets arrive with their last bit first."
    invert: bool = False
    rate: int = FULL_RATE
    "kbit/s; at 56 the last bit of every octet is not ours."

    def bits(self, octets: bytes) -> str:
        """Return the bits in the order of the wire, as a text of 0 and 1."""
        if self.reverse:
            octets = octets.translate(REVERSED)
        if self.invert:
            octets = octets.translate(INVERTED)
        text = bin(int.from_bytes(b"\1" + octets, "big"))[3:]
        if self.rate == FULL_RATE:
            return text
        return "".join(text[at : at + 7] for at in range(0, len(text), 8))


STANDARD = Line()


def fcs_ok(octets: bytes) -> bool:
    """Whether octets end in a good check sequence (CRC-16/X.25, low octet first)."""
    return crc_hqx(octets.translate(REVERSED), 0xFFFF) == GOOD


class Deframer:
    """Finds the frames in the octets of one timeslot, one direction."""

    def __init__(self, line: Line = STANDARD) -> None:
        """Start between two frames."""
        self.counts = dict.fromkeys(
            ("frames", "fill", "repeats", "aborts", "bad_fcs", "short", "unaligned", "overlong"), 0
        )
        self._line = line
        self._tail = ""
        self._last = ""

    def feed(self, octets: bytes) -> list[bytes | Malformed]:
        """Consume octets; return new frames without check sequence, oldest first."""
        parts = (self._tail + self._line.bits(octets)).split(SIX_ONES)
        found = []
        decided = parts[1:] if parts[-1] else parts[1:-1]
        for part, after in pairwise(decided):
            if len(part) <= FLAG_ZEROS or part[0] == "1":
                continue  # two flags, or what follows an abort
            if after[:1] != "0":  # seven ones or more, Q.921 2.9
                self.counts["aborts"] += 1
            elif part == self._last:
                self.counts["repeats"] += 1
            elif frame := self._frame(part):
                found.append(frame)
        self._keep(parts)
        return found

    def _keep(self, parts: list[str]) -> None:
        """Keep what may yet become a frame: bounded, whatever the line does."""
        if len(parts) == 1:
            tail = parts[0]
        elif parts[-1] or len(parts) == 2 or len(parts[-2]) > MAX_BITS:  # noqa: PLR2004 - one flag
            tail = SIX_ONES + parts[-1]
        else:
            tail = SIX_ONES + parts[-2] + SIX_ONES
        if len(tail) > MAX_BITS:
            self.counts["overlong"] += tail.startswith(SIX_ONES)
            tail = tail[-len(SIX_ONES) + 1 :]
        self._tail = tail

    def _frame(self, part: str) -> bytes | Malformed | None:
        """Judge what stood between two flags; `part` includes their inner zeros."""
        if len(part) > MAX_BITS:
            self.counts["overlong"] += 1
            return None
        bits = part[1:-1].replace("111110", "11111")
        size, odd = divmod(len(bits), 8)
        if size < MIN_OCTETS:
            self.counts["short"] += 1
            return None
        mirrored = int(bits, 2).to_bytes(size + (odd > 0), "big")
        if odd:
            return self._refuse("unaligned", "not a whole number of octets", mirrored)
        if crc_hqx(mirrored, 0xFFFF) != GOOD:
            return self._refuse("bad_fcs", "bad FCS", mirrored)
        self._last = part
        if size == MIN_OCTETS and not mirrored[2] & LENGTH_INDICATOR:
            self.counts["fill"] += 1
            return None
        self.counts["frames"] += 1
        return mirrored.translate(REVERSED)[:-2]

    def _refuse(self, cause: str, why: str, mirrored: bytes) -> Malformed:
        self.counts[cause] += 1
        octets = mirrored.translate(REVERSED)
        return Malformed("hdlc", len(octets), why, octets)


def detect(octets: bytes) -> Line | None:
    """Return the wiring under which most frames are good, or None; a second of line is plenty.

    A link that only sends `FF FF 00` fill-in units, the same read backwards, passes for unreversed.
    """
    lines = [
        Line(reverse, invert, rate)
        for rate, invert, reverse in product((FULL_RATE, ROBBED_RATE), (False, True), (False, True))
    ]
    best = max(lines, key=lambda line: _good(line, octets))
    return best if _good(best, octets) >= ENOUGH else None


def _good(line: Line, octets: bytes) -> int:
    """Count the good frames under a wiring."""
    deframer = Deframer(line)
    deframer.feed(octets)
    return sum(deframer.counts[name] for name in ("frames", "fill", "repeats"))
