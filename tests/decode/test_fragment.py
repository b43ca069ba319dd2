# SPDX-License-Identifier: Apache-2.0
"""Fragments: any order, repeated, overlapping, missing, hostile; never more than the bounds."""

from itertools import permutations
from struct import pack

import pytest
from hypothesis import given, strategies as st
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from edge.decode.chain import Chain, Heard
from edge.decode.fragment import MAX_AGE_NS, MAX_OCTETS, REPEAT_NS
from edge.decode.transport import Datagram
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit

NOW = 1_764_000_000_000_000_000
INVITE = b"INVITE sip:112@192.0.2.2 SIP/2.0\r\n" + bytes(range(256)) * 18
OVER = UDP(sport=5060, dport=5060) / Raw(INVITE)
V4 = fragment(IP(src="192.0.2.1", dst="192.0.2.2", id=7) / OVER, fragsize=1400)
V6 = fragment6(IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=7) / OVER, 1400)
V6_OPTIONS = fragment6(
    IPv6(src="2001:db8::1", dst="2001:db8::2")
    / IPv6ExtHdrFragment(id=7)
    / IPv6ExtHdrDestOpt()
    / OVER,
    1400,
)


def unit_of(packet: Packet | bytes, at: int = NOW, link: int = LinkType.RAW) -> Unit:
    return Unit("north", link, at, bytes(packet))


def feed(packets: list[Packet], chain: Chain | None = None) -> list[Heard]:
    chain = chain or Chain()
    return [heard for packet in packets for heard in chain.feed(unit_of(packet))]


def part(offset: int, data: bytes, *, more: bool = True, ident: int = 1) -> bytes:
    """Return an IPv4 fragment of a UDP datagram."""
    flags = more << 13 | offset // 8
    addresses = b"\xc0\0\2\1", b"\xc0\0\2\2"
    return pack(">BxHHHBBxx4s4s", 0x45, 20 + len(data), ident, flags, 64, 17, *addresses) + data


def held(chain: Chain) -> int:
    return chain._fragments._octets


@pytest.mark.parametrize("packets", [V4, V6, V6_OPTIONS], ids=["ipv4", "ipv6", "ipv6-options"])
def test_any_order_makes_the_datagram_whole(packets: list[Packet]) -> None:
    assert len(packets) == 4
    for order in permutations(packets):
        chain = Chain()
        (datagram,) = feed(list(order), chain)
        assert isinstance(datagram, Datagram)
        assert datagram.data == INVITE
        assert datagram.flow.source_port == 5060
        assert datagram.unit.data == bytes(order[-1])
        assert [unit.data for unit in datagram.earlier] == [bytes(one) for one in order[:-1]]
        assert held(chain) == 0
        assert chain.counts == chain.oddities == {}


def test_fragments_in_an_ethernet_vlan_keep_their_path() -> None:
    ether = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02") / Dot1Q(vlan=5)
    chain = Chain()
    units = [unit_of(ether / packet, link=LinkType.ETHERNET) for packet in V4]
    (datagram,) = [heard for unit in units for heard in chain.feed(unit)]
    assert (datagram.data, datagram.path) == (INVITE, (("vlan", 5),))


def test_two_senders_and_two_vlans_do_not_mix() -> None:
    other = fragment(IP(src="192.0.2.9", dst="192.0.2.2", id=7) / OVER, fragsize=1400)
    ether = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
    chain = Chain()
    assert feed([*V4[:2], *other[2:]], chain) == []
    tagged = [unit_of(ether / Dot1Q(vlan=5) / one, link=LinkType.ETHERNET) for one in V4[2:]]
    assert [heard for unit in tagged for heard in chain.feed(unit)] == []
    assert len(feed([*V4[2:], *other[:2]], chain)) == 2


def test_a_mirror_that_shows_everything_twice_does_no_harm() -> None:
    chain = Chain()
    (datagram,) = feed([packet for packet in V4 for _ in range(2)], chain)
    assert datagram.data == INVITE
    assert (chain.oddities, chain.counts) == ({"fragments repeated": 4}, {})
    assert chain.expire(NOW + 2 * MAX_AGE_NS) == []


def test_an_identification_may_be_used_again() -> None:
    chain = Chain()
    feed(V4, chain)
    later = [unit_of(packet, NOW + REPEAT_NS) for packet in V4]
    assert len([heard for unit in later for heard in chain.feed(unit)]) == 1


HEAD = bytes(UDP(sport=1, dport=2, len=40))


