# SPDX-License-Identifier: Apache-2.0
"""Tunnels that carriers and remote mirror ports put a trunk's packets into.

IP in IP, MPLS, GRE with IP, Ethernet, PPP or MPLS inside, ERSPAN I to III, VXLAN, Geneve, PPPoE.
How deep they may lie in each other, `chain` bounds.
"""

from struct import Struct

from edge.decode import ip, link
from edge.decode.cursor import Unreadable
from edge.decode.walk import Key, Layer, Walk
from edge.model.unit import LinkType

_ETHERNET: Key = ("link", LinkType.ETHERNET)
_RAW: Key = ("link", LinkType.RAW)
_IPV4: Key = ("ether", 0x0800)
_IPV6: Key = ("ether", 0x86DD)
_MPLS: Key = ("ether", 0x8847)
_PPP: Key = ("ether", 0x880B)
_ERSPAN: Key = ("ether", 0x88BE)
_ACKNOWLEDGEMENT: Key = ("pptp", 0)
_DATAGRAM: Key = ("udp", 0)
"No tunnel after all: a datagram like any other."

_BOTTOM_OF_STACK = 0x100
_BELOW_MPLS = {4: _IPV4, 6: _IPV6}

_GRE = Struct(">HH")
_CHECKSUM, _ROUTING, _KEY, _SEQUENCE = 0x8000, 0x4000, 0x2000, 0x1000
_ACKNOWLEDGED, _VERSION = 0x0080, 0x0007
_ERSPAN_2 = Struct(">HH4x")
_ERSPAN_3 = Struct(">HH6xH")
_FRAME_TYPE, _MORE, _MORE_SIZE = 0x7C00, 1, 8

_VXLAN = Struct(">BxxBI")
_VNI_VALID, _NEXT_PROTOCOL = 0x08, 0x04
_IN_VXLAN = {1: _IPV4, 2: _IPV6, 3: _ETHERNET, 5: _MPLS}
_TEXT = range(0x20, 0x7F)
_GENEVE = Struct(">BxHI")
_PPPOE = Struct(">BBHH")


def mpls(walk: Walk) -> Key:
    """Open one label (RFC 3032). What follows the last, only its own first bits tell."""
    entry = walk.cursor.u32()
    walk.path += (("mpls", entry >> 12),)
    if not entry & _BOTTOM_OF_STACK:
        return _MPLS
    following = walk.cursor.peek() >> 4
    if following == 0:
        # The control word of a pseudowire: made so that it is not taken for IP (RFC 4385 3).
        walk.cursor.skip(4)
    return _BELOW_MPLS.get(following, _ETHERNET)


def gre(walk: Walk) -> Key:
    """Open GRE (RFC 2784, RFC 2890), or the version 1 of PPTP (RFC 2637 4.1)."""
    cursor = walk.cursor
    start = cursor.offset
    flags, kind = cursor.unpack(_GRE)
    if flags & _VERSION > 1 or flags & _ROUTING:
        raise Unreadable(start, f"flags {flags:04x} of GRE")  # to be discarded (RFC 2784 2.3)
    if flags & _CHECKSUM:
        cursor.skip(4)
    key = cursor.u32() if flags & _KEY else 0
    if flags & _SEQUENCE:
        cursor.skip(4)
    if flags & _VERSION:
        return _pptp(walk, flags, key)
    walk.path += (("gre", key),)
    if ("ether", kind) == _ERSPAN and not flags & _SEQUENCE:
        return _ETHERNET  # ERSPAN I is known by what it lacks: a header, and a sequence number
    return "ether", kind


def _pptp(walk: Walk, flags: int, key: int) -> Key:
    """Go on in version 1, where the key holds the payload's length and the call."""
    if flags & _ACKNOWLEDGED:
        walk.cursor.skip(4)
    if not flags & _SEQUENCE:
        return _ACKNOWLEDGEMENT
    walk.cursor.narrow(key >> 16)
    walk.path += (("pptp", key & 0xFFFF),)
    return _PPP


