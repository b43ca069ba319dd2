# SPDX-License-Identifier: Apache-2.0
"""User messages out of SCTP packets: fragments, retransmissions, losses, hostile lengths."""

import random

import pytest

from edge.decode.sigtran import sctp as decoder
from edge.decode.sigtran.sctp import MAX_ASSOCIATIONS, MAX_HELD, Sctp
from edge.model.message import Malformed
from tests.vectors.e1.make_vectors import chunk, sctp

BEGIN, MIDDLE, END, WHOLE = 2, 0, 1, 3


def bodies(found):
    return [message.data for message in found]


def fed(*packets):
    receiver = Sctp()
    return [body for packet in packets for body in bodies(receiver.feed(packet))], receiver.counts


def test_a_packet_may_hold_many_messages():
    found, counts = fed(sctp(chunk(b"a", 1, 3), chunk(b"bcd", 2, 3), chunk(b"efgh", 3, 3)))
    assert found == [b"a", b"bcd", b"efgh"]
    assert counts["chunks"] == 3


def test_the_ports_and_the_payload_protocol_come_along():
    [message] = Sctp().feed(sctp(chunk(b"a", 1, 5), port=3565))
    assert (message.payload_protocol, message.source_port, message.destination_port) == (
        5,
        3565,
        3565,
    )


@pytest.mark.parametrize("first", [1, 0xFFFF_FFFE], ids=["low", "across the end of the numbers"])
def test_fragments_are_joined_in_any_order(first):
    texts, flags = [b"one", b"two", b"three"], [BEGIN, MIDDLE, END]
    parts = [
        sctp(chunk(text, (first + n) % 2**32, 3, flags=flag))
        for n, (text, flag) in enumerate(zip(texts, flags, strict=True))
    ]
    for seed in range(12):
        shuffled = parts[:]
        random.Random(seed).shuffle(shuffled)
        found, counts = fed(*shuffled)
        assert found == [b"onetwothree"]
        assert counts["missing"] == 0


def test_messages_side_by_side_do_not_mix():
    found, _ = fed(
        sctp(chunk(b"a1", 1, 3, flags=BEGIN)),
        sctp(chunk(b"b1", 1, 3, flags=BEGIN), tag=9),
        sctp(chunk(b"a2", 2, 3, flags=END)),
        sctp(chunk(b"b2", 2, 3, flags=END), tag=9),
    )
    assert found == [b"a1a2", b"b1b2"]


def test_a_retransmission_is_heard_once_whichever_path_it_takes():
    found, counts = fed(sctp(chunk(b"a", 7, 3)), sctp(chunk(b"b", 8, 3)), sctp(chunk(b"a", 7, 3)))
    assert found == [b"a", b"b"]
    assert counts["repeats"] == 1


def test_what_is_missing_is_counted_until_it_comes():
    receiver = Sctp()
    receiver.feed(sctp(chunk(b"a", 1, 3)))
    receiver.feed(sctp(chunk(b"d", 4, 3)))
    assert receiver.counts["missing"] == 2
    receiver.feed(sctp(chunk(b"c", 3, 3)))
    assert receiver.counts["missing"] == 1


@pytest.mark.parametrize("jump", [2000, 2**31, 2**32 - 2000])
def test_after_a_leap_of_the_numbers_all_is_heard(jump):
    packets = [sctp(chunk(b"a", (n + jump * (n > 2)) % 2**32, 3)) for n in range(6)]
    assert len(fed(*packets)[0]) == 6


def test_other_chunks_are_counted():
    sack = bytes.fromhex("03000010") + bytes(12)
    found, counts = fed(sctp(sack, chunk(b"a", 1, 3)))
    assert (found, counts["other_chunks"]) == ([b"a"], 1)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "2 octets wanted, 0 left", id="empty"),
        pytest.param(sctp() + b"\0\3\0\0", "chunk length 0", id="length 0"),
        pytest.param(sctp() + b"\0\3\0\3", "chunk length 3", id="length 3"),
        pytest.param(sctp() + b"\0\3\xff\xff", "65531 octets wanted, 0 left", id="length 65535"),
        pytest.param(sctp() + b"\0\3\0\x06ab", "4 octets wanted, 2 left", id="no TSN"),
    ],
)
def test_a_broken_packet_is_malformed(octets, why):
    [malformed] = Sctp().feed(octets)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why) == ("sctp", why)


def test_what_came_before_the_error_is_kept():
    message, malformed = Sctp().feed(sctp(chunk(b"abcd", 1, 3)) + b"\0\3\0\0")
    assert (message.data, malformed.offset) == (b"abcd", 32)


def test_associations_are_bounded():
    receiver = Sctp()
    for tag in range(MAX_ASSOCIATIONS + 50):
        receiver.feed(sctp(chunk(b"a", 1, 3), tag=tag))
    assert len(receiver._windows) == MAX_ASSOCIATIONS


def test_fragments_that_never_end_are_bounded():
    receiver, piece = Sctp(), bytes(60_000)
    for tsn in range(2 * MAX_HELD // len(piece)):
        receiver.feed(sctp(chunk(piece, tsn, 3, flags=MIDDLE)))
    assert receiver._held <= MAX_HELD
    assert receiver._held == sum(
        len(fragment.data) + decoder.DATA_HEAD for fragment in receiver._fragments.values()
    )
    assert receiver.counts["abandoned"] > 0
