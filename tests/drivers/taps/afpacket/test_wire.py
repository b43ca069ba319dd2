# SPDX-License-Identifier: Apache-2.0
"""Blocks of TPACKET_V3 as the C header lays them out, and the filter as the kernel runs it."""

import ctypes
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.rtp import RTP
from scapy.layers.sctp import SCTP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from scapy.utils import rdpcap

from drivers.taps.afpacket.driver import TUNNEL_PORTS
from drivers.taps.afpacket.wire import (
    BLOCK_STATUS_AT,
    INSTRUCTION_SIZE,
    Instruction,
    assembled,
    filter_of,
    units_of,
)
from edge.model.unit import LinkType, Unit

VECTORS = Path(__file__).parents[3] / "vectors" / "sip"
U8, U16, U32, U64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64


class Block(ctypes.Structure):
    """tpacket_block_desc with tpacket_hdr_v1, linux/if_packet.h."""

    _fields_ = (
        *((name, U32) for name in ("version", "offset_to_priv", "block_status", "num_pkts")),
        *((name, U32) for name in ("offset_to_first_pkt", "blk_len")),
        ("seq_num", U64),
        ("ts_first_and_last", U32 * 4),
    )


class Header(ctypes.Structure):
    """tpacket3_hdr with tpacket_hdr_variant1, linux/if_packet.h."""

    _fields_ = (
        *((f"tp_{name}", U32) for name in ("next_offset", "sec", "nsec", "snaplen", "len")),
        ("tp_status", U32),
        *((f"tp_{name}", U16) for name in ("mac", "net")),
        *((f"tp_{name}", U32) for name in ("rxhash", "vlan_tci")),
        *((f"tp_{name}", U16) for name in ("vlan_tpid", "padding")),
        ("tp_padding8", U8 * 8),
    )


MAC = 82
"Where the kernel puts a frame behind its header, on Ethernet."


