# SPDX-License-Identifier: Apache-2.0
"""Link layers: what they announce, and the tags on the way."""

import pytest
from scapy.layers.l2 import LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Raw

from edge.decode.cursor import Cursor, Short, Unreadable
from edge.decode.link import LAYERS
from edge.decode.walk import Key, Path, Walk
from edge.model.unit import LinkType, Unit

PAYLOAD = Raw(b"payload")
ETHER = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
DOT3 = Dot3(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")


def opened(link: int, octets: bytes) -> tuple[Key, Walk]:
    """Open link layers until something else comes."""
    walk = Walk(Unit("north", link, 0, octets), Cursor(octets))
    key = ("link", link)
    while key in LAYERS:
        key = LAYERS[key].open(walk)
    return key, walk


@pytest.mark.parametrize(
    ("link", "octets", "key", "path"),
    [
        pytest.param(
            1, bytes(ETHER / PAYLOAD)[:12] + b"\x08\0payload", ("ether", 0x800), (), id="ip"
        ),
        pytest.param(
            1,
            bytes(ETHER / Dot1Q(vlan=100, prio=5, type=0x800) / PAYLOAD),
            ("ether", 0x800),
            (("vlan", 100),),
            id="802.1Q",
        ),
        pytest.param(
            1,
            bytes(ETHER / Dot1AD(vlan=4094) / Dot1Q(vlan=2, type=0x86DD) / PAYLOAD),
            ("ether", 0x86DD),
            (("vlan", 4094), ("vlan", 2)),
            id="802.1ad",
        ),
        pytest.param(
            1,
            bytes(ETHER)[:12]
            + b"\x91\0\x01\x2c"
            + b"\x92\0\0\x05"
            + b"\x81\0\0\x06\x08\x06payload",
            ("ether", 0x806),
            (("vlan", 300), ("vlan", 5), ("vlan", 6)),
            id="three-tags-of-old",
        ),
        pytest.param(
            1, bytes(DOT3 / LLC() / SNAP(code=0x800) / PAYLOAD), ("ether", 0x800), (), id="snap"
        ),
        pytest.param(
            1,
            bytes(ETHER / Dot1Q(vlan=7, type=10)) + bytes(LLC(dsap=0x42, ssap=0x42, ctrl=3)),
            ("llc", 0x42),
            (("vlan", 7),),
            id="spanning-tree-in-a-vlan",
        ),
        pytest.param(0, b"\x02\0\0\0payload", ("ether", 0x800), (), id="null-ipv4-little"),
        pytest.param(0, b"\0\0\0\x02payload", ("ether", 0x800), (), id="null-ipv4-big"),
        pytest.param(0, b"\x1e\0\0\0payload", ("ether", 0x86DD), (), id="null-ipv6-darwin"),
        pytest.param(0, b"\x1c\0\0\0payload", ("ether", 0x86DD), (), id="null-ipv6-freebsd"),
        pytest.param(108, b"\0\0\0\x18payload", ("ether", 0x86DD), (), id="loop-ipv6-openbsd"),
        pytest.param(0, b"\x07\0\0\0payload", ("family", 7), (), id="null-another-family"),
        pytest.param(
            113, bytes(CookedLinux(proto=0x800) / PAYLOAD), ("ether", 0x800), (), id="sll"
        ),
        pytest.param(
            113,
            bytes(CookedLinux(proto=0x8100) / Dot1Q(vlan=9, type=0x800) / PAYLOAD),
            ("ether", 0x800),
            (("vlan", 9),),
            id="sll-vlan",
        ),
        pytest.param(
            276, bytes(CookedLinuxV2(proto=0x86DD) / PAYLOAD), ("ether", 0x86DD), (), id="sll2"
        ),
    ],
)
def test_link_layers(link: int, octets: bytes, key: Key, path: Path) -> None:
    announced, walk = opened(link, octets)
    assert announced == key
    assert walk.path == path
    if key[0] != "llc":
        assert walk.cursor.rest() == b"payload"


@pytest.mark.parametrize("link", [101, 12, 14, 228, 229])
@pytest.mark.parametrize(("first", "kind"), [(0x45, 0x800), (0x60, 0x86DD)])
def test_raw_ip_is_told_by_its_version(link: int, first: int, kind: int) -> None:
    key, walk = opened(link, bytes([first]) + b"rest")
    assert key == ("ether", kind)
    assert walk.cursor.left == 5


def test_raw_ip_of_no_version_is_unreadable() -> None:
    with pytest.raises(Unreadable) as lie:
        opened(101, b"\x95")
    assert lie.value.why == "version 9 of IP"


@pytest.mark.parametrize(
    ("link", "size"), [(1, 13), (1, 0), (0, 3), (113, 15), (276, 19), (101, 0)]
)
def test_a_frame_shorter_than_its_header_is_short(link: int, size: int) -> None:
    with pytest.raises(Short):
        opened(link, bytes(size))


def test_a_tag_without_an_ethertype_is_short() -> None:
    with pytest.raises(Short):
        opened(1, bytes(ETHER)[:12] + b"\x81\0\0\x01")


def test_every_packet_link_type_has_a_layer() -> None:
    circuits = {LinkType.MTP2_WITH_PHDR, LinkType.MTP2, LinkType.MTP3}
    circuits |= {LinkType.LINUX_LAPD, LinkType.LAPD, LinkType.E1_RAW, LinkType.E1_HDLC}
    circuits |= {LinkType.E1_ALARMS, LinkType.E1_CAS}
    message = {LinkType.UPPER_PDU}  # has no link, and no packet
    assert {link for link in LinkType if ("link", link) in LAYERS} == set(
        LinkType
    ) - circuits - message
