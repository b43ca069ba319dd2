# SPDX-License-Identifier: Apache-2.0
"""UDP datagrams and TCP headers."""

from struct import pack

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.sctp import SCTP
from scapy.packet import Raw

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.transport import LAYERS
from edge.decode.walk import Key, Segment, Walk
from edge.model.unit import LinkType, Unit

V4, V6 = b"\xc0\0\2\1", bytes.fromhex("20010db8000000000000000000000001")


def opened(protocol: int, octets: bytes, source: bytes = V4) -> tuple[Key, Walk]:
    walk = Walk(Unit("north", LinkType.RAW, 0, octets), Cursor(octets), source=source)
    return LAYERS[("ip", protocol)].open(walk), walk


def test_udp() -> None:
    octets = bytes(UDP(sport=5060, dport=5080) / Raw(b"payload"))
    key, walk = opened(17, octets)
    assert key == ("udp", 5080)
    assert (walk.source_port, walk.destination_port) == (5060, 5080)
    assert walk.cursor.rest() == b"payload"


@pytest.mark.parametrize(
    ("length", "source", "payload"),
    [
        pytest.param(12, V4, b"payl", id="shorter-than-the-packet"),
        pytest.param(8, V4, b"", id="empty"),
        pytest.param(0, V6, b"payload", id="0-over-ipv6"),
    ],
)
def test_udp_length_rules(length: int, source: bytes, payload: bytes) -> None:
    _, walk = opened(17, pack(">HHHH", 1, 2, length, 0) + b"payload", source)
    assert walk.cursor.rest() == payload


@pytest.mark.parametrize(
    ("length", "source", "offset", "why"),
    [
        pytest.param(0, V4, 4, "length 0", id="0-over-ipv4"),
        pytest.param(7, V4, 4, "length 7", id="below-its-header"),
        pytest.param(7, V6, 4, "length 7", id="below-its-header-v6"),
        pytest.param(16, V4, 8, "8 octets wanted, 7 left", id="above-the-packet"),
    ],
)
def test_udp_length_lies(length: int, source: bytes, offset: int, why: str) -> None:
    with pytest.raises(Unreadable) as lie:
        opened(17, pack(">HHHH", 1, 2, length, 0) + b"payload", source)
    assert (lie.value.offset, lie.value.why) == (offset, why)


def test_tcp() -> None:
    segment = TCP(sport=5060, dport=40_000, seq=7, ack=9, flags="PA", options=[("MSS", 1460)])
    key, walk = opened(6, bytes(IP() / segment / Raw(b"payload"))[20:])
    assert key == ("tcp", 40_000)
    assert (walk.source_port, walk.destination_port) == (5060, 40_000)
    assert walk.segment == Segment(sequence=7, acknowledged=9, flags=0x18)
    assert walk.cursor.rest() == b"payload"


@pytest.mark.parametrize(
    ("size", "offset", "why"),
    [
        pytest.param(4, 12, "header of 16 octets", id="below-its-least"),
        pytest.param(8, 20, "12 octets wanted, 7 left", id="above-the-packet"),
    ],
)
def test_tcp_header_lies(size: int, offset: int, why: str) -> None:
    with pytest.raises(Unreadable) as lie:
        opened(6, pack(">HHIIBBHHH", 1, 2, 3, 4, size << 4, 16, 0, 0, 0) + b"payload")
    assert (lie.value.offset, lie.value.why) == (offset, why)


def test_sctp_is_carried_on_whole() -> None:
    octets = bytes(SCTP(sport=2905, dport=2906) / Raw(b"chunks"))
    key, walk = opened(132, octets)
    assert key == ("sctp", 2906)
    assert (walk.source_port, walk.destination_port) == (2905, 2906)
    assert walk.cursor.rest() == octets


def test_sctp_cut_within_its_ports() -> None:
    with pytest.raises(Unreadable):
        opened(132, b"\x0b\x59\x0b")
