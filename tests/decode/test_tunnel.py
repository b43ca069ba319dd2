# SPDX-License-Identifier: Apache-2.0
"""Tunnels: what is inside comes out, with the way it came; what is no tunnel stays a datagram."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Padding, Raw

from edge.decode.chain import MAX_LAYERS, Chain, Heard
from edge.decode.pcapng import PcapngWriter
from edge.decode.transport import Datagram
from edge.decode.walk import Path as Way
from edge.model.message import Malformed
from edge.model.unit import Unit

SIP = b"OPTIONS sip:edge@192.0.2.2 SIP/2.0\r\n\r\n"
INNER = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=5060, dport=5080) / Raw(SIP)
INNER_6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=5060, dport=5080) / Raw(SIP)
ETHER = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
PPPOE = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02", type=0x8864)
UNICAST = Ether(dst="16:00:00:00:00:01", src="02:00:00:00:00:02")
OUTER = ETHER / IP(src="198.51.100.1", dst="198.51.100.2")
TAG = Dot1Q(vlan=100)

FLOW = "192.0.2.1:5060 > 192.0.2.2:5080 udp"
FLOW_6 = "[2001:db8::1]:5060 > [2001:db8::2]:5080 udp"


def vxlan(port: int = 4789, flags: int = 8, inside: int = 0) -> Packet:
    return UDP(sport=50_000, dport=port) / VXLAN(flags=flags, vni=5001, NextProtocol=inside)


TUNNELS: dict[str, tuple[Packet, str, Way]] = {
    "ip-in-ip": (OUTER / INNER, FLOW, ()),
    "ipv6-in-ip": (OUTER / INNER_6, FLOW_6, ()),
    "ip-in-ipv6": (ETHER / IPv6() / INNER, FLOW, ()),
    "mpls": (
        ETHER / MPLS(label=16, s=0) / MPLS(label=17, s=1) / INNER,
        FLOW,
        (("mpls", 16), ("mpls", 17)),
    ),
    "mpls-ipv6": (ETHER / MPLS(label=2, s=1) / INNER_6, FLOW_6, (("mpls", 2),)),
    "mpls-pseudowire": (
        ETHER / MPLS(label=18, s=1) / Raw(b"\0\0\0\7") / ETHER / TAG / INNER,
        FLOW,
        (("mpls", 18), ("vlan", 100)),
    ),
    "mpls-pseudowire-no-word": (
        ETHER / MPLS(label=19, s=1) / Raw(bytes(UNICAST / INNER)),
        FLOW,
        (("mpls", 19),),
    ),
    "gre": (OUTER / GRE() / INNER, FLOW, (("gre", 0),)),
    "gre-all-options": (
        OUTER / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=9) / INNER_6,
        FLOW_6,
        (("gre", 9),),
    ),
    "gre-ethernet": (
        OUTER / GRE(proto=0x6558) / ETHER / TAG / INNER,
        FLOW,
        (("gre", 0), ("vlan", 100)),
    ),
    "gre-mpls": (
        OUTER / GRE(proto=0x8847) / MPLS(label=5, s=1) / INNER,
        FLOW,
        (("gre", 0), ("mpls", 5)),
    ),
    "gre-ppp": (OUTER / GRE(proto=0x880B) / PPP() / INNER, FLOW, (("gre", 0),)),
    "pptp": (
        OUTER / GRE_PPTP(seqnum_present=1, acknum_present=1, call_id=3) / PPP() / INNER,
        FLOW,
        (("pptp", 3),),
    ),
    "erspan-1": (
        OUTER / GRE(proto=0x88BE) / ERSPAN_I() / ETHER / TAG / INNER,
        FLOW,
        (("gre", 0), ("vlan", 100)),
    ),
    "erspan-2": (
        OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=77) / ETHER / INNER,
        FLOW,
        (("gre", 0), ("erspan", 77)),
    ),
    "erspan-3": (
        OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=1023) / ETHER / INNER,
        FLOW,
        (("gre", 0), ("erspan", 1023)),
    ),
    "erspan-3-platform": (
        OUTER
        / GRE(proto=0x22EB, seqnum_present=1)
        / ERSPAN_III(session_id=5, o=1)
        / ERSPAN_PlatformSpecific()
        / ETHER
        / TAG
        / INNER,
        FLOW,
        (("gre", 0), ("erspan", 5), ("vlan", 100)),
    ),
    "vxlan": (OUTER / vxlan() / ETHER / INNER, FLOW, (("vxlan", 5001),)),
    "vxlan-inner-tag": (
        OUTER / vxlan() / ETHER / TAG / INNER,
        FLOW,
        (("vxlan", 5001), ("vlan", 100)),
    ),
    "vxlan-linux-port": (OUTER / vxlan(8472) / ETHER / INNER, FLOW, (("vxlan", 5001),)),
    "vxlan-group-policy": (OUTER / vxlan(flags=0x88) / ETHER / INNER, FLOW, (("vxlan", 5001),)),
    "vxlan-gpe": (
        OUTER / vxlan(4790, flags=0x0C, inside=2) / INNER_6,
        FLOW_6,
        (("vxlan", 5001),),
    ),
    "geneve": (
        OUTER / UDP(sport=1, dport=6081) / GENEVE(vni=77) / ETHER / INNER,
        FLOW,
        (("geneve", 77),),
    ),
    "geneve-options": (
        OUTER
        / UDP(sport=1, dport=6081)
        / GENEVE(vni=77, proto=0x800, options=[GeneveOptions(data=b"12345678")])
        / INNER,
        FLOW,
        (("geneve", 77),),
    ),
    "pppoe": (
        PPPOE / PPPoE(sessionid=4) / PPP() / INNER / Padding(bytes(9)),
        FLOW,
        (("pppoe", 4),),
    ),
    "deep": (
        OUTER / vxlan() / ETHER / TAG / IP() / GRE() / IP() / GRE(proto=0x6558) / ETHER / INNER,
        FLOW,
        (("vxlan", 5001), ("vlan", 100), ("gre", 0), ("gre", 0)),
    ),
}


def heard_in(octets: bytes, chain: Chain | None = None) -> list[Heard]:
    return (chain or Chain()).feed(Unit("north", 1, 1_764_000_000_000_000_000, octets))


@pytest.mark.parametrize(("packet", "flow", "path"), TUNNELS.values(), ids=TUNNELS)
def test_what_is_inside_comes_out(packet: Packet, flow: str, path: Way) -> None:
    (datagram,) = heard_in(bytes(packet))
    assert isinstance(datagram, Datagram), datagram
    assert (datagram.data, datagram.flow.text(), datagram.path) == (SIP, flow, path)


@pytest.mark.peer("tshark")
def test_tshark_agrees(tmp_path: Path) -> None:
    writer, path = PcapngWriter(), tmp_path / "tunnels.pcapng"
    units = [Unit("north", 1, 0, bytes(packet)) for packet, _, _ in TUNNELS.values()]
    path.write_bytes(writer.header() + b"".join(map(writer.write, units)))
    command = ["tshark", "-r", str(path), "-d", "udp.port==8472,vxlan"]
    command += ["-d", "mpls.label==18,pwethcw", "-d", "mpls.label==19,pwethnocw"]
    command += ["-T", "fields", "-E", "occurrence=l", "-e", "udp.payload"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    payloads = dict(zip(TUNNELS, answer.splitlines(), strict=True))
    assert {name for name, payload in payloads.items() if payload != SIP.hex()} == set()


@pytest.mark.parametrize("port", [4789, 8472, 6081])
@pytest.mark.parametrize(
    "payload", [SIP, b"INVITE sip:1@192.0.2.2 SIP/2.0\r\n\r\n", b"", b"\r\n\r\n"]
)
def test_a_port_alone_makes_no_tunnel(port: int, payload: bytes) -> None:
    (datagram,) = heard_in(bytes(OUTER / UDP(sport=5060, dport=port) / Raw(payload)))
    assert isinstance(datagram, Datagram)
    assert datagram.data == payload
    assert datagram.flow.text() == f"198.51.100.1:5060 > 198.51.100.2:{port} udp"


@pytest.mark.parametrize(
    ("packet", "layer", "why"),
    [
        pytest.param(OUTER / GRE(version=2) / INNER, "gre", "flags 0002 of GRE", id="version"),
        pytest.param(
            OUTER / GRE(routing_present=1) / INNER, "gre", "flags 4000 of GRE", id="source-route"
        ),
        pytest.param(
            OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(ver=3) / ETHER / INNER,
            "erspan",
            "version 3 of ERSPAN",
            id="erspan-version",
        ),
        pytest.param(
            PPPOE / PPPoE(code=9) / PPP() / INNER,
            "pppoe",
            "version 11, code 09 of PPPoE",
            id="pppoe-code",
        ),
        pytest.param(
            PPPOE / PPPoE(len=999) / PPP() / INNER,
            "pppoe",
            "999 octets wanted, 68 left",
            id="pppoe-length",
        ),
        pytest.param(OUTER / GRE() / IP(version=7), "ipv4", "version 7 in an IPv4 header", id="in"),
    ],
)
def test_lies_are_told(packet: Packet, layer: str, why: str) -> None:
    (malformed,) = heard_in(bytes(packet))
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why) == (layer, why)


def test_an_acknowledgement_of_pptp_carries_nothing() -> None:
    chain = Chain()
    packet = OUTER / GRE_PPTP(acknum_present=1, payload_len=0, call_id=3)
    assert heard_in(bytes(packet), chain) == []
    assert chain.other == {"pptp 0": 1}


def test_ppp_without_its_compressible_octets() -> None:
    compressed = OUTER / GRE(proto=0x880B) / Raw(b"\x21" + bytes(INNER))
    (datagram,) = heard_in(bytes(compressed))
    assert datagram.data == SIP


def test_fragments_inside_and_outside_of_a_tunnel() -> None:
    """The inner packet is sent in parts, and so is each packet that carries one."""
    invite = IP(src="192.0.2.1", dst="192.0.2.2", id=5) / UDP(sport=1, dport=2) / Raw(b"x" * 3000)
    carriers = [
        IP(src="198.51.100.1", dst="198.51.100.2", id=number) / GRE() / inner
        for number, inner in enumerate(fragment(invite, fragsize=1400))
    ]
    chain = Chain()
    packets = [ETHER / outer for carrier in carriers for outer in fragment(carrier, fragsize=600)]
    (datagram,) = [heard for packet in packets for heard in heard_in(bytes(packet), chain)]
    assert datagram.data == b"x" * 3000
    assert [unit.data for unit in (*datagram.earlier, datagram.unit)] == list(map(bytes, packets))


def test_depth_is_bounded() -> None:
    packet = OUTER
    for _ in range(MAX_LAYERS):
        packet = packet / IP()
    (malformed,) = heard_in(bytes(packet / INNER))
    assert malformed.why == f"more than {MAX_LAYERS} layers"


@given(st.sampled_from(list(TUNNELS)), st.data())
def test_wrong_octets_do_no_harm(name: str, data: st.DataObject) -> None:
    octets = bytearray(bytes(TUNNELS[name][0]))
    for at in data.draw(st.lists(st.integers(12, len(octets) - len(SIP) - 1), max_size=4)):
        octets[at] = data.draw(st.integers(0, 255))
    size = data.draw(st.integers(0, len(octets)))
    assert len(heard_in(bytes(octets[:size]))) <= 1
