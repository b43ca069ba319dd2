# SPDX-License-Identifier: Apache-2.0
"""SIGTRAN as heard on a mirror port: SCTP packets to ISUP and Q.931 messages."""

import msgspec

from edge.decode.isup.message import IsupMessage
from edge.decode.isup.segment import Reader as IsupReader
from edge.decode.layer import LayerMessage, place, tally
from edge.decode.mtp3 import Transfer
from edge.decode.q931.message import Q931Message
from edge.decode.q931.segment import Reader as Q931Reader
from edge.decode.sigtran.adaptation import Adapted, parse, protocol_of
from edge.decode.sigtran.sctp import Sctp, UserMessage
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

Found = list[IsupMessage | Q931Message | LayerMessage | Malformed]


class SigtranLink:
    """Every SCTP association of a tap."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._sctp = Sctp()
        self._isup = IsupReader()
        self._q931 = Q931Reader()
        self._other_users = 0

    @property
    def counts(self) -> dict[str, int]:
        """What was heard and lost, by layer and cause."""
        own = {"other_users": self._other_users}
        return tally(
            ("sctp", self._sctp.counts), ("sctp", own), ("isup", self._isup.counts),
            ("q931", self._q931.counts),
        )  # fmt: skip

    @property
    def missing(self) -> int:
        """Chunks that were on the association and did not come here."""
        return self._sctp.counts["missing"]

    def feed(self, unit: Unit, flow: Flow, octets: bytes) -> Found:
        """Read one packet, the payload of IP protocol 132; return what it completes."""
        found: Found = []
        for message in self._sctp.feed(octets):
            if isinstance(message, Malformed):
                found.append(msgspec.structs.replace(message, unit=unit))
            else:
                ports = msgspec.structs.replace(
                    flow,
                    source_port=message.source_port,
                    destination_port=message.destination_port,
                    transport="sctp",
                )
                found += self._message(unit, ports, message)
        return found

    def _message(self, unit: Unit, flow: Flow, message: UserMessage) -> Found:
        proto = protocol_of(message.payload_protocol, flow.source_port, flow.destination_port)
        if not proto:
            self._other_users += 1
            return []
        adapted = parse(proto, message.data)
        if isinstance(adapted, Malformed):
            return [msgspec.structs.replace(adapted, unit=unit)]
        return self._carried(unit, flow, adapted)

    def _carried(self, unit: Unit, flow: Flow, adapted: Adapted) -> Found:
        carried = adapted.carried
        if carried is None:
            return [LayerMessage(unit, adapted.proto, adapted.type, adapted.details, flow)]
        if isinstance(carried, Transfer):
            return [*self._isup.read(unit, flow, carried)]
        channel = place(unit, f"iua-{carried.interface}")
        return [*self._q931.read(unit, flow, channel, carried.side, carried.octets)]
