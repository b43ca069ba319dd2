# SPDX-License-Identifier: Apache-2.0
"""Whatever is heard, the decoders of E1 signalling return; they never raise and never swell."""

import json
import random

import pytest

from edge.decode.hdlc import Deframer
from edge.decode.isdn import IsdnLink
from edge.decode.isup.message import parse_body
from edge.decode.sigtran.link import SigtranLink
from edge.decode.ss7 import Ss7Link
from edge.model.message import NO_FLOW, Malformed, Message
from edge.model.unit import Direction, LinkType, Unit
from tests.vectors.e1.make_vectors import CAPTURES, ISUP_MESSAGES, SIGTRAN

SEEDS = {
    LinkType.MTP2: CAPTURES["mtp2.pcap"][1] + CAPTURES["mtp2_fcs.pcap"][1],
    LinkType.MTP2_WITH_PHDR: CAPTURES["mtp2_phdr.pcap"][1] + CAPTURES["mtp2_annex_a.pcap"][1],
    LinkType.MTP3: CAPTURES["mtp3.pcap"][1],
    LinkType.LAPD: CAPTURES["lapd.pcap"][1],
    LinkType.LINUX_LAPD: CAPTURES["linux_lapd.pcap"][1],
    LinkType.ETHERNET: SIGTRAN,
}
ISDN = {LinkType.LAPD, LinkType.LINUX_LAPD}


def spoiled(rng, octets):
    """The frame with octets changed, cut out, doubled or put in; now and then all noise."""
    data = bytearray(octets)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 | 1:
                data[at : at + 1] = rng.choice([b"\0", b"\x7f", b"\xff", rng.randbytes(1)])
            case 2:
                del data[at : at + rng.randrange(8)]
            case 3:
                data[at:at] = data[at : at + rng.randrange(20)]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(4))
            case _:
                del data[at:]
    return bytes(data) if rng.randrange(50) else rng.randbytes(rng.randrange(300))


def feed_spoiled(count, seed):
    """Feed frames to all stacks; return how many messages and how many pieces of evidence came."""
    rng = random.Random(seed)
    ss7, isdn, sigtran, deframer = Ss7Link(), IsdnLink(), SigtranLink(), Deframer()
    links, sides = list(SEEDS), list(Direction)
    messages = evidence = 0
    for number in range(count):
        link = rng.choice(links)
        data = spoiled(rng, rng.choice(SEEDS[link]))
        unit = Unit("tap", link, number * 1_000_000, data, direction=rng.choice(sides))
        found: list[Message | Malformed] = []
        if link is LinkType.ETHERNET:
            found += sigtran.feed(unit, NO_FLOW, data)
        else:
            found += isdn.feed(unit) if link in ISDN else ss7.feed(unit)
        found += parse_body(unit, NO_FLOW, spoiled(rng, rng.choice(ISUP_MESSAGES)[2:]))
        deframer.feed(data)
        for one in found:
            if isinstance(one, Malformed):
                evidence += 1
                assert 0 <= one.offset <= len(one.data)
                assert one.unit is unit
            else:
                messages += 1
                assert json.dumps([one.call, one.calling, one.called, one.fields(), one.facts()])
                assert one.type.isprintable()
    return messages, evidence


def test_spoiled_frames_are_messages_or_evidence():
    messages, evidence = feed_spoiled(20_000, seed=1)
    assert messages > 5_000
    assert evidence > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_million_spoiled_frames_are_messages_or_evidence(seed):
    messages, evidence = feed_spoiled(100_000, seed=seed)
    assert messages > 25_000
    assert evidence > 25_000