def block_of(*packets: tuple[bytes, dict[str, int]]) -> bytes:
    body = b""
    for frame, fields in packets:
        size = -(-(MAC + len(frame)) // 8) * 8
        given = {"tp_snaplen": len(frame), "tp_len": len(frame), "tp_mac": MAC} | fields
        header = bytes(Header(tp_next_offset=size, **given))
        body += (header.ljust(MAC, b"\0") + frame).ljust(size, b"\0")
    head = Block(version=3, block_status=1, num_pkts=len(packets), offset_to_first_pkt=48)
    return bytes(head) + body


FRAME = bytes(range(12)) + b"\x08\x00" + b"payload of any length"


def test_the_layout_is_that_of_the_header_file() -> None:
    assert (ctypes.sizeof(Block), Block.block_status.offset) == (48, BLOCK_STATUS_AT)
    assert ctypes.sizeof(Header) == 48


def test_a_block_is_read_packet_by_packet() -> None:
    block = block_of(
        (FRAME, {"tp_sec": 1_764_000_000, "tp_nsec": 999_999_999}),
        (FRAME[:20], {"tp_sec": 1_764_000_001, "tp_len": 1500}),
    )
    first, second = units_of(b"another block" + block, 13, "north", 41)
    assert first == Unit(
        "north", LinkType.ETHERNET, 1_764_000_000_999_999_999, FRAME, 42, first.clock
    )
    assert (second.data, second.number, second.cut) == (FRAME[:20], 43, 1480)
    assert (first.clock.source, first.clock.digits) == ("kernel", 9)


@pytest.mark.parametrize(
    ("status", "tpid", "tag"),
    [
        pytest.param(0x01, 0, b"", id="none"),
        pytest.param(0x11, 0, b"\x81\x00\xa0\x64", id="old-kernel-without-ethertype"),
        pytest.param(0x51, 0x8100, b"\x81\x00\xa0\x64", id="802.1Q"),
        pytest.param(0x51, 0x88A8, b"\x88\xa8\xa0\x64", id="802.1ad"),
    ],
)
def test_a_tag_that_the_kernel_took_is_put_back(status: int, tpid: int, tag: bytes) -> None:
    fields = {"tp_status": status, "tp_vlan_tci": 0xA064, "tp_vlan_tpid": tpid}
    (unit,) = units_of(block_of((FRAME, fields)), 0, "north", 0)
    assert unit.data == FRAME[:12] + tag + FRAME[12:]
    assert unit.cut == 0


def test_an_empty_block_is_no_units() -> None:
    assert units_of(block_of(), 0, "north", 0) == []


def filtered(program: bytes, *frames: bytes) -> list[bytes]:
    """Return what passes a filter, run by the kernel on a pair of sockets of this process."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        octets = ctypes.create_string_buffer(program, len(program))
        count = len(program) // INSTRUCTION_SIZE
        head = struct.pack("@HP", count, ctypes.addressof(octets))
        receiver.setsockopt(socket.SOL_SOCKET, 26, head)  # SO_ATTACH_FILTER
        receiver.setblocking(False)
        passed = []
        for frame in frames:
            sender.send(frame)
            try:
                passed.append(receiver.recv(1 << 20))
            except BlockingIOError:
                continue
        return passed


SIGNALLING = filter_of(262_144, media=False, passed_ports=TUNNEL_PORTS)
ETHER = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
V4 = IP(src="192.0.2.1", dst="192.0.2.2")
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
PORTS = UDP(sport=20_000, dport=20_002)
SPEECH = RTP(payload_type=8) / Raw(bytes(160))
SENDER_REPORT = Raw(b"\x80\xc8\x00\x06" + bytes(24))
INVITE = Raw(b"INVITE sip:112@192.0.2.2 SIP/2.0\r\n" + bytes(60))

PASSES: dict[str, Packet] = {
    "sip": ETHER / V4 / PORTS / INVITE,
    "sip-ipv6": ETHER / V6 / PORTS / INVITE,
    "sip-tagged-twice": ETHER / Dot1Q(vlan=5) / Dot1Q(vlan=6) / V4 / PORTS / INVITE,
    "keep-alive": ETHER / V4 / PORTS / Raw(b"\r\n\r\n"),
    "empty": ETHER / V4 / PORTS,
    "stun": ETHER / V4 / PORTS / Raw(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(60)),
    "sigcomp": ETHER / V4 / PORTS / Raw(b"\xf8" + bytes(80)),
    "first-fragment": ETHER / fragment(V4 / PORTS / SPEECH, 80)[0],
    "later-fragment": ETHER / IP(src="192.0.2.1", dst="192.0.2.2", frag=9, proto=17) / SPEECH,
    "fragment-ipv6": ETHER / V6 / IPv6ExtHdrFragment(nh=17) / PORTS / SPEECH,
    "options": ETHER / IP(dst="192.0.2.2", options=[IPOption_NOP()] * 4) / PORTS / SPEECH,
    "tcp": ETHER / V4 / TCP() / Raw(b"\x80" * 60),
    "sctp": ETHER / V4 / SCTP() / Raw(b"\x80" * 60),
    "gre": ETHER / V4 / GRE() / V4 / PORTS / SPEECH,
    "ip-in-ip": ETHER / V4 / V4 / PORTS / SPEECH,
    "vxlan-with-policy": ETHER / V4 / UDP(dport=4789) / VXLAN(flags=0x88) / ETHER / V4 / PORTS,
    "geneve": ETHER / V4 / UDP(dport=6081) / GENEVE() / ETHER / V4 / PORTS / SPEECH,
    "mpls": Ether(type=0x8847) / Raw(b"\0\1\x01\x40") / V4 / PORTS / SPEECH,
    "pppoe": Ether(type=0x8864) / Raw(b"\x11\0\0\1\0\x80\0\x21") / V4 / PORTS / SPEECH,
    "arp": ETHER / ARP(),
    "short": Raw(b"\x01"),
}
MEDIA: dict[str, Packet] = {
    "rtp": ETHER / V4 / PORTS / SPEECH,
    "rtp-ipv6": ETHER / V6 / PORTS / SPEECH,
    "rtp-shortest": ETHER / V4 / PORTS / RTP() / Raw(bytes(10)),
    "rtcp": ETHER / V4 / PORTS / SENDER_REPORT,
}


@pytest.mark.parametrize("frame", [pytest.param(p, id=n) for n, p in PASSES.items()])
def test_what_may_be_signalling_passes(frame: Packet) -> None:
    octets = bytes(frame)
    assert filtered(SIGNALLING, octets) == [octets]


@pytest.mark.parametrize("frame", [pytest.param(p, id=n) for n, p in MEDIA.items()])
def test_speech_stays_with_the_kernel_unless_it_is_asked_for(frame: Packet) -> None:
    octets = bytes(frame)
    assert filtered(SIGNALLING, octets) == []
    assert filtered(filter_of(262_144, media=True), octets) == [octets]


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.pcap*")), ids=lambda path: path.name)
def test_every_frame_of_the_vectors_passes_that_is_not_media(path: Path) -> None:
    frames = [bytes(packet) for packet in rdpcap(str(path))]
    frames = [frame for frame in frames if len(frame) < 60_000]
    passed = filtered(SIGNALLING, *frames)
    stopped = [frame for frame in frames if frame not in passed]
    assert all(is_media(frame) for frame in stopped)


def is_media(frame: bytes) -> bool:
    packet: Any = Ether(frame)
    return UDP in packet and bytes(packet[UDP].payload)[0] >> 6 == 2


def test_no_more_is_kept_than_was_asked_for() -> None:
    assert filtered(filter_of(100, media=True), bytes(1000)) == [bytes(100)]


def test_a_target_becomes_a_distance() -> None:
    program = assembled(
        [Instruction(0x15, 7, no="out"), Instruction(6, 1), Instruction(6, 0, label="out")]
    )
    assert program.hex() == "150000010700000006000000010000000600000000000000"
