# SPDX-License-Identifier: Apache-2.0
"""Streams: any order, repetitions, losses, forgeries; what is carried on is what was sent."""

import subprocess
from itertools import permutations
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, strategies as st
from scapy.layers.inet import IP, TCP, fragment
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from edge.decode.chain import Chain, Heard
from edge.decode.pcapng import PcapngWriter
from edge.decode.tcp import (
    MAX_HELD,
    MAX_HELD_IN_ALL,
    MAX_IDLE_NS,
    MAX_STREAMS,
    MAX_WAIT_NS,
    UNKNOWN_GAP,
    Closed,
    Stretch,
)
from edge.model.unit import LinkType, Unit

NOW = 1_764_000_000_000_000_000
FIN, SYN, RST, ACK = 1, 2, 4, 16
START = 1000
TEXT = b"INVITE sip:112@192.0.2.2 SIP/2.0\r\nContent-Length: 0\r\n\r\n"


def segment(
    data: bytes = b"",
    at: int = 0,
    flags: int = ACK,
    *,
    ack: int = 0,
    port: int = 5060,
    back: bool = False,
    time: int = NOW,
) -> Unit:
    """Return a segment whose first octet is the stream's `at`-th, the SYN not counted."""
    ends = [b"\xc0\0\2\1", b"\xc0\0\2\2", port, 5061]
    if back:
        ends = [b"\xc0\0\2\2", b"\xc0\0\2\1", 5061, port]
    sequence = (START + at) % (1 << 32)
    header = pack(
        ">HHIIBBHHH", ends[2], ends[3], sequence, (START + ack) % (1 << 32), 80, flags, 0, 0, 0
    )
    ip = pack(">BxHHHBBxx4s4s", 69, 40 + len(data), 0, 0, 64, 6, ends[0], ends[1])
    return Unit("north", LinkType.RAW, time, ip + header + data)


OPEN = segment(at=-1, flags=SYN)


def feed(*units: Unit, chain: Chain | None = None) -> list[Heard]:
    chain = chain or Chain()
    return [heard for unit in units for heard in chain.feed(unit)]


def text(heard: list[Heard]) -> bytes:
    return b"".join(one.data for one in heard if isinstance(one, Stretch))


def gaps(heard: list[Heard]) -> list[int]:
    return [one.gap for one in heard if isinstance(one, Stretch)]


def held(chain: Chain) -> int:
    return chain._streams._cost


def test_a_stream_from_its_opening_to_its_end() -> None:
    units = [OPEN, segment(TEXT[:20]), segment(TEXT[20:], at=20, flags=ACK | FIN)]
    first, second, closed = feed(*units)
    assert isinstance(first, Stretch)
    assert isinstance(second, Stretch)
    assert (first.data, first.gap, first.unit) == (TEXT[:20], 0, units[1])
    assert (second.data, second.gap, second.unit) == (TEXT[20:], 0, units[2])
    assert first.flow.text() == "192.0.2.1:5060 > 192.0.2.2:5061 tcp"
    assert closed == Closed(first.flow)


PARTS = [segment(TEXT[at : at + 15], at=at) for at in range(0, len(TEXT), 15)]


def test_any_order_gives_what_was_sent() -> None:
    for order in permutations(PARTS):
        chain = Chain()
        heard = feed(OPEN, *order, chain=chain)
        assert text(heard) == TEXT
        assert gaps(heard) == [0] * len(PARTS)
        assert [one.unit for one in heard] == PARTS
        assert (held(chain), chain.counts, chain.oddities) == (0, {}, {})


def test_the_end_may_be_heard_before_what_it_ends() -> None:
    end = segment(at=len(TEXT), flags=FIN | ACK)
    heard = feed(OPEN, end, *reversed(PARTS))
    assert text(heard) == TEXT
    assert [type(one) for one in heard] == [Stretch] * len(PARTS) + [Closed]


