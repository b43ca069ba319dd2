# SPDX-License-Identifier: Apache-2.0
"""SS7 signalling links as taps hear them: link types 139, 140 and 141 to ISUP messages."""

import msgspec

from edge.decode import mtp3
from edge.decode.cursor import Cursor, Unreadable
from edge.decode.isup.message import IsupMessage
from edge.decode.isup.segment import Reader
from edge.decode.layer import LayerMessage, place, tally
from edge.decode.mtp2 import COUNTS, Mtp2, SignalUnit
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import Direction, LinkType, Unit

Found = list[IsupMessage | LayerMessage | Malformed]

MAX_LINKS = 256
"Directions of links followed at once; an E1 has two for each of 31 timeslots."
ANNEX_A = 1
"Second octet of the pseudo-header of link type 139; 2 is unknown."


class Ss7Link:
    """Every signalling link of a tap, each direction on its own."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._mtp2 = dict.fromkeys(COUNTS, 0)
        self._links: dict[tuple[str, str], Mtp2] = {}
        self._isup = Reader()

    @property
    def counts(self) -> dict[str, int]:
        """What was heard and lost, by layer and cause."""
        return tally(("mtp2", self._mtp2), ("isup", self._isup.counts))

    @property
    def missed(self) -> int:
        """Signal units that were on the link and did not come here whole."""
        return self._mtp2["lost"]

    def feed(self, unit: Unit) -> Found:
        """Read one unit; fill-in units and repeats yield nothing."""
        if unit.link == LinkType.MTP3:
            return self._transfer(unit, unit.data)
        try:
            link, start = self._link(unit)
        except Unreadable as why:
            return [why.malformed("mtp2", unit.data, unit)]
        found: Found = []
        for heard in link.feed(unit.data[start:], unit.at):
            if isinstance(heard, Malformed):
                found.append(msgspec.structs.replace(heard, unit=unit))
            else:
                found += self._signal_unit(unit, heard)
        return found

    def _link(self, unit: Unit) -> tuple[Mtp2, int]:
        """Return the direction of a link that a unit was heard on, and where the unit begins."""
        side, extended, start = unit.direction.value, False, 0
        mixed = unit.direction is Direction.UNKNOWN
        if unit.link == LinkType.MTP2_WITH_PHDR:
            cursor = Cursor(unit.data)
            sent, annex_a, number = cursor.u8(), cursor.u8(), cursor.u16()
            side, extended, start = f"{side} {number} {sent}", annex_a == ANNEX_A, cursor.offset
            mixed = False
        key = (place(unit), side)
        if key not in self._links:
            if len(self._links) >= MAX_LINKS:
                del self._links[next(iter(self._links))]
            self._links[key] = Mtp2(extended=extended, mixed=mixed, counts=self._mtp2)
        return self._links[key], start

    def _signal_unit(self, unit: Unit, heard: SignalUnit) -> Found:
        if heard.type == "MSU":
            return self._transfer(unit, heard.payload)
        return [LayerMessage(unit, "mtp2", heard.type, heard.fields())]

    def _transfer(self, unit: Unit, octets: bytes) -> Found:
        transfer = mtp3.parse(octets)
        if isinstance(transfer, Malformed):
            return [msgspec.structs.replace(transfer, unit=unit)]
        return self._isup.read(unit, NO_FLOW, transfer)
