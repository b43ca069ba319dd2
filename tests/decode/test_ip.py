# SPDX-License-Identifier: Apache-2.0
"""IPv4 and IPv6: addresses, lengths, extension headers."""

from socket import AF_INET6, inet_aton, inet_pton
from struct import pack

import pytest
from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH
from scapy.packet import Packet, Raw

from edge.decode.cursor import Cursor, Short, Unreadable
from edge.decode.ip import LAYERS
from edge.decode.walk import Fragment, Key, Walk
from edge.model.unit import LinkType, Unit

PAYLOAD = Raw(b"payload")
V4 = IP(src="192.0.2.1", dst="198.51.100.2", proto=17)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2", nh=17)


def opened(octets: bytes) -> tuple[Key, Walk]:
    """Open IP headers until something else comes."""
    walk = Walk(Unit("north", LinkType.RAW, 0, octets), Cursor(octets))
    key = ("ether", 0x0800 if octets[0] >> 4 != 6 else 0x86DD)
    while key in LAYERS:
        key = LAYERS[key].open(walk)
    return key, walk


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(V4 / PAYLOAD, id="ipv4"),
        pytest.param(IP(bytes(V4 / PAYLOAD)) / Raw(b"\0" * 12), id="ipv4-padded"),
        pytest.param(
            IP(src="192.0.2.1", dst="198.51.100.2", proto=17, options=[IPOption_Router_Alert()])
            / PAYLOAD,
            id="ipv4-options",
        ),
        pytest.param(
            IP(src="192.0.2.1", dst="198.51.100.2", proto=17, flags="DF", chksum=0) / PAYLOAD,
            id="ipv4-no-checksum",
        ),
    ],
)
def test_ipv4(packet: Packet) -> None:
    key, walk = opened(bytes(packet))
    assert key == ("ip", 17)
    assert (walk.source, walk.destination) == (inet_aton("192.0.2.1"), inet_aton("198.51.100.2"))
    assert walk.cursor.rest() == b"payload"
    assert walk.fragment is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="none"),
        pytest.param((IPv6ExtHdrHopByHop(options=[PadN(optdata=b"123456789")]),), id="hop-by-hop"),
        pytest.param((IPv6ExtHdrRouting(addresses=["2001:db8::3"]),), id="routing"),
        pytest.param((IPv6ExtHdrDestOpt(),), id="destination"),
        pytest.param((AH(spi=1, seq=1, payloadlen=4, icv=b"123456789012"),), id="authentication"),
        pytest.param(
            (IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrRouting(), IPv6ExtHdrDestOpt()),
            id="four",
        ),
        pytest.param((IPv6ExtHdrFragment(id=7),), id="atomic-fragment"),
    ],
)
def test_ipv6(headers: tuple[Packet, ...]) -> None:
    packet = IPv6(src="2001:db8::1", dst="2001:db8::2")
    for header in headers:
        packet /= header
    packet.lastlayer().nh = 17
    key, walk = opened(bytes(packet / PAYLOAD) + b"padding of the link")
    assert key == ("ip", 17)
    assert walk.source == inet_pton(AF_INET6, "2001:db8::1")
    assert walk.destination == inet_pton(AF_INET6, "2001:db8::2")
    assert walk.cursor.rest() == b"payload"
    assert walk.fragment is None


@pytest.mark.parametrize(
    ("packet", "fragment"),
    [
        pytest.param(
            IP(id=9, proto=17, flags="MF", frag=0), Fragment(4, 9, 17, 0, more=True), id="v4-first"
        ),
        pytest.param(
            IP(id=9, proto=6, frag=185), Fragment(4, 9, 6, 1480, more=False), id="v4-last"
        ),
        pytest.param(
            V6 / IPv6ExtHdrFragment(nh=17, id=9, m=1),
            Fragment(6, 9, 0, 0, more=True),
            id="v6-first",
        ),
        pytest.param(
            V6 / IPv6ExtHdrFragment(nh=17, id=9, offset=181),
            Fragment(6, 9, 0, 1448, more=False),
            id="v6-last",
        ),
    ],
)
def test_fragments_are_told(packet: Packet, fragment: Fragment) -> None:
    if IPv6 in packet:
        packet[IPv6].nh = 44
    _, walk = opened(bytes(packet / PAYLOAD))
    assert walk.fragment == fragment
    assert walk.cursor.rest() == b"payload"


def v4(first: int = 0x45, total: int = 27, protocol: int = 17) -> bytes:
    return pack(">BBHHHBBHII", first, 0, total, 0, 0, 64, protocol, 0, 1, 2) + b"payload"


@pytest.mark.parametrize(
    ("octets", "offset", "why"),
    [
        pytest.param(v4(0x55), 0, "version 5 in an IPv4 header", id="v4-version"),
        pytest.param(v4(0x44), 0, "header of 16 octets", id="v4-header"),
        pytest.param(v4(total=19), 2, "total length 19, header 20", id="v4-total"),
        pytest.param(v4(total=0), 2, "total length 0, header 20", id="v4-total-0"),
        pytest.param(v4(total=28), 20, "8 octets wanted, 7 left", id="v4-cut"),
        pytest.param(v4(0x47, 50), 20, "8 octets wanted, 7 left", id="v4-options-cut"),
        pytest.param(v4()[:19], 0, "20 octets wanted, 19 left", id="v4-header-cut"),
        pytest.param(
            bytes(IPv6(plen=8, nh=17) / PAYLOAD), 40, "8 octets wanted, 7 left", id="v6-cut"
        ),
        pytest.param(
            bytes(IPv6(nh=0)) + b"\x11\x05payload.",
            42,
            "46 octets wanted, 8 left",
            id="v6-extension-cut",
        ),
    ],
)
def test_lies_are_told(octets: bytes, offset: int, why: str) -> None:
    with pytest.raises(Unreadable) as lie:
        opened(octets)
    assert (lie.value.offset, lie.value.why) == (offset, why)


def test_a_chain_of_extension_headers_ends_with_the_packet() -> None:
    with pytest.raises(Short):
        opened(bytes(IPv6(nh=60)) + b"\x3c\0123456" * 100)


def test_offload_leaves_the_length_of_tcp_to_the_card() -> None:
    key, walk = opened(v4(total=0, protocol=6))
    assert (key, walk.cursor.rest()) == (("ip", 6), b"payload")
    key, walk = opened(bytes(IPv6(plen=0, nh=6) / PAYLOAD))
    assert (key, walk.cursor.rest()) == (("ip", 6), b"payload")
