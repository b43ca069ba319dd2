# SPDX-License-Identifier: Apache-2.0
"""MTP level 2 signal units (Q.703, annex A included) as a listener on the link hears them.

Repeats are dropped by forward sequence number and losses counted. Takes units with or without
their check sequence: probes differ, and capture files do not say.
"""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.hdlc import fcs_ok
from edge.decode.sequence import REPEAT, Sequence
from edge.model.message import Malformed

FCS_OCTETS = 2
LI_MASK, LI_LONG = 0x3F, 63
"A basic length indicator of 63 means 63 or more (Q.703 2.3.3)."
LSSU_LENGTHS = {1, 2}
STATUS = {0: "SIO", 1: "SIN", 2: "SIE", 3: "SIOS", 4: "SIPO", 5: "SIB"}
RESTARTS = {"SIO", "SIN", "SIE", "SIOS"}
"While these are sent the link is being aligned and counts anew (Q.703 section 7)."

COUNTS = ("units", "fill", "repeats", "lost", "malformed")


class SignalUnit(msgspec.Struct, frozen=True, gc=False):
    """One signal unit without flags and check sequence."""

    type: str
    "`FISU`, `MSU`, or the status of an LSSU: `SIO`, `SIOS`, ..."
    bsn: int
    bib: int
    fsn: int
    fib: int
    payload: bytes
    "From the service information octet on; empty but in an MSU."

    def fields(self) -> dict[str, object]:
        """Return the sequence numbers for people."""
        return {"bsn": self.bsn, "bib": self.bib, "fsn": self.fsn, "fib": self.fib}


def parse(octets: bytes, *, extended: bool = False) -> SignalUnit | Malformed:
    """Read a unit from its BSN on; `extended` is the 12-bit numbering of annex A."""
    try:
        return _unit(Cursor(octets), extended=extended)
    except Unreadable as why:
        return why.malformed("mtp2", octets)


def _unit(cursor: Cursor, *, extended: bool) -> SignalUnit:
    if extended:
        back, forward, length = (cursor.u16("little") for _ in range(3))
        numbers = (back & 0xFFF, back >> 15, forward & 0xFFF, forward >> 15)
        length &= 0x1FF
    else:
        back, forward, length = (cursor.u8() for _ in range(3))
        numbers = (back & 0x7F, back >> 7, forward & 0x7F, forward >> 7)
        length &= LI_MASK
    payload = _field(cursor, length, open_ended=length == LI_LONG and not extended)
    if not length:
        return SignalUnit("FISU", *numbers, b"")
    if length in LSSU_LENGTHS:
        return SignalUnit(STATUS.get(payload[0] & 7, "LSSU"), *numbers, b"")
    return SignalUnit("MSU", *numbers, payload)


def _field(cursor: Cursor, length: int, *, open_ended: bool) -> bytes:
    """Read what the length indicator covers; a check sequence may follow.

    Of an open-ended length the last two octets may match by chance, once in 65,536 units.
    """
    over = cursor.left - length
    if over < 0 or (over not in {0, FCS_OCTETS} and not open_ended):
        raise Unreadable(2, f"length indicator {length}, {cursor.left} octets follow")
    if over >= FCS_OCTETS and fcs_ok(cursor.data):
        return cursor.take(cursor.left - FCS_OCTETS)
    if over and not open_ended:
        raise Unreadable(cursor.offset + length, "bad FCS")
    return cursor.rest()


class Mtp2:
    """One direction of a signalling link: each message signal unit once, in the order heard."""

    def __init__(
        self,
        *,
        extended: bool = False,
        mixed: bool = False,
        counts: dict[str, int] | None = None,
    ) -> None:
        """Know nothing yet. `mixed`: the capture does not tell the two directions apart."""
        self.counts = dict.fromkeys(COUNTS, 0) if counts is None else counts
        self._extended = extended
        self._sequence = Sequence(4096 if extended else 128, mixed=mixed)
        self._status = ""

    def feed(self, octets: bytes, at: int) -> list[SignalUnit | Malformed]:
        """Read one unit heard `at` (ns); nothing is returned for fill-in units and repeats."""
        unit = parse(octets, extended=self._extended)
        if isinstance(unit, Malformed):
            self.counts["malformed"] += 1
            return [unit]
        self.counts["units"] += 1
        if unit.type == "FISU":
            self.counts["fill"] += 1
            return []
        missed = self._message(unit, at) if unit.type == "MSU" else self._link_status(unit.type)
        if missed == REPEAT:
            self.counts["repeats"] += 1
            return []
        self.counts["lost"] += missed
        return [unit]

    def _message(self, unit: SignalUnit, at: int) -> int:
        self._status = ""
        return self._sequence.judge(unit.fsn, unit.payload, at)

    def _link_status(self, status: str) -> int:
        """Follow the alignment of the link; a status is sent over and over until it changes."""
        if status in RESTARTS:
            self._sequence.restart()
        repeated, self._status = self._status == status, status
        return REPEAT if repeated else 0