@pytest.mark.parametrize(
    "repeated",
    [
        pytest.param(segment(TEXT[:15]), id="the-same"),
        pytest.param(segment(TEXT[5:25], at=5), id="across"),
        pytest.param(segment(b"?" * 30), id="forged"),
        pytest.param(segment(b"?", at=29), id="keep-alive"),
    ],
)
def test_what_was_carried_on_stays(repeated: Unit) -> None:
    chain = Chain()
    heard = feed(OPEN, *PARTS[:2], repeated, *PARTS[2:], chain=chain)
    assert text(heard) == TEXT
    assert (chain.oddities, chain.counts) == ({"tcp segments repeated": 1}, {})


def test_a_segment_may_be_new_in_its_second_half() -> None:
    heard = feed(OPEN, PARTS[0], segment(TEXT[10:40], at=10))
    assert [one.data for one in heard] == [TEXT[:15], TEXT[15:40]]


def test_overlaps_behind_a_hole() -> None:
    beyond = [segment(TEXT[30:50], at=30), segment(TEXT[20:40], at=20), segment(TEXT[30:], at=30)]
    assert text(feed(OPEN, *beyond, segment(TEXT[:20]))) == TEXT


def test_sequence_numbers_wrap() -> None:
    wrap = (1 << 32) - START - 20
    units = [segment(TEXT[at : at + 15], at=wrap + at) for at in range(0, len(TEXT), 15)]
    heard = feed(segment(at=wrap - 1, flags=SYN), *units[::-1])
    assert (text(heard), set(gaps(heard))) == (TEXT, {0})


def test_a_stream_joined_midway_says_so() -> None:
    chain = Chain()
    heard = feed(segment(at=7), segment(TEXT, at=7), segment(TEXT, at=7 + len(TEXT)), chain=chain)
    assert gaps(heard) == [UNKNOWN_GAP, 0]
    assert (chain.oddities, chain.counts) == ({"tcp streams joined midway": 1}, {})


def test_a_hole_is_given_up_once_the_other_end_acknowledges_it() -> None:
    chain = Chain()
    assert len(feed(OPEN, PARTS[0], PARTS[2], chain=chain)) == 1
    assert feed(segment(ack=29, back=True), chain=chain) == []
    (stretch,) = feed(segment(ack=30, back=True), chain=chain)
    assert isinstance(stretch, Stretch)
    assert (stretch.data, stretch.gap, stretch.unit) == (TEXT[30:45], 15, PARTS[2])
    assert chain.counts == {"tcp gaps": 1}
    assert gaps(feed(PARTS[3], chain=chain)) == [0]


def test_an_acknowledgement_may_come_before_we_know_of_the_hole() -> None:
    heard = feed(OPEN, PARTS[0], segment(at=0, ack=30, back=True), PARTS[2])
    assert gaps(heard) == [0, 15]


def test_a_hole_is_given_up_after_a_while() -> None:
    chain = Chain()
    feed(OPEN, PARTS[1], chain=chain)
    assert chain.expire(NOW + MAX_WAIT_NS) == []
    assert gaps(chain.expire(NOW + MAX_WAIT_NS + 1)) == [15]
    chain = Chain()
    heard = feed(OPEN, PARTS[1], segment(TEXT[45:], at=45, time=NOW + MAX_WAIT_NS + 1), chain=chain)
    assert (gaps(heard), text(heard)) == ([15], TEXT[15:30])
    assert gaps(chain.expire()) == [15]
    assert held(chain) == 0


def test_what_is_held_is_bounded_for_a_stream_and_for_all() -> None:
    chain = Chain()
    for number in range(1000):
        feed(segment(b"x" * 1000, at=2000 * (number + 1)), chain=chain)
        assert held(chain) <= MAX_HELD + 4096
    for port in range(200):
        feed(segment(at=-1, flags=SYN, port=port), chain=chain)
        for number in range(90):
            feed(segment(b"x" * 1000, at=1 + number * 1000, port=port), chain=chain)
            assert held(chain) <= MAX_HELD_IN_ALL + 4096
    heard = chain.expire()
    assert held(chain) == 0
    assert isinstance(heard[-1], Closed)


