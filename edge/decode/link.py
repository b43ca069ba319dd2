# SPDX-License-Identifier: Apache-2.0
"""Link layers: Ethernet with any stack of VLAN tags, raw IP, BSD loopback, Linux cooked v1 and v2.

IEEE 802.3, 802.1Q, 802.1ad; the LINKTYPE pages of the pcap formats.
"""

from struct import Struct

from edge.decode.cursor import Unreadable
from edge.decode.walk import Key, Layer, Walk
from edge.model.unit import LinkType

VLAN_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
"802.1Q, 802.1ad, and the two that were used for the outer tag before it."

_IPV4, _IPV6 = 0x0800, 0x86DD
_LEAST_ETHERTYPE = 0x0600
"Below it the field is a length, and LLC follows (IEEE 802.3 3.2.6)."
_SNAP = b"\xaa\xaa\x03\x00\x00\x00"
"LLC and SNAP in front of an EtherType (RFC 1042)."

_ETHERNET = Struct(">12xH")
_VLAN = Struct(">HH")
_COOKED = Struct(">14xH")
_COOKED_2 = Struct(">H18x")
_FAMILIES = {2: _IPV4, 24: _IPV6, 28: _IPV6, 30: _IPV6}
"AF_INET; AF_INET6 of NetBSD and OpenBSD, of FreeBSD, of Darwin."
_VERSIONS = {4: _IPV4, 6: _IPV6}


def ethernet(walk: Walk) -> Key:
    """Open an Ethernet frame. Its padding is cut later, by the length of what it carries."""
    (kind,) = walk.cursor.unpack(_ETHERNET)
    return _ethertype(walk, kind)


def vlan(walk: Walk) -> Key:
    """Open one VLAN tag."""
    tag, kind = walk.cursor.unpack(_VLAN)
    walk.path += (("vlan", tag & 0xFFF),)
    return _ethertype(walk, kind)


def _ethertype(walk: Walk, kind: int) -> Key:
    cursor = walk.cursor
    if kind >= _LEAST_ETHERTYPE:
        return "ether", kind
    if cursor.data[cursor.offset : cursor.end].startswith(_SNAP):
        cursor.skip(len(_SNAP))
        return "ether", cursor.u16()
    return "llc", cursor.u8()


def cooked(walk: Walk) -> Key:
    """Open a Linux cooked header (LINKTYPE_LINUX_SLL)."""
    (kind,) = walk.cursor.unpack(_COOKED)
    return _ethertype(walk, kind)


def cooked_2(walk: Walk) -> Key:
    """Open a Linux cooked header, version 2 (LINKTYPE_LINUX_SLL2)."""
    (kind,) = walk.cursor.unpack(_COOKED_2)
    return _ethertype(walk, kind)


def loopback(walk: Walk) -> Key:
    """Open BSD loopback: an address family in the octet order of the machine that captured."""
    octets = walk.cursor.take(4)
    family = min(int.from_bytes(octets, "big"), int.from_bytes(octets, "little"))
    return ("ether", _FAMILIES[family]) if family in _FAMILIES else ("family", family & 0xFF)


def raw(walk: Walk) -> Key:
    """Open an IP packet without a link header: its first four bits tell the version."""
    version = walk.cursor.peek() >> 4
    if version not in _VERSIONS:
        raise Unreadable(walk.cursor.offset, f"version {version} of IP")
    return "ether", _VERSIONS[version]


_DLT_RAW, _DLT_RAW_OPENBSD = 12, 14
"What raw IP is called by tools that write the number of their own platform."

LAYERS: dict[Key, Layer] = {
    ("link", LinkType.ETHERNET): Layer("ethernet", ethernet),
    ("link", LinkType.NULL): Layer("loopback", loopback),
    ("link", LinkType.LOOP): Layer("loopback", loopback),
    ("link", LinkType.LINUX_SLL): Layer("sll", cooked),
    ("link", LinkType.LINUX_SLL2): Layer("sll2", cooked_2),
    ("link", LinkType.RAW): Layer("raw", raw),
    ("link", _DLT_RAW): Layer("raw", raw),
    ("link", _DLT_RAW_OPENBSD): Layer("raw", raw),
    ("link", LinkType.IPV4): Layer("raw", raw),
    ("link", LinkType.IPV6): Layer("raw", raw),
    **{("ether", kind): Layer("vlan", vlan) for kind in VLAN_TAGS},
}
