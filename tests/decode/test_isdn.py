# SPDX-License-Identifier: Apache-2.0
"""D channels to Q.931 messages, however they were captured."""

import pytest

from edge.decode.isdn import MAX_CHANNELS, IsdnLink
from edge.decode.q931.message import Q931Message
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import CHANNEL, Q931_MESSAGES, with_lapd_header


def test_a_frame_of_a_channel_is_a_message_of_the_side_that_sent_it():
    link, heard = IsdnLink(), []
    for number, (_, frame) in enumerate(CHANNEL):
        unit = Unit("tap", LinkType.LAPD, number, frame, channel="1:16")
        heard += [m for m in link.feed(unit) if isinstance(m, Q931Message)]
    sides = ["network" if side else "user" for side, _ in Q931_MESSAGES]
    assert [message.reference.side for message in heard] == sides


def test_the_pseudo_header_changes_nothing():
    plain, headed = IsdnLink(), IsdnLink()
    for number, sent in enumerate(CHANNEL):
        one = plain.feed(Unit("tap", LinkType.LAPD, number, sent[1]))
        other = headed.feed(Unit("tap", LinkType.LINUX_LAPD, number, with_lapd_header(*sent)))
        assert [(m.type, m.fields()) for m in one] == [(m.type, m.fields()) for m in other]
    assert plain.counts == headed.counts


@pytest.mark.parametrize("octets", [b"", b"\x00\x01", b"\x00\x01\x00\x00\x08"])
def test_evidence_names_the_unit(octets):
    unit = Unit("tap", LinkType.LAPD, 0, octets)
    found = IsdnLink().feed(unit)
    assert all(isinstance(one, Malformed) and one.unit is unit for one in found)
    assert found


def test_the_channels_followed_are_bounded():
    link = IsdnLink()
    for number in range(2 * MAX_CHANNELS):
        link.feed(Unit("tap", LinkType.LAPD, 0, b"\x00\x01\x7f", channel=str(number)))
    assert len(link._channels) == MAX_CHANNELS
    assert link.counts["lapd.frames"] == 2 * MAX_CHANNELS
