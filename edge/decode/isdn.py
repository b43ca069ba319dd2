# SPDX-License-Identifier: Apache-2.0
"""ISDN D channels as taps hear them: link types 177 and 203 to Q.931 messages."""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.lapd import CALL_CONTROL, COUNTS, Frame, Lapd
from edge.decode.layer import LayerMessage, place, tally
from edge.decode.q931.codes import PROTOCOL
from edge.decode.q931.message import Q931Message
from edge.decode.q931.segment import Reader
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import LinkType, Unit

Found = list[Q931Message | LayerMessage | Malformed]

MAX_CHANNELS = 256
PSEUDO_HEADER = 16
"Octets of link type 177 before the frame; the frame itself tells who sent it."


class IsdnLink:
    """Every D channel of a tap, both directions of each."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lapd = dict.fromkeys(COUNTS, 0)
        self._channels: dict[str, Lapd] = {}
        self._q931 = Reader()

    @property
    def counts(self) -> dict[str, int]:
        """What was heard and lost, by layer and cause."""
        return tally(("lapd", self._lapd), ("q931", self._q931.counts))

    @property
    def missed(self) -> tuple[int, int]:
        """Frames, and segments of messages, that were on the channel and did not come here."""
        return self._lapd["lost"], self._q931.counts["segments_lost"]

    def feed(self, unit: Unit) -> Found:
        """Read one unit; repeats yield nothing."""
        cursor = Cursor(unit.data)
        try:
            cursor.skip(PSEUDO_HEADER if unit.link == LinkType.LINUX_LAPD else 0)
        except Unreadable as why:
            return [why.malformed("lapd", unit.data, unit)]
        found: Found = []
        for heard in self._channel(unit).feed(cursor.rest(), unit.at):
            if isinstance(heard, Malformed):
                found.append(msgspec.structs.replace(heard, unit=unit))
            else:
                found += self._frame(unit, heard)
        return found

    def _channel(self, unit: Unit) -> Lapd:
        key = place(unit)
        if key not in self._channels:
            if len(self._channels) >= MAX_CHANNELS:
                del self._channels[next(iter(self._channels))]
            self._channels[key] = Lapd(self._lapd)
        return self._channels[key]

    def _frame(self, unit: Unit, frame: Frame) -> Found:
        is_ours = frame.sapi == CALL_CONTROL and frame.payload[:1] == bytes([PROTOCOL])
        if frame.type not in {"I", "UI"} or not is_ours:
            return [LayerMessage(unit, "lapd", frame.type, frame.fields())]
        # Both are commands, and a command of the network has C/R 1 (Q.921 table 1).
        side = "network" if frame.response_bit else "user"
        return [*self._q931.read(unit, NO_FLOW, place(unit), side, frame.payload)]
