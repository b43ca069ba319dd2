# SPDX-License-Identifier: Apache-2.0
"""What lower layers say, where it was said, and sums of counts."""

import pytest

from edge.decode.layer import LayerMessage, place, tally
from edge.model.unit import LinkType, Unit


@pytest.mark.parametrize(
    ("channel", "more", "text"),
    [("", "", "tap"), ("1:16", "", "tap/1:16"), ("", "iua-7", "tap/iua-7"), ("1", "2", "tap/1/2")],
)
def test_a_place_is_tap_and_channel(channel, more, text):
    assert place(Unit("tap", LinkType.LAPD, 0, b"", channel=channel), more) == text


def test_counts_are_summed_by_layer_and_cause():
    parts = ("mtp2", {"lost": 1}), ("mtp2", {"lost": 2, "repeats": 1}), ("isup", {"lost": 4})
    assert tally(*parts) == {"mtp2.lost": 3, "mtp2.repeats": 1, "isup.lost": 4}


def test_a_layer_says_no_numbers():
    message = LayerMessage(Unit("tap", LinkType.MTP2, 0, b""), "mtp2", "SIOS", {"bsn": 127})
    assert (message.call, message.calling, message.called) == ("", "", "")
    assert (message.fields(), message.facts()) == ({"bsn": 127}, {})
