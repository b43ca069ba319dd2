# SPDX-License-Identifier: Apache-2.0
"""What an endpoint heard itself, without the packets: LINKTYPE_WIRESHARK_UPPER_PDU, both ways.

Tags of sixteen bits in front say which protocol follows and between whom it went ("exported PDU",
`epan/exported_pdu.h` of Wireshark). Only SIP is opened.
"""

from struct import Struct

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.walk import Key, Layer, Walk
from edge.model.message import Flow
from edge.model.unit import LinkType

_TAG = Struct(">HH")
"Tag, and the length of its value, which is filled up to four octets."
_NUMBER = Struct(">HHI")

_END, _DISSECTOR, _PORT_TYPE, _SOURCE_PORT, _DESTINATION_PORT = 0, 12, 24, 25, 26
_ADDRESSES = {4: (20, 21), 16: (22, 23)}
"Tags of source and destination by the octets of an address: IPv4, IPv6."
_ADDRESS_SIZES = {tag: size for size, tags in _ADDRESSES.items() for tag in tags}

_SIP = b"sip"
_PORT_TYPES = {"sctp": 1, "tcp": 2, "udp": 3}
_TRANSPORTS = {number: name for name, number in _PORT_TYPES.items()}


def prefix(flow: Flow) -> bytes:
    """Return what stands before a SIP message that came over a flow; the same for all of it."""
    source, destination = _ADDRESSES[len(flow.source)]
    return b"".join(
        (
            _TAG.pack(_DISSECTOR, 4) + _SIP.ljust(4, b"\0"),
            _TAG.pack(source, len(flow.source)) + flow.source,
            _TAG.pack(destination, len(flow.destination)) + flow.destination,
            _NUMBER.pack(_PORT_TYPE, 4, _PORT_TYPES[flow.transport]),
            _NUMBER.pack(_SOURCE_PORT, 4, flow.source_port),
            _NUMBER.pack(_DESTINATION_PORT, 4, flow.destination_port),
            _TAG.pack(_END, 0),
        )
    )


def wrap(sip: bytes, flow: Flow) -> bytes:
    """Return a SIP message with the ends it went between, as the data of a unit."""
    return prefix(flow) + sip


def upper_pdu(walk: Walk) -> Key:
    """Open an exported PDU, down to the message; it is whole, whatever carried it."""
    cursor = walk.cursor
    start = cursor.offset
    values = _values(cursor)
    if values.get(_DISSECTOR, b"").rstrip(b"\0") != _SIP:
        return "upper pdu", 0
    for source, destination in _ADDRESSES.values():
        if source in values and destination in values:
            walk.source, walk.destination = values[source], values[destination]
    if not walk.source:
        raise Unreadable(start, "no pair of addresses")
    walk.source_port = _number(values, _SOURCE_PORT) & 0xFFFF
    walk.destination_port = _number(values, _DESTINATION_PORT) & 0xFFFF
    return _TRANSPORTS.get(_number(values, _PORT_TYPE), "udp"), walk.destination_port


def _values(cursor: Cursor) -> dict[int, bytes]:
    """Read the tags up to the last; the first counts if one comes twice. Raises `Unreadable`."""
    values: dict[int, bytes] = {}
    while True:
        tag, length = cursor.unpack(_TAG)
        if tag == _END:
            return values
        at = cursor.offset
        value = cursor.take(length)
        if length != _ADDRESS_SIZES.get(tag, length):
            raise Unreadable(at, f"address of {length} octets")
        values.setdefault(tag, value)
        cursor.skip(-length % 4)


def _number(values: dict[int, bytes], tag: int) -> int:
    return int.from_bytes(values.get(tag, b""), "big")


LAYERS: dict[Key, Layer] = {("link", LinkType.UPPER_PDU): Layer("upper pdu", upper_pdu)}
