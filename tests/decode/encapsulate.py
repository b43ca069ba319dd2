# SPDX-License-Identifier: Apache-2.0
"""Puts packets into tunnels, and tunnels into pieces, independently of our decoder.

Headers are scapy's; fragments are cut by RFC 791 section 3.2 and RFC 8200 section 4.5.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache, partial
from itertools import count
from struct import pack
from typing import NamedTuple

from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

IPV4, IPV6 = 0x0800, 0x86DD
MACS = bytes.fromhex("020000000001 020000000002")
_PPP_NUMBERS = {IPV4: 0x0021, IPV6: 0x0057}
_TRANSPARENT_ETHERNET = 0x6558


class Form(Enum):
    """What octets are."""

    FRAME = "Ethernet"
    PACKET = "IP"


class Tunnel(NamedTuple):
    """One encapsulation: what it takes, what that becomes, and how."""

    takes: Form
    gives: Form
    around: Callable[[bytes], bytes]


def kind_of(packet: bytes) -> int:
    """Return the EtherType of an IP packet."""
    return {4: IPV4, 6: IPV6}[packet[0] >> 4]


def framed(octets: bytes, form: Form) -> bytes:
    """Return octets as a frame on a cable."""
    return octets if form is Form.FRAME else MACS + pack(">H", kind_of(octets)) + octets


Layers = Callable[[int], Packet]
"Makes the headers around what has an EtherType, 0 for a frame."


def _behind(takes: Form, gives: Form, layers: Layers) -> Tunnel:
    """Return a tunnel that puts headers in front. They depend on length and kind alone."""

    @cache
    def head(size: int, kind: int) -> bytes:
        return bytes(layers(kind) / Raw(bytes(size)))[:-size]

    def around(octets: bytes) -> bytes:
        kind = kind_of(octets) if takes is Form.PACKET else 0
        return head(len(octets), kind) + octets

    return Tunnel(takes, gives, around)


def _tagged(tags: Packet) -> Tunnel:
    """Return what puts tags behind the addresses of a frame; its EtherType follows them."""
    octets = bytes(tags)[12:-2]
    return Tunnel(Form.FRAME, Form.FRAME, lambda frame: frame[:12] + octets + frame[12:])


def _ether(kind: int) -> Packet:
    return Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02", type=kind)


def _ppp(kind: int) -> Packet:
    return PPP(proto=_PPP_NUMBERS[kind])


def _geneve(kind: int) -> Packet:
    options = [GeneveOptions(data=b"12345678")]
    return UDP(sport=50_001, dport=6081, chksum=0) / GENEVE(vni=77, proto=kind, options=options)


_MPLS = MPLS(label=16, s=0) / MPLS(label=17, s=1)
_PSEUDOWIRE = MPLS(label=18, s=1) / Raw(bytes(4))
_VXLAN = UDP(sport=50_000, dport=4789, chksum=0) / VXLAN(flags=8, vni=5001)
_ERSPAN_2 = GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=77)
_ERSPAN_3 = GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=78)
_ERSPAN_3_O = _ERSPAN_3.copy() / ERSPAN_PlatformSpecific()
_ERSPAN_3_O[ERSPAN_III].o = 1

_ON_A_CABLE: dict[str, Tunnel] = {
    "802.1q": _tagged(_ether(0x8100) / Dot1Q(vlan=100)),
    "802.1ad": _tagged(_ether(0x88A8) / Dot1AD(vlan=200) / Dot1Q(vlan=100)),
    "mpls": _behind(Form.PACKET, Form.FRAME, lambda _: _ether(0x8847) / _MPLS),
    "mpls-ethernet": _behind(Form.FRAME, Form.FRAME, lambda _: _ether(0x8847) / _PSEUDOWIRE),
    "pppoe": _behind(
        Form.PACKET, Form.FRAME, lambda kind: _ether(0x8864) / PPPoE(sessionid=4) / _ppp(kind)
    ),
}

_OVER_IP: dict[str, tuple[Form, int, Layers]] = {
    "gre": (Form.PACKET, 47, lambda kind: GRE(proto=kind)),
    "gre-options": (
        Form.PACKET,
        47,
        lambda kind: GRE(proto=kind, chksum_present=1, key_present=1, key=9, seqnum_present=1),
    ),
    "gre-ethernet": (Form.FRAME, 47, lambda _: GRE(proto=_TRANSPARENT_ETHERNET)),
    "gre-ppp": (Form.PACKET, 47, lambda kind: GRE(proto=0x880B) / _ppp(kind)),
    "gre-mpls": (Form.PACKET, 47, lambda _: GRE(proto=0x8847) / _MPLS),
    "pptp": (Form.PACKET, 47, lambda kind: GRE_PPTP(seqnum_present=1, call_id=3) / _ppp(kind)),
    "erspan-1": (Form.FRAME, 47, lambda _: GRE(proto=0x88BE) / ERSPAN_I()),
    "erspan-2": (Form.FRAME, 47, lambda _: _ERSPAN_2),
    "erspan-3": (Form.FRAME, 47, lambda _: _ERSPAN_3),
    "erspan-3-platform": (Form.FRAME, 47, lambda _: _ERSPAN_3_O),
    "vxlan": (Form.FRAME, 17, lambda _: _VXLAN),
    "geneve": (Form.PACKET, 17, _geneve),
    "geneve-ethernet": (Form.FRAME, 17, lambda _: _geneve(_TRANSPARENT_ETHERNET)),
}

_IP_IN_IP = {IPV4: 4, IPV6: 41}
_OUTSIDE: dict[str, Callable[[int], Packet]] = {
    "ipv4": lambda number: IP(src="198.51.100.1", dst="198.51.100.2", proto=number),
    "ipv6": lambda number: IPv6(src="2001:db8:51::1", dst="2001:db8:51::2", nh=number),
}


def _over(ip: str) -> Iterator[tuple[str, Tunnel]]:
    """Yield the tunnels whose outside is a packet of IPv4 or IPv6."""
    outside = _OUTSIDE[ip]
    yield (
        f"ip in {ip}",
        _behind(Form.PACKET, Form.PACKET, lambda kind: outside(_IP_IN_IP[kind])),
    )
    for name, (takes, number, layers) in _OVER_IP.items():
        outer = outside(number)
        yield f"{name} over {ip}", _behind(takes, Form.PACKET, partial(_joined, outer, layers))


def _joined(outer: Packet, layers: Layers, kind: int) -> Packet:
    return outer / layers(kind)


TUNNELS: dict[str, Tunnel] = _ON_A_CABLE | dict((*_over("ipv4"), *_over("ipv6")))

_numbers = count(1)
"Identifications: no two datagrams of a run share one."


def pieces(packet: bytes, size: int) -> list[bytes]:
    """Return a packet as fragments that carry `size` octets at most, a multiple of 8."""
    ident = next(_numbers) & 0xFFFF
    if kind_of(packet) == IPV4:
        return [
            packet[:2]
            + pack(">HHH", 20 + len(part), ident, (more << 13) | (at // 8))
            + packet[8:20]
            + part
            for at, part, more in _cut(packet[20:], size)
        ]
    return [
        packet[:4]
        + pack(">HB", 8 + len(part), 44)
        + packet[7:40]
        + pack(">BBHI", packet[6], 0, at | more, ident)
        + part
        for at, part, more in _cut(packet[40:], size)
    ]


def _cut(octets: bytes, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield where each part begins, the part, and whether more follow."""
    for at in range(0, len(octets), size):
        yield at, octets[at : at + size], at + size < len(octets)
