# SPDX-License-Identifier: Apache-2.0
"""Recorded SIP in every two tunnels that can lie in each other, whole and in pieces: the same SIP.

The tunnels are built by scapy. What the captures say without any is compared with tshark elsewhere.
"""

import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice, product
from pathlib import Path

import pytest

from edge.decode.pcapfile import CaptureReader
from edge.decode.pcapng import PcapngWriter
from edge.decode.signalling import Signalling
from edge.model.unit import LinkType, Unit
from tests.decode.encapsulate import TUNNELS, Form, Tunnel, framed, pieces

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
NOW, APART_NS = 1_764_000_000_000_000_000, 1_000_000
ETHERNET = 14
OUTER_PIECE, INNER_PIECE = 712, 600

PAIRS = {
    f"{inner}, in {outer}": (TUNNELS[outer], TUNNELS[inner])
    for outer, inner in product(TUNNELS, TUNNELS)
    if TUNNELS[outer].takes in (Form.FRAME, TUNNELS[inner].gives)
}
"Outer and inner; what takes packets alone takes no frames."


def frames_of(name: str, having: bytes = b"") -> Iterator[bytes]:
    """Yield the frames of a capture that carry IP, and these octets."""
    units = CaptureReader(name).feed((VECTORS / name).read_bytes())
    frames = (one.data for one in units if isinstance(one, Unit))
    return (f for f in frames if f[12:14] in (b"\x08\x00", b"\x86\xdd") and having in f)


@cache
def sample() -> list[bytes]:
    """Return some frames: calls over IPv4 and IPv6, an INVITE in two fragments, one over TCP."""
    fragments = (frame for frame in frames_of("fragmented.pcap") if frame[20:22] != b"\x40\x00")
    return [
        *islice(frames_of("plain_call.pcap", b"SIP/2.0"), 3),
        *islice(fragments, 2),
        *islice(frames_of("ipv6.pcap", b"SIP/2.0"), 2),
        *islice(frames_of("tcp_large.pcap"), 6),
    ]


def decoded(frames: Iterable[bytes]) -> list[tuple[str, bytes, bytes]]:
    """Return the flow and the octets of every message; see that every frame was accounted for."""
    signalling, found, fed = Signalling(), [], 0
    for fed, frame in enumerate(frames, start=1):
        found += signalling.feed(Unit("t", LinkType.ETHERNET, NOW + fed * APART_NS, frame))
    assert signalling.expire() == []
    assert sum(signalling.became.values()) == fed
    assert (signalling.losses(), signalling.others()) == ({}, {})
    return [(one.flow.text(), one.octets, one.body) for one in found]


def carried(
    frames: Iterable[bytes], outer: Tunnel, inner: Tunnel, *, outer_cut: bool, inner_cut: bool
) -> Iterator[bytes]:
    """Yield frames in two tunnels; what either gives is sent in pieces, if asked."""
    for frame in frames:
        inside = inner.around(frame if inner.takes is Form.FRAME else frame[ETHERNET:])
        for part in pieces(inside, INNER_PIECE) if inner_cut else [inside]:
            taken = framed(part, inner.gives) if outer.takes is Form.FRAME else part
            outside = outer.around(taken)
            for piece in pieces(outside, OUTER_PIECE) if outer_cut else [outside]:
                yield framed(piece, outer.gives)


def test_the_sample_has_what_it_is_meant_to_have() -> None:
    types = [octets.split(b" ")[:2] for _, octets, _ in decoded(sample())]
    assert [one[0] if one[0] == b"INVITE" else one[1] for one in types] == [
        b"INVITE", b"100", b"INVITE", b"INVITE", b"INVITE", b"100", b"INVITE",
    ]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
def test_two_deep(pair: str) -> None:
    outer, inner = PAIRS[pair]
    for outer_cut, inner_cut in product(_ways(outer), _ways(inner)):
        frames = carried(sample(), outer, inner, outer_cut=outer_cut, inner_cut=inner_cut)
        assert decoded(frames) == decoded(sample()), (outer_cut, inner_cut)


def _ways(tunnel: Tunnel) -> tuple[bool, ...]:
    """Return whether to cut what a tunnel gives: only IP has fragments."""
    return (False, True) if tunnel.gives is Form.PACKET else (False,)


@pytest.mark.peer("tshark")
def test_tshark_reads_what_the_encoder_wrote(tmp_path: Path) -> None:
    writer, path = PcapngWriter(), tmp_path / "tunnels.pcapng"
    with path.open("wb") as file:
        file.write(writer.header())
        for outer, inner in PAIRS.values():
            (frame,) = carried(sample()[:1], outer, inner, outer_cut=False, inner_cut=False)
            file.write(writer.write(Unit("t", LinkType.ETHERNET, NOW, frame)))
    command = ["tshark", "-n", "-r", str(path), "-d", "mpls.label==18,pwethcw"]
    answer = subprocess.check_output([*command, "-T", "fields", "-e", "sip.Method"], text=True)
    methods = dict(zip(PAIRS, answer.splitlines(), strict=True))
    assert {pair for pair, method in methods.items() if method != "INVITE"} == set()