@pytest.mark.parametrize(
    ("parts", "payload"),
    [
        pytest.param(
            [(0, HEAD + b"a" * 16), (16, b"b" * 16), (32, b"c" * 8)],
            b"a" * 16 + b"b" * 8 + b"c" * 8,
            id="front",
        ),
        pytest.param(
            [(16, b"b" * 16), (0, HEAD + b"a" * 16), (32, b"c" * 8)],
            b"a" * 8 + b"b" * 16 + b"c" * 8,
            id="back",
        ),
        pytest.param(
            [(16, b"b" * 8), (0, HEAD + b"a" * 24), (32, b"c" * 8)],
            b"a" * 8 + b"b" * 8 + b"a" * 8 + b"c" * 8,
            id="around",
        ),
        pytest.param(
            [(0, HEAD + b"a" * 24), (8, b"b" * 16), (32, b"c" * 8)],
            b"a" * 24 + b"c" * 8,
            id="inside",
        ),
        pytest.param(
            [(0, HEAD), (16, b"b" * 8), (8, b"a" * 24), (32, b"c" * 8)],
            b"a" * 8 + b"b" * 8 + b"a" * 8 + b"c" * 8,
            id="across",
        ),
    ],
)
def test_what_was_heard_first_stays(parts: list[tuple[int, bytes]], payload: bytes) -> None:
    chain = Chain()
    packets = [part(offset, data, more=offset != 32) for offset, data in parts]
    (datagram,) = [heard for packet in packets for heard in chain.feed(unit_of(packet))]
    assert datagram.data == payload
    assert (chain.oddities, chain.counts) == ({"fragments overlap": 1}, {})


def test_a_datagram_that_stays_incomplete_is_given_up_and_told() -> None:
    chain = Chain()
    feed([V4[0], V4[2]], chain)
    assert chain.expire(NOW + MAX_AGE_NS) == []
    (malformed,) = chain.expire(NOW + MAX_AGE_NS + 1)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.offset) == ("ipv4", 1400)
    assert malformed.why == "fragments missing: 2800 of unknown octets heard"
    assert malformed.data == bytes(V4[0])[20:]
    assert malformed.unit.data == bytes(V4[0])
    assert chain.counts == {"fragments missing": 1}
    assert held(chain) == 0


def test_a_later_fragment_gives_up_what_is_too_old() -> None:
    chain = Chain()
    chain.feed(unit_of(V4[3]))
    (malformed,) = chain.feed(unit_of(V6[0], NOW + MAX_AGE_NS + 1))
    assert (malformed.layer, malformed.offset, malformed.data) == ("ipv4", 0, b"")


def test_time_may_step_back() -> None:
    chain = Chain()
    chain.feed(unit_of(V4[0]))
    for packet in V4[1:3]:
        assert chain.feed(unit_of(packet, NOW - MAX_AGE_NS * 5)) == []
    assert len(chain.feed(unit_of(V4[3], NOW))) == 1


@pytest.mark.parametrize(
    ("packets", "why"),
    [
        pytest.param([part(0, b"x" * 9)], "fragment of 9 octets", id="not-eights"),
        pytest.param([part(8, b"")], "fragment of 0 octets", id="empty"),
        pytest.param(
            [part(65_528, b"x" * 8, more=False)], "fragment reaches beyond 65535 octets", id="death"
        ),
        pytest.param(
            [part(16, b"x" * 8, more=False), part(24, b"y" * 8)],
            "fragments disagree on where their datagram ends",
            id="beyond-the-last",
        ),
        pytest.param(
            [part(24, b"y" * 8), part(16, b"x" * 8, more=False)],
            "fragments disagree on where their datagram ends",
            id="last-before-another",
        ),
        pytest.param(
            [part(16, b"x" * 8, more=False), part(8, b"y" * 8, more=False)],
            "fragments disagree on where their datagram ends",
            id="two-last",
        ),
    ],
)
def test_impossible_fragments(packets: list[bytes], why: str) -> None:
    chain = Chain()
    (malformed,) = [heard for packet in packets for heard in chain.feed(unit_of(packet))]
    assert (malformed.layer, malformed.why) == ("ipv4", why)
    assert held(chain) == 0


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    chain, heard = Chain(), []
    for ident in range(6000):
        heard += chain.feed(unit_of(part(0, b"x" * 800, ident=ident)))
        assert held(chain) <= MAX_OCTETS
    assert heard[0].unit.data == part(0, b"x" * 800, ident=0)
    assert heard[0].why == "fragments crowded out: 800 of unknown octets heard"
    assert chain.counts == {"fragments crowded out": len(heard)}


def test_the_datagrams_done_are_not_remembered_for_ever() -> None:
    chain = Chain()
    for ident in range(5000):
        chain.feed(unit_of(part(0, HEAD + b"x" * 8, ident=ident)))
        assert len(chain.feed(unit_of(part(16, b"y" * 24, more=False, ident=ident)))) == 1
    assert len(chain._fragments._done) <= 4096


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans()), max_size=30))
def test_whatever_the_fragments_nothing_stays_held(parts: list[tuple[int, int, bool]]) -> None:
    chain = Chain()
    heard = []
    for offset, eights, more in parts:
        heard += chain.feed(unit_of(part(offset * 8, b"x" * eights * 8, more=more)))
    heard += chain.expire(NOW * 2)
    assert held(chain) == 0
    assert sum(isinstance(one, Datagram) for one in heard) <= sum(not more for *_, more in parts)
