# SPDX-License-Identifier: Apache-2.0
"""HEP version 3: a message that a switch heard or sent, and between whom, as chunks.

HEP3 Network Protocol Specification, rev. 36 (sipcapture.org). The switch's time and its correlation
id are left where they are: all taps go by one clock. Compressed payloads are not opened.
"""

from struct import Struct

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.walk import Key, Layer, Walk

LINK = 147
"""Link type of a unit that is one HEP packet. HEP has none in the registry of the pcap formats;
this is LINKTYPE_USER0, the first of those for private use."""

MAGIC = b"HEP3"
HEADER = Struct(">4sH")
"Magic, and the length of the packet, this header included."
_CHUNK = Struct(">HHH")
"Vendor, type, and the length of the chunk, these included."

_GENERIC = 0
"The vendor of the chunks that all know (section 3)."
_PROTOCOL, _PORTS, _PAYLOAD_KIND = 2, (7, 8), 11
_ADDRESSES = ((3, 4, 4), (5, 6, 16))
"Chunks of source and destination, and the octets of either: IPv4, IPv6."
_CAPTURE_ID, _KEY, _PAYLOAD, _PACKED = 12, 14, 15, 16

_SIP = 1
_TRANSPORTS = {6: "tcp", 17: "udp", 132: "sctp"}

Places = dict[int, Cursor]
"The generic chunks of a packet by type; the first, if one comes twice."


def hep(walk: Walk) -> Key:
    """Open a HEP packet, down to the payload; it is a whole message, whatever carried it."""
    cursor = walk.cursor
    chunks = _chunks(cursor)
    payload_kind = _number(chunks, _PAYLOAD_KIND)
    walk.path += (("hep", _number(chunks, _CAPTURE_ID)),)
    if payload_kind != _SIP:
        return "hep", payload_kind
    if _PAYLOAD not in chunks:
        why = "payload is compressed" if _PACKED in chunks else "no payload"
        raise Unreadable(cursor.offset, why)
    walk.source, walk.destination = _ends(chunks, cursor)
    walk.source_port, walk.destination_port = (_number(chunks, kind) for kind in _PORTS)
    walk.cursor = chunks[_PAYLOAD]
    return _TRANSPORTS.get(_number(chunks, _PROTOCOL), "udp"), walk.destination_port


def split_key(packet: bytes) -> tuple[bytes, bytes]:
    """Return the shared key in a packet, and the packet with that key blanked out.

    What is kept as evidence goes to others, and must not let them speak in a switch's name.
    """
    try:
        place = _chunks(Cursor(packet)).get(_KEY)
    except Unreadable:
        place = None
    if place is None:
        return b"", packet
    at, end = place.offset, place.end
    return packet[at:end], packet[:at] + b"*" * (end - at) + packet[end:]


def _chunks(cursor: Cursor) -> Places:
    """Read the header and step from chunk to chunk. Raises `Unreadable`."""
    magic, length = cursor.unpack(HEADER)
    if magic != MAGIC:
        raise Unreadable(cursor.offset - HEADER.size, "no HEP of version 3")
    cursor.narrow(length - HEADER.size)
    chunks: Places = {}
    while cursor.left:
        vendor, kind, size = cursor.unpack(_CHUNK)
        content = cursor.sub(size - _CHUNK.size)
        if vendor == _GENERIC:
            chunks.setdefault(kind, content)
    return chunks


def _ends(chunks: Places, cursor: Cursor) -> tuple[bytes, bytes]:
    """Return the addresses that the message went between."""
    for source, destination, size in _ADDRESSES:
        if source in chunks and destination in chunks:
            ends = _octets(chunks[source]), _octets(chunks[destination])
            if len(ends[0]) == len(ends[1]) == size:
                return ends
    raise Unreadable(cursor.offset, "no pair of addresses")


def _number(chunks: Places, kind: int) -> int:
    """Return a chunk as a number; 0 if it is absent."""
    place = chunks.get(kind)
    return int.from_bytes(_octets(place)[:8], "big") if place else 0


def _octets(place: Cursor) -> bytes:
    return place.data[place.offset : place.end]


LAYERS: dict[Key, Layer] = {("link", LINK): Layer("hep", hep)}
