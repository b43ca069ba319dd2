# SPDX-License-Identifier: Apache-2.0
"""Reads the messages of any number of circuits, and joins those sent in two segments.

A SGM completes the message it follows (simple segmentation, Q.764 section 2.1.12). The first
segment is never held back: it carries called and calling number, and the verdict does not wait.
Its SGM is returned with the parameters of both.
"""

from edge.decode.isup.message import IsupMessage, parse
from edge.decode.layer import LayerMessage
from edge.decode.mtp3 import ISUP, Transfer
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

T34_NS = 4_000_000_000
"Longest wait for a SGM (Q.764 table A.1)."
MAX_BEGUN = 256


class Reader:
    """Takes what MTP level 3 carries, over whichever link."""

    def __init__(self) -> None:
        """Wait for no segment."""
        self.counts = dict.fromkeys(("segments_joined", "segments_alone"), 0)
        self._begun: dict[tuple[str, str], IsupMessage] = {}

    def read(
        self, unit: Unit, flow: Flow, transfer: Transfer
    ) -> list[IsupMessage | LayerMessage | Malformed]:
        """Read a message of ISUP; one of another user is named, not opened."""
        label = transfer.label
        if label.service != ISUP:
            return [LayerMessage(unit, "mtp3", transfer.type, label.fields(), flow)]
        found = parse(unit, flow, label, transfer.payload)
        return [self._join(one) if isinstance(one, IsupMessage) else one for one in found]

    def _join(self, message: IsupMessage) -> IsupMessage:
        """Return the message; a SGM together with what it completes, if that was heard."""
        key = (message.unit.tap, message.call)
        if message.type == "SGM":
            return self._complete(message, self._begun.pop(key, None))
        if message.is_segmented:
            if len(self._begun) >= MAX_BEGUN:
                del self._begun[next(iter(self._begun))]
            self._begun[key] = message
        return message

    def _complete(self, message: IsupMessage, first: IsupMessage | None) -> IsupMessage:
        if not first or message.unit.at - first.unit.at > T34_NS:
            self.counts["segments_alone"] += 1
            return message
        self.counts["segments_joined"] += 1
        return IsupMessage(
            message.unit,
            message.flow,
            message.type,
            first.parameters + message.parameters,
            first.numbers + message.numbers,
            message.circuit,
        )
