# SPDX-License-Identifier: Apache-2.0
"""Attacks on the tap itself: memory stays within the bounds, and every unit is accounted for.

Packets are written here by RFC 791, RFC 768, RFC 9293 and RFC 6455, for the lies that are in them.
"""

import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain as joined, islice
from struct import pack

import pytest
from hypothesis import given, strategies as st

from edge.decode.signalling import Signalling
from edge.decode.sip.message import SipMessage
from edge.decode.websocket import MAX_MESSAGE
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit
from tests.decode.encapsulate import TUNNELS
from tests.decode.test_combinations import carried, sample

NOW, STEP_NS = 1_764_000_000_000_000_000, 1_000
TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16
ETHERNET = 14
MB = 1 << 20
CABLE = bytes.fromhex("020000000001 020000000002 0800")

START = b"INVITE sip:+77172000001@192.0.2.2 SIP/2.0\r\n"
INVITE = START + b"Call-ID: c\r\nContent-Length: 0\r\n\r\n"


def ip(data: bytes, protocol: int = UDP, *, host: int = 1, ident: int = 0, part: int = 0) -> bytes:
    ends = pack(">II", 0x0A000000 + host, 0xC0000202)
    return pack(">BBHHHBBH", 69, 0, 20 + len(data), ident, part, 64, protocol, 0) + ends + data


def ipv6(length: int, following: int) -> bytes:
    """Return a header that says so."""
    return pack(">IHBB", 6 << 28, length, following, 64) + bytes(32)


def udp(data: bytes, to: int = 5060) -> bytes:
    return pack(">HHHH", 5060, to, 8 + len(data), 0) + data


def segment(data: bytes, at: int, flags: int = ACK, *, host: int = 1, port: int = 5060) -> bytes:
    header = pack(">HHIIBBHHH", port, 5060, 1000 + at, 0, 80, flags, 0, 0, 0)
    return ip(header + data, TCP, host=host)


def frame(data: bytes, first: int = 0x81, *, size: int | None = None) -> bytes:
    """Return a WebSocket frame that says it has so many octets."""
    return bytes([first, 127]) + pack(">Q", len(data) if size is None else size) + data


def heard(packets: Iterable[bytes]) -> tuple[Signalling, int]:
    """Return a decoder that heard these within a second, and how much memory it took at most."""
    signalling, fed = Signalling(), 0
    tracemalloc.start()
    try:
        for fed, packet in enumerate(packets, start=1):
            signalling.feed(Unit("t", LinkType.ETHERNET, NOW + fed * STEP_NS, CABLE + packet))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(signalling.became.values()) == fed
    return signalling, most


def flows(number: int) -> Iterator[bytes]:
    """Yield a message a flow, no two alike, at once."""
    for host in range(number):
        yield ip(udp(INVITE.replace(b"c\r", b"%d\r" % host) + bytes(900)), host=host)


def first_fragments(number: int) -> Iterator[bytes]:
    """Yield the beginnings of datagrams that never end."""
    for ident in range(number):
        yield ip(udp(INVITE.ljust(1472)), ident=ident, part=0x2000)


def overlapping_fragments(number: int) -> Iterator[bytes]:
    """Yield fragments of one datagram, each over half of the one before, none of them the last."""
    for at in range(number):
        yield ip(bytes([at & 0xFF]) * 16, part=0x2000 | at % 8000)


def gapped(number: int) -> Iterator[bytes]:
    """Yield every second segment of one endless stream that carries SIP."""
    for at in range(number):
        yield segment(INVITE, at * 2 * len(INVITE))


def holed_streams(number: int) -> Iterator[bytes]:
    """Yield streams that each hold something beyond a hole that is never filled."""
    for host in range(number):
        yield segment(b"", -1, SYN, host=host)
        for at in range(1, 20):
            yield segment(bytes(1200), 10 + at * 1400, host=host)


def begun_messages(number: int) -> Iterator[bytes]:
    """Yield connections that each begin a message and never finish it."""
    for host in range(number):
        for at in range(20):
            data = START + b"X: " if not at else b"x" * 1400
            yield segment(data, at and len(START) + 3 + (at - 1) * 1400, host=host)


def octet_by_octet(number: int) -> Iterator[bytes]:
    """Yield a message in segments of one octet each."""
    for at, octet in enumerate(START + b"x" * number):
        yield segment(bytes([octet]), at)


