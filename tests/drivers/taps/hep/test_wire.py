# SPDX-License-Identifier: Apache-2.0
"""HEP packets out of a stream, however it was cut."""

import struct

import pytest
from hypothesis import given, strategies as st

from drivers.taps.hep.wire import Framer


def packet(body: bytes) -> bytes:
    return struct.pack(">4sH", b"HEP3", 6 + len(body)) + body


THREE = [packet(b"one"), packet(b""), packet(b"HEP3 in a payload" * 9)]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_packets_are_found_however_the_stream_is_cut(size: int) -> None:
    framer = Framer()
    stream = b"".join(THREE)
    found = [
        one for at in range(0, len(stream), size) for one in framer.feed(stream[at : at + size])
    ]
    assert found == THREE
    assert (framer.gaps, framer.holds) == (0, False)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "noise", [b"x", b"HEP2 and more", b"HEP3\0\x03", b"HHEHEPHEP", b"x" * 5000]
)
def test_noise_is_passed_over_once(noise: bytes, size: int) -> None:
    framer = Framer()
    stream = THREE[0] + noise + THREE[1] + THREE[2]
    found = [
        one for at in range(0, len(stream), size) for one in framer.feed(stream[at : at + size])
    ]
    assert found == THREE
    assert framer.gaps == 1


def test_a_packet_that_has_begun_is_held() -> None:
    framer = Framer()
    assert framer.feed(THREE[0][:-1]) == []
    assert framer.holds
    assert framer.feed(THREE[0][-1:]) == [THREE[0]]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_octets_are_answered_and_little_is_held(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        assert all(one.startswith(b"HEP3") for one in framer.feed(piece))
        assert len(framer._held) < 65_535