def test_streams_are_bounded_and_the_one_longest_silent_goes_first() -> None:
    chain = Chain()
    feed(segment(at=-1, flags=SYN, port=1), segment(TEXT, at=5, port=1), chain=chain)
    for port in range(2, MAX_STREAMS + 1):
        assert feed(segment(at=-1, flags=SYN, port=port), chain=chain) == []
    stretch, closed = feed(segment(at=-1, flags=SYN, port=50_000), chain=chain)
    assert (stretch.data, stretch.gap) == (TEXT, 5)
    assert closed == Closed(stretch.flow)


def test_a_silent_stream_is_forgotten_and_may_be_joined_again() -> None:
    chain = Chain()
    feed(OPEN, PARTS[0], chain=chain)
    assert chain.expire(NOW + MAX_IDLE_NS) == []
    assert [type(one) for one in chain.expire(NOW + MAX_IDLE_NS + 1)] == [Closed]
    assert gaps(feed(PARTS[1], chain=chain)) == [UNKNOWN_GAP]


def test_a_reset_closes_both_directions() -> None:
    chain = Chain()
    feed(OPEN, segment(at=-1, flags=SYN | ACK, back=True), PARTS[0], chain=chain)
    closed = feed(segment(at=15, flags=RST), chain=chain)
    assert [one.flow.source_port for one in closed] == [5060, 5061]
    assert feed(segment(at=15, flags=RST), segment(TEXT[5:15], at=5), chain=chain) == []


def test_a_reset_closes_the_other_direction_though_its_own_was_not_heard() -> None:
    assert [type(one) for one in feed(OPEN, segment(flags=RST, back=True))] == [Closed]


def test_what_was_acknowledged_of_another_connection_says_nothing_of_this() -> None:
    chain = Chain()
    feed(OPEN, PARTS[0], segment(ack=15, back=True), chain=chain)
    again = (1 << 31) + 7
    feed(segment(at=again - 1, flags=SYN), segment(TEXT[:10], at=again), chain=chain)
    assert feed(segment(TEXT[20:], at=again + 20), chain=chain) == []
    assert gaps(feed(segment(TEXT[10:20], at=again + 10), chain=chain)) == [0, 0]


def test_an_end_that_was_forged_does_not_make_deaf() -> None:
    chain = Chain()
    heard = feed(OPEN, PARTS[0], segment(at=15, flags=RST), PARTS[1], PARTS[2], chain=chain)
    assert gaps(heard) == [0, UNKNOWN_GAP, 0]
    assert text(heard) == TEXT[:45]


def test_an_end_of_long_ago_ends_nothing() -> None:
    heard = feed(OPEN, *PARTS[:3], segment(TEXT[:15], flags=FIN | ACK), PARTS[3])
    assert text(heard) == TEXT
    assert not any(isinstance(one, Closed) for one in heard)


def test_a_repeated_opening_changes_nothing() -> None:
    heard = feed(OPEN, OPEN, PARTS[0], OPEN, *PARTS[1:])
    assert (text(heard), len(heard)) == (TEXT, len(PARTS))


@pytest.mark.parametrize("ended", [True, False])
def test_ports_may_be_used_again(ended: bool) -> None:
    end = [segment(at=len(TEXT), flags=FIN | ACK)] if ended else []
    again = 0x12345678
    anew = [segment(at=again - 1, flags=SYN), segment(TEXT, at=again)]
    *stretches, closed, first = feed(OPEN, *PARTS, *end, *anew)
    assert (text(stretches), type(closed)) == (TEXT, Closed)
    assert (first.data, first.gap) == (TEXT, 0)