def websocket(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a connection that is a WebSocket, carried SIP once, and carries these frames."""
    yield segment(b"", -1, SYN)
    at = 0
    for data in joined([b"GET / HTTP/1.1\r\n\r\n", frame(INVITE)], frames):
        yield segment(data, at)
        at += len(data)


def largest_datagrams(number: int) -> Iterator[bytes]:
    """Yield datagrams as long as UDP over IPv4 allows, in fragments, each another message."""
    for ident in range(number):
        head = INVITE.replace(b"Length: 0", b"Length: 65000")
        whole = udp((head + b"x" * 65_507)[:65_503] + pack(">I", ident))
        for at in range(0, len(whole), 1480):
            more = 0x2000 if at + 1480 < len(whole) else 0
            yield ip(whole[at : at + 1480], ident=ident, part=more | at // 8)


def tunnelled() -> Iterator[bytes]:
    """Yield recorded frames in two tunnels, all of it in pieces."""
    outer, inner = TUNNELS["vxlan over ipv4"], TUNNELS["gre over ipv6"]
    return carried(sample(), outer, inner, outer_cut=True, inner_cut=True)


FLOODS = {
    "fragments that never complete": (first_fragments(20_000), 8, "fragments crowded out"),
    "fragments that overlap": (overlapping_fragments(20_000), 8, "fragments crowded out"),
    "the largest datagrams": (largest_datagrams(1_500), 80, ""),
    "a stream with gaps": (gapped(10_000), 4, "tcp gap in sip"),
    "streams with a hole": (holed_streams(1_000), 20, "tcp gaps"),
    "messages begun": (begun_messages(1_000), 20, "tcp messages crowded out"),
    "a message octet by octet": (octet_by_octet(30_000), 20, "tcp messages crowded out"),
    "flows": (flows(60_000), 100, ""),
    "streams": ((segment(b"x", 0, host=n) for n in range(20_000)), 20, ""),
    "frames without octets": (websocket(frame(b"", 0x00) * 140 for _ in range(1_000)), 1, ""),
    "a frame that claims too much": (
        websocket([frame(b"", size=1 << 60), frame(INVITE)]), 1, "overlong websocket message",
    ),
    "a message in too many frames": (
        websocket(frame(bytes(1400), 0x00) for _ in range(MAX_MESSAGE // 1400 + 2)), 1,
        "overlong websocket message",
    ),
}  # fmt: skip
"What is heard, the most memory it may take in MB, and which loss is told."


@pytest.mark.slow
@pytest.mark.parametrize(("packets", "most_mb", "loss"), FLOODS.values(), ids=FLOODS)
def test_a_flood_takes_bounded_memory(packets: Iterable[bytes], most_mb: int, loss: str) -> None:
    signalling, most = heard(packets)
    assert most < most_mb * MB
    assert not loss or signalling.losses()[loss] > 0


def patched(packet: bytes, at: int, octets: bytes) -> bytes:
    return packet[:at] + octets + packet[at + len(octets) :]


DATAGRAM = ip(udp(INVITE))
LIES = {
    "total length": patched(DATAGRAM, 2, b"\xff\xff"),
    "header length": patched(DATAGRAM[:40], 0, b"\x4f"),
    "UDP length": patched(DATAGRAM, 24, b"\xff\xff"),
    "TCP offset": patched(segment(b"", 0), 32, b"\xf0"),
    "fragment beyond 65,535 octets": ip(bytes(800), part=0x1FFF),
    "fragment of odd length": ip(bytes(801), part=0x2000),
    "empty fragment": ip(b"", part=0x2000),
    "GRE options": ip(b"\xb0\x00\x08\x00\0\0", 47),
    "ERSPAN": ip(b"\x10\x00\x88\xbe\0\0\0\0\x10\x00", 47),
    "VXLAN, and nothing in it": ip(udp(b"\x08" + bytes(7), to=4789)),
    "Geneve options": ip(udp(b"\x3f\0\x65\x58" + bytes(4), to=6081)),
    "IPv6 in IP": ip(ipv6(0xFFFF, UDP), 41),
    "extension header": ip(ipv6(8, 0) + b"\x11\xff" + bytes(6), 41),
    "authentication header": ip(b"\x11\xff" + bytes(10), 51),
    "MPLS, and nothing in it": ip(b"\0\x01\x01\x40", 137),
}  # fmt: skip


@pytest.mark.parametrize("packet", LIES.values(), ids=LIES)
def test_a_header_that_claims_what_is_not_there(packet: bytes) -> None:
    signalling, _ = heard([packet, DATAGRAM])
    assert (signalling.became["malformed"], signalling.became["messages"]) == (1, 1)


def test_a_first_message_that_is_cut_is_told() -> None:
    """Nothing but its start line says that this was SIP."""
    cut = [segment(b"", -1, SYN), segment(INVITE[:60], 0), segment(b"", 60, FIN | ACK)]
    signalling, _ = heard(cut)
    assert signalling.losses() == {"closed within a message": 1}


POOL = [
    *islice(first_fragments(1 << 16), 5),
    *islice(overlapping_fragments(1 << 16), 5),
    *islice(gapped(1 << 16), 5),
    *islice(holed_streams(1), 5),
    *islice(begun_messages(1), 5),
    *websocket([frame(b"", 0), frame(INVITE, 0x01), frame(b"x", 0x80), frame(b"", size=1 << 40)]),
    *islice(largest_datagrams(1), 45),
    *(segment(b"", at, flags) for at in (0, 80, 1 << 20) for flags in (SYN, FIN | ACK, RST, ACK)),
    *(packet[ETHERNET:] for packet in tunnelled()),
    *LIES.values(),
]
LATER_NS = st.sampled_from((0, STEP_NS, 10**9, 4 * 10**10))
CHANGES = st.none() | st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=3))


@given(st.lists(st.tuples(st.sampled_from(POOL), LATER_NS, CHANGES), max_size=60))
def test_any_mixture(mixture: list[tuple[bytes, int, tuple[int, bytes] | None]]) -> None:
    signalling, now = Signalling(), NOW
    for packet, later, change in mixture:
        now += later
        octets = patched(packet, *change) if change else packet
        for one in signalling.feed(Unit("t", LinkType.ETHERNET, now, CABLE + octets)):
            assert isinstance(one, SipMessage | Malformed)
    assert sum(signalling.became.values()) == len(mixture)
    signalling.expire()
    held = signalling._chain._fragments, signalling._chain._streams, signalling._connections
    assert (held[0]._octets, held[1]._cost, held[2]._cost, len(held[2])) == (0, 0, 0, 0)