def erspan_2(walk: Walk) -> Key:
    """Open the header of ERSPAN II (draft-foschiano-erspan 4.2)."""
    version, session = walk.cursor.unpack(_ERSPAN_2)
    _mirrored(walk, version >> 12, 1, session)
    return _ETHERNET


def erspan_3(walk: Walk) -> Key:
    """Open the header of ERSPAN III (draft-foschiano-erspan 4.3)."""
    version, session, about = walk.cursor.unpack(_ERSPAN_3)
    if about & _MORE:
        walk.cursor.skip(_MORE_SIZE)
    _mirrored(walk, version >> 12, 2, session)
    return _RAW if about & _FRAME_TYPE else _ETHERNET


def _mirrored(walk: Walk, version: int, expected: int, session: int) -> None:
    if version != expected:
        raise Unreadable(walk.start, f"version {version} of ERSPAN")
    walk.path += (("erspan", session & 0x3FF),)


def vxlan(walk: Walk) -> Key:
    """Open VXLAN (RFC 7348 5) or its generic extension (draft-ietf-nvo3-vxlan-gpe), if it is."""
    cursor = walk.cursor
    if cursor.left < _VXLAN.size or cursor.peek() in _TEXT or not cursor.peek() & _VNI_VALID:
        return _DATAGRAM
    flags, following, network = cursor.unpack(_VXLAN)
    walk.path += (("vxlan", network >> 8),)
    return _IN_VXLAN.get(following, _ETHERNET) if flags & _NEXT_PROTOCOL else _ETHERNET


def geneve(walk: Walk) -> Key:
    """Open Geneve (RFC 8926 3.4), if it is."""
    cursor = walk.cursor
    if cursor.left < _GENEVE.size or cursor.peek() >> 6:
        return _DATAGRAM
    first, kind, network = cursor.unpack(_GENEVE)
    cursor.skip((first & 0x3F) * 4)
    walk.path += (("geneve", network >> 8),)
    return "ether", kind


def pppoe(walk: Walk) -> Key:
    """Open a PPPoE session frame (RFC 2516 4); its padding is cut by its own length."""
    start = walk.cursor.offset
    version, code, session, length = walk.cursor.unpack(_PPPOE)
    if (version, code) != (0x11, 0):
        raise Unreadable(start, f"version {version:02x}, code {code:02x} of PPPoE")
    walk.cursor.narrow(length)
    walk.path += (("pppoe", session),)
    return _PPP


def ppp(walk: Walk) -> Key:
    """Open PPP (RFC 1661 2), its address and protocol fields compressed or not (6.5, 6.6)."""
    cursor = walk.cursor
    if cursor.data.startswith(b"\xff\x03", cursor.offset, cursor.end):
        cursor.skip(2)
    return "ppp", cursor.u8() if cursor.peek() & 1 else cursor.u16()


LAYERS: dict[Key, Layer] = {
    ("ip", 4): Layer("ipv4", ip.ipv4),
    ("ip", 41): Layer("ipv6", ip.ipv6),
    ("ip", 47): Layer("gre", gre),
    ("ip", 137): Layer("mpls", mpls),
    ("ether", 0x6558): Layer("ethernet", link.ethernet),
    _MPLS: Layer("mpls", mpls),
    ("ether", 0x8848): Layer("mpls", mpls),
    ("ether", 0x8864): Layer("pppoe", pppoe),
    _PPP: Layer("ppp", ppp),
    ("ppp", 0x0021): Layer("ipv4", ip.ipv4),
    ("ppp", 0x0057): Layer("ipv6", ip.ipv6),
    ("ppp", 0x0281): Layer("mpls", mpls),
    _ERSPAN: Layer("erspan", erspan_2),
    ("ether", 0x22EB): Layer("erspan", erspan_3),
    ("udp", 4789): Layer("vxlan", vxlan),
    ("udp", 4790): Layer("vxlan", vxlan),
    ("udp", 8472): Layer("vxlan", vxlan),
    ("udp", 6081): Layer("geneve", geneve),
}
