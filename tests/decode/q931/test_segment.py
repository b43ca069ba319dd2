# SPDX-License-Identifier: Apache-2.0
"""Messages in segments (Q.931 annex H), against tshark's reading of the whole one."""

import pytest

from edge.decode.q931.segment import MAX_OPEN, Reader
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import Q931_MESSAGES, element, q931, q931_segments

LONG = Q931_MESSAGES[13][1]


def read(reader, octets, at=0, side="user"):
    return reader.read(Unit("tap", LinkType.LAPD, at, b""), NO_FLOW, "tap", side, octets)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_last_segment_completes_the_message(count):
    reader = Reader()
    [whole] = read(Reader(), LONG)
    *early, last = [read(reader, part) for part in q931_segments(LONG, count)]
    assert early == [[]] * (count - 1)
    [message] = last
    assert (message.type, message.fields()) == ("SETUP", whole.fields())
    assert reader.counts == {"segments": count, "segments_lost": 0}


@pytest.mark.parametrize(
    ("kept", "times"),
    [
        pytest.param([1, 2], [0, 0], id="first lost"),
        pytest.param([0, 2], [0, 0], id="middle lost"),
        pytest.param([0, 1, 1, 2], [0, 0, 0, 0], id="one twice"),
        pytest.param([0, 1, 2], [0, 0, 5_000_000_000], id="after T314"),
    ],
)
def test_a_message_with_a_part_missing_is_counted_not_guessed(kept, times):
    reader, parts = Reader(), q931_segments(LONG, 3)
    assert [read(reader, parts[n], at) for n, at in zip(kept, times, strict=True)] == [[]] * len(
        kept
    )
    assert reader.counts["segments_lost"] >= 1


def test_both_sides_may_send_segments_under_one_reference():
    reader = Reader()
    mine, theirs = q931_segments(LONG, 2), q931_segments(LONG, 2)
    assert read(reader, mine[0]) == read(reader, theirs[0], side="network") == []
    assert len(read(reader, mine[1]) + read(reader, theirs[1], side="network")) == 2


def test_unfinished_messages_are_bounded():
    reader = Reader()
    for reference in range(3 * MAX_OPEN):
        read(reader, q931_segments(q931(0x05, element(0x70, b"\x8112"), reference=reference), 2)[0])
    assert len(reader._begun) == MAX_OPEN


def test_a_segment_of_nothing_is_malformed():
    [malformed] = read(Reader(), q931(0x60, element(0x70, b"\x8112")))
    assert isinstance(malformed, Malformed)
    assert malformed.why == "SEGMENT without segmented message element"
