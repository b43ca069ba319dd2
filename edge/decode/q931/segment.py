# SPDX-License-Identifier: Apache-2.0
"""Reads Q.931 messages of a D channel, and joins those that came in segments (annex H)."""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.q931.codes import SEGMENT
from edge.decode.q931.message import (
    Header,
    Q931Message,
    Reference,
    read_elements,
    read_header,
)
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

T314_NS = 4_000_000_000
"Longest wait between two segments (table 9-1)."
MAX_OPEN = 64
MAX_SEGMENTS = 8
"Annex H.3."
SEGMENTED_MESSAGE = b"\x00\x02"
FIRST = 0x80


class _Begun(msgspec.Struct, frozen=True, gc=False):
    """A message whose last segments are still to come."""

    type: int
    to_come: int
    at: int
    octets: bytes


class Reader:
    """Reads the messages of any number of D channels."""

    def __init__(self) -> None:
        """Wait for no segment."""
        self.counts = dict.fromkeys(("segments", "segments_lost"), 0)
        self._begun: dict[Reference, _Begun] = {}

    def read(
        self, unit: Unit, flow: Flow, channel: str, side: str, octets: bytes
    ) -> list[Q931Message | Malformed]:
        """Read a message from its protocol discriminator on."""
        cursor = Cursor(octets)
        try:
            header = read_header(cursor, channel, side)
            if header.type == SEGMENT:
                return self._segment(unit, flow, header, cursor)
        except Unreadable as why:
            return [why.malformed("q931", octets, unit)]
        return read_elements(unit, flow, header, cursor)

    def _segment(
        self, unit: Unit, flow: Flow, header: Header, cursor: Cursor
    ) -> list[Q931Message | Malformed]:
        """Take one segment; return the whole message with its last."""
        self.counts["segments"] += 1
        at = cursor.offset
        if cursor.take(2) != SEGMENTED_MESSAGE:
            raise Unreadable(at, "SEGMENT without segmented message element")
        place, type_ = cursor.u8(), cursor.u8()
        to_come = place & ~FIRST
        begun = self._begun.pop(header.reference, None)
        if place & FIRST:
            begun = _Begun(type_, to_come + 1, unit.at, b"")
        if not begun or not self._continues(begun, type_, to_come, unit.at):
            self.counts["segments_lost"] += 1
            return []
        whole = begun.octets + cursor.rest()
        if not to_come:
            return read_elements(unit, flow, Header(header.reference, type_), Cursor(whole))
        if len(self._begun) >= MAX_OPEN:
            del self._begun[next(iter(self._begun))]
        self._begun[header.reference] = _Begun(type_, to_come, unit.at, whole)
        return []

    @staticmethod
    def _continues(begun: _Begun, type_: int, to_come: int, at: int) -> bool:
        """Whether a segment is the next of a message."""
        in_order = (type_, to_come) == (begun.type, begun.to_come - 1)
        return in_order and to_come < MAX_SEGMENTS and at - begun.at <= T314_NS
