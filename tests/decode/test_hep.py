# SPDX-License-Identifier: Apache-2.0
"""HEP version 3, packed here by its specification; what is inside comes out as if heard itself."""

import socket
import struct

import pytest
from hypothesis import given, strategies as st

from edge.decode.chain import Chain, Heard
from edge.decode.hep import LINK, split_key
from edge.decode.transport import Datagram
from edge.model.message import Malformed
from edge.model.unit import Unit

SIP = b"OPTIONS sip:edge@192.0.2.2 SIP/2.0\r\n\r\n"


def chunk(kind: int, content: bytes, vendor: int = 0) -> bytes:
    return struct.pack(">HHH", vendor, kind, 6 + len(content)) + content


def hep(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return struct.pack(">4sH", b"HEP3", 6 + len(body)) + body


def ipv4(source: str, destination: str) -> bytes:
    family = chunk(1, b"\x02")
    return family + chunk(3, socket.inet_aton(source)) + chunk(4, socket.inet_aton(destination))


def ipv6(source: str, destination: str) -> bytes:
    ends = (socket.inet_pton(socket.AF_INET6, address) for address in (source, destination))
    return chunk(1, b"\x0a") + b"".join(
        chunk(kind, end) for kind, end in zip((5, 6), ends, strict=True)
    )


ENDS = ipv4("192.0.2.1", "192.0.2.2")
PORTS = chunk(7, b"\x13\xc4") + chunk(8, b"\x13\xd8")
UDP, TCP, SCTP = (chunk(2, bytes([number])) for number in (17, 6, 132))
TIME = chunk(9, b"\x69\x24\x00\x00") + chunk(10, b"\0\0\0\x01")
IS_SIP = chunk(11, b"\x01")
AGENT = chunk(12, b"\0\0\0\x2a")
KEY = chunk(14, b"open sesame")
PAYLOAD = chunk(15, SIP)
REST = PORTS + TIME + IS_SIP + AGENT


def unit(packet: bytes) -> Unit:
    return Unit("switch", LINK, 1_764_000_000_000_000_000, packet)


def opened(packet: bytes) -> Heard:
    (heard,) = Chain().feed(unit(packet))
    return heard


@pytest.mark.parametrize(
    ("packet", "flow"),
    [
        (hep(UDP, ENDS, REST, PAYLOAD), "192.0.2.1:5060 > 192.0.2.2:5080 udp"),
        (hep(PAYLOAD, REST, ENDS, UDP), "192.0.2.1:5060 > 192.0.2.2:5080 udp"),
        (hep(TCP, ENDS, REST, KEY, PAYLOAD), "192.0.2.1:5060 > 192.0.2.2:5080 tcp"),
        (hep(SCTP, ENDS, REST, PAYLOAD), "192.0.2.1:5060 > 192.0.2.2:5080 sctp"),
        (
            hep(UDP, ipv6("2001:db8::1", "2001:db8::2"), REST, PAYLOAD),
            "[2001:db8::1]:5060 > [2001:db8::2]:5080 udp",
        ),
        (
            hep(
                UDP, ENDS, REST, chunk(15, b"of a vendor", vendor=5), PAYLOAD, chunk(17, b"a call")
            ),
            "192.0.2.1:5060 > 192.0.2.2:5080 udp",
        ),
    ],
    ids=["udp", "any-order", "tcp-and-key", "sctp", "ipv6", "vendor-and-correlation"],
)
def test_a_message_comes_out_with_its_own_ends(packet: bytes, flow: str) -> None:
    datagram = opened(packet)
    assert isinstance(datagram, Datagram)
    assert (datagram.flow.text(), datagram.data) == (flow, SIP)
    assert datagram.path == (("hep", 42),)
    assert datagram.unit.data == packet


def test_what_follows_the_packet_is_not_read() -> None:
    datagram = opened(hep(UDP, ENDS, REST, PAYLOAD) + b"padding")
    assert datagram.data == SIP


@pytest.mark.parametrize(("kind", "name"), [(5, "hep 5"), (100, "hep 100")])
def test_what_is_no_sip_is_counted_by_its_kind(kind: int, name: str) -> None:
    chain = Chain()
    assert chain.feed(unit(hep(UDP, ENDS, PORTS, chunk(11, bytes([kind])), PAYLOAD))) == []
    assert chain.other == {name: 1}


@pytest.mark.parametrize(
    ("packet", "offset", "why"),
    [
        (b"", 0, "6 octets wanted, 0 left"),
        (b"HEP2\0\x06", 0, "no HEP of version 3"),
        (b"\x01\x10\x02\x11\x13\xc4\x13\xc4", 0, "no HEP of version 3"),
        (b"HEP3\0\x05", 6, "-1 octets wanted, 0 left"),
        (b"HEP3\0\xff", 6, "249 octets wanted, 0 left"),
        (hep(b"\0\0\0\x01\0"), 6, "6 octets wanted, 5 left"),
        (hep(b"\0\0\0\x01\0\x05"), 12, "-1 octets wanted, 0 left"),
        (hep(b"\0\0\0\x01\0\xff"), 12, "249 octets wanted, 0 left"),
        (hep(IS_SIP), 13, "no payload"),
        (hep(IS_SIP, chunk(16, b"deflated")), 27, "payload is compressed"),
        (hep(IS_SIP, PAYLOAD), 57, "no pair of addresses"),
        (hep(IS_SIP, chunk(3, b"\0\0\0"), chunk(4, bytes(4)), PAYLOAD), 76, "no pair of addresses"),
    ],
)
def test_what_contradicts_itself_is_malformed(packet: bytes, offset: int, why: str) -> None:
    malformed = opened(packet)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.offset, malformed.why) == ("hep", offset, why)
    assert malformed.data == packet


@given(st.binary(max_size=200))
def test_any_octets_are_answered(octets: bytes) -> None:
    for packet in (octets, hep(octets), hep(UDP, ENDS, octets, PAYLOAD)):
        heard = Chain().feed(unit(packet))
        assert all(isinstance(one, Datagram | Malformed) for one in heard)
        split_key(packet)


def test_the_key_is_taken_out_and_nothing_else_changes() -> None:
    packet = hep(UDP, ENDS, REST, KEY, PAYLOAD)
    key, shown = split_key(packet)
    assert key == b"open sesame"
    assert shown == hep(UDP, ENDS, REST, chunk(14, b"***********"), PAYLOAD)


@pytest.mark.parametrize("packet", [hep(UDP, ENDS, REST, PAYLOAD), b"HEP3\0\x05", b"", b"other"])
def test_no_key_is_an_empty_one(packet: bytes) -> None:
    assert split_key(packet) == (b"", packet)


def test_of_two_keys_the_first_counts() -> None:
    key, _ = split_key(hep(KEY, chunk(14, b"second"), PAYLOAD))
    assert key == b"open sesame"
