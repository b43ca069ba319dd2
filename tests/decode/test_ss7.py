# SPDX-License-Identifier: Apache-2.0
"""Signalling links to ISUP messages, however they were captured."""

import pytest

from edge.decode.ss7 import MAX_LINKS, Ss7Link
from edge.model.message import Malformed
from edge.model.unit import Direction, LinkType, Unit
from tests.vectors.e1.make_vectors import CAPTURES, HERE, ISUP_MESSAGES, LINK, isup, msu, mtp3, pcap

BLO = mtp3(isup(0x13))


def heard(units, link=LinkType.MTP2, direction=Direction.A_TO_B):
    stack, found = Ss7Link(), []
    for number, octets in enumerate(units):
        found += stack.feed(Unit("tap", link, number, octets, direction=direction))
    return found, stack.counts


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("mtp2.pcap", LinkType.MTP2),
        ("mtp2_fcs.pcap", LinkType.MTP2),
        ("mtp2_phdr.pcap", LinkType.MTP2_WITH_PHDR),
        ("mtp2_annex_a.pcap", LinkType.MTP2_WITH_PHDR),
        ("mtp3.pcap", LinkType.MTP3),
    ],
)
@pytest.mark.parametrize("direction", Direction)
def test_every_way_to_capture_a_link_gives_the_same_messages(name, link, direction):
    found, _ = heard(CAPTURES[name][1], link, direction)
    messages = [message for message in found if message.proto == "isup"]
    assert [message.type for message in messages[:3]] == ["IAM", "IAM", "IAM"]
    assert len(messages) == len(ISUP_MESSAGES)


def test_what_is_said_beside_the_calls_is_shown():
    found, counts = heard(LINK)
    beside = [(m.proto, m.type) for m in found if m.proto != "isup"]
    assert beside == [
        *(("mtp2", status) for status in ("SIOS", "SIO", "SIN", "SIB", "SIPO")),
        ("mtp3", "SLTM"),
        ("mtp3", "TFP"),
        ("mtp3", "SCCP"),
    ]
    assert counts["mtp2.fill"] == 1


@pytest.mark.parametrize("name", CAPTURES)
def test_the_captures_are_what_their_script_writes(name):
    assert (HERE / name).read_bytes() == pcap(*CAPTURES[name])


def test_a_cut_pseudo_header_is_malformed():
    [malformed] = Ss7Link().feed(Unit("tap", LinkType.MTP2_WITH_PHDR, 0, b"\0\0\0"))
    assert isinstance(malformed, Malformed)


def test_the_links_followed_are_bounded():
    stack = Ss7Link()
    for number in range(2 * MAX_LINKS):
        stack.feed(Unit("tap", LinkType.MTP2, 0, msu(BLO, 1), channel=str(number)))
    assert len(stack._links) == MAX_LINKS
    assert stack.counts["mtp2.units"] == 2 * MAX_LINKS
