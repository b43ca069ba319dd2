# SPDX-License-Identifier: Apache-2.0
"""The generator's own bits, against values worked out by hand and from the Recommendations."""

import pytest
from hypothesis import given, strategies as st

from hil.e1.bits import (
    FLAG,
    aborted,
    bits_of,
    blocks,
    cas,
    flipped,
    frame,
    line,
    octets_of,
    slipped,
    stuffed,
)


def test_the_low_bit_goes_first() -> None:
    assert bits_of(b"\x01\x80") == "1000000000000001"


@pytest.mark.parametrize(
    ("bits", "on_the_line"),
    [("11111", "111110"), ("111111", "1111101"), ("0" * 9, "0" * 9), ("1" * 10, "111110" * 2)],
)
def test_a_zero_after_five_ones(bits: str, on_the_line: str) -> None:
    assert stuffed(bits) == on_the_line


@given(st.binary(min_size=1, max_size=50))
def test_no_frame_holds_a_flag_or_an_abort(octets: bytes) -> None:
    assert "111111" not in frame(octets)
    assert "1111111" in aborted(octets)


def test_a_fill_in_unit_by_hand() -> None:
    """FF FF 00 and its check sequence FF FF: 16 ones, 8 zeros, 16 ones, stuffed."""
    ones = "1111101111101111101"
    assert frame(b"\xff\xff\x00") == f"{ones}00000000{ones}"
    assert line([frame(b"\xff\xff\x00")], flags=2) == f"{FLAG * 2}{ones}00000000{ones}{FLAG}"


def test_octets_are_filled_up() -> None:
    assert octets_of("10000000") == b"\x80"
    assert octets_of("1") == bytes([0b1011_1111])


def test_damage() -> None:
    assert flipped("0000", 1, 3) == "0101"
    assert slipped(b"abcdef", 2, 2) == b"abef"
    assert [*blocks(b"abcde", 2)] == [b"ab", b"cd", b"e"]


def test_a_multiframe_begins_with_its_alignment() -> None:
    octets = cas(33, 0b1001)
    assert (octets[0], octets[16], octets[32], len(octets)) == (0x0B, 0x0B, 0x0B, 33)
    assert set(octets) == {0x0B, 0x99}
