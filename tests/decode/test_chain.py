# SPDX-License-Identifier: Apache-2.0
"""The whole way from a unit to a payload; the quick way does what the table does."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

from edge.decode.chain import MAX_LAYERS, Chain, Heard
from edge.decode.pcapng import PcapngWriter
from edge.decode.tcp import Closed
from edge.decode.transport import Datagram
from edge.decode.walk import Path as Way
from edge.model.message import Flow, Malformed
from edge.model.unit import LinkType, Unit

SIP = b"OPTIONS sip:edge@192.0.2.2 SIP/2.0\r\n\r\n"
ETHER = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
V4 = IP(src="192.0.2.1", dst="192.0.2.2")
V4_OPTIONS = IP(src="192.0.2.1", dst="192.0.2.2", options=[IPOption_NOP()] * 4)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
OVER = UDP(sport=5060, dport=5080) / Raw(SIP)
PLAIN = bytes(ETHER / V4 / OVER)
TAGGED = bytes(ETHER / Dot1Q(vlan=100) / V4 / OVER)

V4_FLOW = "192.0.2.1:5060 > 192.0.2.2:5080 udp"
V6_FLOW = "[2001:db8::1]:5060 > [2001:db8::2]:5080 udp"

WAYS: dict[str, tuple[int, bytes, str, Way]] = {
    "ethernet": (1, PLAIN, V4_FLOW, ()),
    "ethernet-trailer": (1, PLAIN + bytes(20), V4_FLOW, ()),
    "one-tag": (1, TAGGED, V4_FLOW, (("vlan", 100),)),
    "two-tags": (
        1,
        bytes(ETHER / Dot1AD(vlan=5) / Dot1Q(vlan=6) / V4 / OVER),
        V4_FLOW,
        (("vlan", 5), ("vlan", 6)),
    ),
    "ipv6": (1, bytes(ETHER / V6 / OVER), V6_FLOW, ()),
    "ipv6-options": (1, bytes(ETHER / V6 / IPv6ExtHdrDestOpt() / OVER), V6_FLOW, ()),
    "ipv4-options": (1, bytes(ETHER / V4_OPTIONS / OVER), V4_FLOW, ()),
    "raw": (101, bytes(V4 / OVER), V4_FLOW, ()),
    "raw-ipv6": (101, bytes(V6 / OVER), V6_FLOW, ()),
    "null": (0, b"\x02\0\0\0" + bytes(V4 / OVER), V4_FLOW, ()),
    "loop": (108, b"\0\0\0\x02" + bytes(V4 / OVER), V4_FLOW, ()),
    "sll": (113, bytes(CookedLinux(proto=0x800) / V4 / OVER), V4_FLOW, ()),
    "sll-ipv6": (113, bytes(CookedLinux(proto=0x86DD) / V6 / OVER), V6_FLOW, ()),
    "sll-tag": (
        113,
        bytes(CookedLinux(proto=0x8100) / Dot1Q(vlan=8) / V4 / OVER),
        V4_FLOW,
        (("vlan", 8),),
    ),
    "sll2": (276, bytes(CookedLinuxV2(proto=0x800) / V4 / OVER), V4_FLOW, ()),
}


def unit_of(octets: bytes, link: int = 1, cut: int = 0) -> Unit:
    return Unit("north", link, 1_764_000_000_000_000_000, octets, cut=cut)


def both_ways(unit: Unit) -> list[Heard]:
    """Return what a chain hears, having made sure that its two ways agree."""
    quick, table = Chain(), Chain()
    heard = quick.feed(unit)
    assert heard == table.layer_by_layer(unit)
    assert quick.other == table.other
    return heard


@pytest.mark.parametrize(("link", "octets", "flow", "path"), WAYS.values(), ids=WAYS)
def test_ways_to_a_datagram(link: int, octets: bytes, flow: str, path: Way) -> None:
    (datagram,) = both_ways(unit_of(octets, link))
    assert isinstance(datagram, Datagram)
    assert (datagram.data, datagram.flow.text(), datagram.path) == (SIP, flow, path)


@pytest.mark.peer("tshark")
def test_tshark_agrees(tmp_path: Path) -> None:
    units = [unit_of(octets, link) for link, octets, _, _ in WAYS.values()]
    writer, path = PcapngWriter(), tmp_path / "ways.pcapng"
    path.write_bytes(writer.header() + b"".join(writer.write(unit) for unit in units))
    names = (
        "ip.src",
        "ip.dst",
        "ipv6.src",
        "ipv6.dst",
        "udp.srcport",
        "udp.dstport",
        "udp.payload",
    )
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=;", *fields]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line, unit in zip(answer.splitlines(), units, strict=True):
        v4_from, v4_to, v6_from, v6_to, source_port, port, payload = line.split(";")
        source, destination = v4_from or f"[{v6_from}]", v4_to or f"[{v6_to}]"
        (datagram,) = both_ways(unit)
        assert isinstance(datagram, Datagram)
        assert datagram.flow.text() == f"{source}:{source_port} > {destination}:{port} udp"
        assert datagram.data.hex() == payload


@pytest.mark.parametrize(
    ("link", "packet", "kind"),
    [
        pytest.param(1, ETHER / ARP(), "arp", id="arp"),
        pytest.param(1, ETHER / Dot1Q(vlan=3) / ARP(), "arp", id="arp-in-a-vlan"),
        pytest.param(
            1, Ether(dst=ETHER.dst, src=ETHER.src, type=0x88CC) / Raw(b"x"), "lldp", id="lldp"
        ),
        pytest.param(1, ETHER / V4 / ICMP(), "icmp", id="icmp"),
        pytest.param(
            1,
            Ether(dst=ETHER.dst, src=ETHER.src, type=0x88B5) / Raw(b"x"),
            "ether 0x88b5",
            id="else",
        ),
        pytest.param(101, IP(proto=253) / Raw(b"x"), "ip 253", id="ip-253"),
        pytest.param(LinkType.MTP2, Raw(b"x"), "link 140", id="not-a-packet"),
    ],
)
def test_what_is_not_ours_is_counted_by_kind(link: int, packet: Packet, kind: str) -> None:
    chain = Chain()
    unit = unit_of(bytes(packet), link)
    assert (chain.feed(unit), chain.feed(unit)) == ([], [])
    assert chain.other == {kind: 2}


def test_kinds_are_bounded() -> None:
    chain = Chain()
    for kind in range(0x9300, 0x9300 + 300):
        chain.feed(unit_of(bytes(12) + kind.to_bytes(2)))
    assert len(chain.other) == 257
    assert (chain.other["rest"], chain.other.total()) == (44, 300)


@pytest.mark.parametrize(
    ("octets", "layer", "offset", "why"),
    [
        pytest.param(b"short", "ethernet", 0, "14 octets wanted, 5 left", id="runt"),
        pytest.param(
            PLAIN[:-1], "ipv4", 20, "46 octets wanted, 45 left", id="ip-longer-than-heard"
        ),
        pytest.param(
            PLAIN[:38] + b"\0\7" + PLAIN[40:], "udp", 4, "length 7", id="udp-below-its-header"
        ),
        pytest.param(
            PLAIN[:38] + b"\1\0" + PLAIN[40:],
            "udp",
            8,
            "248 octets wanted, 38 left",
            id="udp-longer-than-ip",
        ),
        pytest.param(
            PLAIN[:14] + b"\x46" + PLAIN[15:],
            "udp",
            8,
            "20296 octets wanted, 34 left",
            id="options-are-not-udp",
        ),
        pytest.param(
            PLAIN[:12] + b"\x81\0\0\1" * 40,
            "vlan",
            4,
            f"more than {MAX_LAYERS} layers",
            id="tags-without-end",
        ),
    ],
)
def test_malformed(octets: bytes, layer: str, offset: int, why: str) -> None:
    unit = unit_of(octets)
    (malformed,) = both_ways(unit)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.offset, malformed.why) == (layer, offset, why)
    assert malformed.unit is unit
    assert octets.endswith(malformed.data)


def test_what_the_tap_cut_is_not_the_senders_fault() -> None:
    unit = unit_of(PLAIN[:60], cut=len(PLAIN) - 60)
    assert both_ways(unit) == [
        Malformed("capture", 34, "cut by snap length: 20 octets not captured", PLAIN[:60], unit)
    ]


def test_a_lie_in_a_cut_unit_is_the_senders_all_the_same() -> None:
    octets = PLAIN[:38] + b"\1\0" + PLAIN[40:] + bytes(20)
    (malformed,) = both_ways(unit_of(octets, cut=1))
    assert malformed.layer == "udp"


def test_a_trailer_that_was_cut_is_not_missed() -> None:
    (datagram,) = both_ways(unit_of(PLAIN, cut=4))
    assert datagram.data == SIP


def test_a_flow_met_again_is_the_same_object() -> None:
    chain = Chain()
    (first,), (second,) = chain.feed(unit_of(PLAIN)), chain.feed(unit_of(TAGGED))
    assert first.flow is second.flow
    assert first.flow == Flow(b"\xc0\0\2\1", b"\xc0\0\2\2", 5060, 5080, "udp")


@given(st.sampled_from([way[:2] for way in WAYS.values()]), st.data())
def test_the_quick_way_does_what_the_table_does(
    way: tuple[int, bytes], data: st.DataObject
) -> None:
    link, octets = way
    mutated = bytearray(octets[: data.draw(st.integers(0, len(octets)))] or octets)
    for at in data.draw(st.lists(st.integers(0, min(len(mutated) - 1, 50)), max_size=3)):
        mutated[at] = data.draw(st.integers(0, 255))
    both_ways(unit_of(bytes(mutated), link, data.draw(st.integers(0, 3))))


@given(st.integers(0, 300), st.binary(max_size=200))
def test_any_octets_are_opened_without_an_exception(link: int, octets: bytes) -> None:
    for heard in both_ways(unit_of(octets, link)):
        assert isinstance(heard, Closed) or octets.endswith(heard.data)