def test_an_opening_that_was_forged_changes_nothing() -> None:
    heard = feed(OPEN, PARTS[0], segment(at=100, flags=SYN), *PARTS[1:])
    assert (text(heard), set(gaps(heard))) == (TEXT, {0})


def test_another_connection_without_an_opening_is_joined_midway() -> None:
    heard = feed(OPEN, PARTS[0], segment(TEXT, at=1 << 30))
    assert gaps(heard) == [0, UNKNOWN_GAP]


def test_data_on_the_opening_comes_after_it() -> None:
    heard = feed(segment(TEXT[:10], at=-1, flags=SYN), segment(TEXT[10:], at=10))
    assert (text(heard), gaps(heard)) == (TEXT, [0, 0])


def test_a_stream_that_is_not_ours_is_carried_no_further() -> None:
    chain = Chain()
    (stretch,) = feed(OPEN, PARTS[0], chain=chain)
    assert isinstance(stretch, Stretch)
    chain.ignore(stretch)
    assert feed(*PARTS[1:], chain=chain) == []
    anew = segment(at=(1 << 20) - 1, flags=SYN), segment(TEXT, at=1 << 20)
    assert text(feed(*anew, chain=chain)) == TEXT


def test_ipv6_and_fragments() -> None:
    six = IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=1, dport=2, flags="S") / Raw(TEXT)
    (stretch,) = feed(Unit("north", LinkType.RAW, NOW, bytes(six)))
    assert (stretch.data, stretch.flow.text()) == (TEXT, "[2001:db8::1]:1 > [2001:db8::2]:2 tcp")
    parts = fragment(IP(id=1) / TCP(flags="S") / Raw(TEXT * 3), fragsize=96)
    units = [Unit("north", LinkType.RAW, NOW, bytes(part)) for part in parts]
    (stretch,) = feed(*units)
    assert (stretch.data, [*stretch.earlier, stretch.unit]) == (TEXT * 3, units)


@pytest.mark.peer("tshark")
def test_tshark_agrees(tmp_path: Path) -> None:
    order = [OPEN, PARTS[0], PARTS[2], PARTS[1], PARTS[1], PARTS[3], segment(TEXT[40:], at=40)]
    writer, path = PcapngWriter(), tmp_path / "stream.pcapng"
    path.write_bytes(writer.header() + b"".join(map(writer.write, order)))
    command = ["tshark", "-r", str(path), "-q", "-z", "follow,tcp,raw,0"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.strip() for line in answer.splitlines()]
    octets = [line for line in lines if line and set(line) <= set("0123456789abcdef")]
    assert bytes.fromhex("".join(octets)) == text(feed(*order)) == TEXT


@given(st.data())
def test_whatever_the_network_does_to_it_a_stream_stays_itself(data: st.DataObject) -> None:
    """Segments cut anywhere, overlapping, repeated, in any order: the same octets come out."""
    cuts = data.draw(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(1, 30))))
    extra = [segment(TEXT[at : at + size], at=at) for at, size in cuts]
    order = data.draw(st.permutations([*PARTS, *extra]))
    chain = Chain()
    heard = feed(OPEN, *order, chain=chain)
    assert text(heard) == TEXT
    assert set(gaps(heard)) == {0}
    assert held(chain) == 0


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=20), st.integers(-50, 80), st.integers(0, 31), st.integers(0, 99)
        ),
        max_size=30,
    )
)
def test_any_segments_do_no_harm(segments: list[tuple[bytes, int, int, int]]) -> None:
    chain = Chain()
    units = [
        segment(data, at, flags, ack=ack, back=bool(ack % 2)) for data, at, flags, ack in segments
    ]
    heard = feed(*units, chain=chain) + chain.expire()
    assert len(text(heard)) <= sum(len(data) for data, *_ in segments)
    assert (held(chain), chain._streams._holed, chain._streams._streams) == (0, {}, {})
