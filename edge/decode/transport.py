# SPDX-License-Identifier: Apache-2.0
"""UDP (RFC 768), the header of TCP (RFC 9293), the ports of SCTP (RFC 9260).

Streams are put together in `tcp`, associations in `sigtran.sctp`.

Port numbers are kept, not believed: what a payload is, is told by its content.
"""

from struct import Struct

import msgspec

from edge.decode.cursor import Unreadable
from edge.decode.ip import SCTP, TCP, UDP
from edge.decode.walk import Key, Layer, Path, Segment, Walk
from edge.model.message import Flow
from edge.model.unit import Unit

_IPV6_ADDRESS = 16
_UDP = Struct(">HHH2x")
_TCP = Struct(">HHIIBB6x")
_SCTP = Struct(">HH")


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """What one UDP datagram carried."""

    unit: Unit
    "The unit that completed it."
    flow: Flow
    data: bytes
    path: Path = ()
    earlier: tuple[Unit, ...] = ()
    "The units with its other fragments, as evidence."


def udp(walk: Walk) -> Key:
    """Open a UDP datagram."""
    cursor = walk.cursor
    start = cursor.offset
    walk.source_port, walk.destination_port, length = cursor.unpack(_UDP)
    if length == 0 and len(walk.source) == _IPV6_ADDRESS:
        # Over IPv6, 0 means all there is (RFC 2675 4), and Linux takes it so.
        length = _UDP.size + cursor.left
    if length < _UDP.size:
        raise Unreadable(start + 4, f"length {length}")
    cursor.narrow(length - _UDP.size)
    return "udp", walk.destination_port


def tcp(walk: Walk) -> Key:
    """Open a TCP segment."""
    cursor = walk.cursor
    start = cursor.offset
    header = cursor.unpack(_TCP)
    walk.source_port, walk.destination_port, sequence, acknowledged, size, flags = header
    size = (size >> 4) * 4
    if size < _TCP.size:
        raise Unreadable(start + 12, f"header of {size} octets")
    cursor.skip(size - _TCP.size)
    walk.segment = Segment(sequence, acknowledged, flags)
    return "tcp", walk.destination_port


def sctp(walk: Walk) -> Key:
    """Note the ports of an SCTP packet, which is carried on whole."""
    walk.source_port, walk.destination_port = walk.cursor.ahead(0).unpack(_SCTP)
    return "sctp", walk.destination_port


LAYERS: dict[Key, Layer] = {
    ("ip", UDP): Layer("udp", udp),
    ("ip", TCP): Layer("tcp", tcp),
    ("ip", SCTP): Layer("sctp", sctp),
}
