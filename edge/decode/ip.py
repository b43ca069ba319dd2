# SPDX-License-Identifier: Apache-2.0
"""IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200), one packet at a time.

Header checksums are not checked: a tap beside a server hears packets before its card fills them in.
Parts of a datagram are put together in `fragment`.
"""

from struct import Struct

from edge.decode.cursor import Unreadable
from edge.decode.walk import Fragment, Key, Layer, Walk

V4, V6 = 4, 6
TCP, UDP, SCTP = 6, 17, 132
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_MOBILITY, _HIP, _SHIM6 = 135, 139, 140

_IPV4 = Struct(">BxHHHxBxx4s4s")
_IPV6 = Struct(">BxxxHBx16s16s")
_EXTENSION = Struct(">BB")
_FRAGMENT_HEADER = Struct(">BxHI")

_MORE, _OFFSET = 0x2000, 0x1FFF


def ipv4(walk: Walk) -> Key:
    """Open an IPv4 packet and cut what follows its total length (Ethernet padding)."""
    cursor = walk.cursor
    start = cursor.offset
    first, total, ident, part, protocol, walk.source, walk.destination = cursor.unpack(_IPV4)
    version, header = first >> 4, (first & 0x0F) * 4
    if version != V4:
        raise Unreadable(start, f"version {version} in an IPv4 header")
    if header < _IPV4.size:
        raise Unreadable(start, f"header of {header} octets")
    cursor.skip(header - _IPV4.size)
    if total == 0 and protocol == TCP:
        # Segmentation offload: the card will fill in the length of each segment.
        total = header + cursor.left
    if total < header:
        raise Unreadable(start + 2, f"total length {total}, header {header}")
    cursor.narrow(total - header)
    if part & (_MORE | _OFFSET):
        offset = (part & _OFFSET) * 8
        walk.fragment = Fragment(V4, ident, protocol, offset, bool(part & _MORE))
    return "ip", protocol


def ipv6(walk: Walk) -> Key:
    """Open an IPv6 packet and cut what follows its payload length."""
    cursor = walk.cursor
    start = cursor.offset
    first, length, following, walk.source, walk.destination = cursor.unpack(_IPV6)
    if first >> 4 != V6:
        raise Unreadable(start, f"version {first >> 4} in an IPv6 header")
    if length == 0 and following in {_HOP_BY_HOP, TCP}:
        # A jumbogram tells its length in an option (RFC 2675 3), offload tells none.
        length = cursor.left
    cursor.narrow(length)
    return "ip", following


def extension(walk: Walk) -> Key:
    """Step over an extension header; its length is in units of 8 octets (RFC 8200 4.3 to 4.6)."""
    following, length = walk.cursor.unpack(_EXTENSION)
    walk.cursor.skip(length * 8 + 6)
    return "ip", following


def authentication(walk: Walk) -> Key:
    """Step over an authentication header; its length is in units of 4 octets (RFC 4302 2.2)."""
    following, length = walk.cursor.unpack(_EXTENSION)
    walk.cursor.skip(length * 4 + 6)
    return "ip", following


def fragment(walk: Walk) -> Key:
    """Open the fragment header of IPv6 (RFC 8200 4.5)."""
    following, part, ident = walk.cursor.unpack(_FRAGMENT_HEADER)
    # An atomic fragment is a whole packet (RFC 6946).
    if part & 0xFFF9:
        walk.fragment = Fragment(V6, ident, 0, part & 0xFFF8, bool(part & 1))
    return "ip", following


LAYERS: dict[Key, Layer] = {
    ("ether", 0x0800): Layer("ipv4", ipv4),
    ("ether", 0x86DD): Layer("ipv6", ipv6),
    ("ip", _AUTHENTICATION): Layer("ah", authentication),
    ("ip", _FRAGMENT): Layer("ipv6", fragment),
    **{
        ("ip", number): Layer("ipv6", extension)
        for number in (_HOP_BY_HOP, _ROUTING, _DESTINATION, _MOBILITY, _HIP, _SHIM6)
    },
}
