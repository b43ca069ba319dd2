# SPDX-License-Identifier: Apache-2.0
"""Who handed a call to us, as the hub and a court are told."""

from edge.decode.isup.message import IsupMessage
from edge.model.message import Message, address_text


def peer_of(message: Message) -> str:
    """Return who handed us a call: an address, or a point code; empty on a line of ISDN."""
    if isinstance(message, IsupMessage) and message.circuit:
        return f"OPC {message.circuit.label.opc}"
    return address_text(message.flow.source)
