# SPDX-License-Identifier: Apache-2.0
"""The cursor: reads what is there, and nothing past its element."""

from collections.abc import Callable
from struct import Struct

import pytest
from hypothesis import given, strategies as st

from edge.decode.cursor import Cursor, Short, Unreadable
from edge.model.message import Malformed

OCTETS = bytes.fromhex("0102030405060708")


@pytest.mark.parametrize(
    ("read", "value", "left"),
    [
        pytest.param(lambda c: c.u8(), 0x01, 7, id="u8"),
        pytest.param(lambda c: c.u16(), 0x0102, 6, id="u16"),
        pytest.param(lambda c: c.u24(), 0x010203, 5, id="u24"),
        pytest.param(lambda c: c.u32(), 0x01020304, 4, id="u32"),
        pytest.param(lambda c: c.u64(), 0x0102030405060708, 0, id="u64"),
        pytest.param(lambda c: c.u16("little"), 0x0201, 6, id="u16-little"),
        pytest.param(lambda c: c.u24("little"), 0x030201, 5, id="u24-little"),
        pytest.param(lambda c: c.u32("little"), 0x04030201, 4, id="u32-little"),
        pytest.param(lambda c: c.u64("little"), 0x0807060504030201, 0, id="u64-little"),
        pytest.param(lambda c: c.take(3), b"\x01\x02\x03", 5, id="take"),
        pytest.param(lambda c: c.take(0), b"", 8, id="take-nothing"),
        pytest.param(lambda c: c.rest(), OCTETS, 0, id="rest"),
        pytest.param(lambda c: c.skip(5), 0, 3, id="skip"),
        pytest.param(lambda c: c.peek(), 0x01, 8, id="peek"),
        pytest.param(lambda c: c.unpack(Struct(">BxH")), (0x01, 0x0304), 4, id="unpack"),
    ],
)
def test_reads(read: Callable[[Cursor], object], value: object, left: int) -> None:
    cursor = Cursor(OCTETS)
    assert read(cursor) == value
    assert cursor.left == left


READS_PAST_THE_END = [
    pytest.param(lambda c: c.u8(), id="u8"),
    pytest.param(lambda c: c.u16(), id="u16"),
    pytest.param(lambda c: c.u32("little"), id="u32"),
    pytest.param(lambda c: c.take(1), id="take"),
    pytest.param(lambda c: c.take(-1), id="take-negative"),
    pytest.param(lambda c: c.skip(1), id="skip"),
    pytest.param(lambda c: c.sub(1), id="sub"),
    pytest.param(lambda c: c.narrow(1), id="narrow"),
    pytest.param(lambda c: c.ahead(1), id="ahead"),
    pytest.param(lambda c: c.peek(), id="peek"),
    pytest.param(lambda c: c.unpack(Struct(">B")), id="unpack"),
]


@pytest.mark.parametrize("read", READS_PAST_THE_END)
def test_an_element_ends_before_its_data(read: Callable[[Cursor], object]) -> None:
    element = Cursor(OCTETS).sub(3)
    element.skip(3)
    with pytest.raises(Short) as short:
        read(element)
    assert (short.value.offset, short.value.end) == (3, 3)
    assert element.offset == 3


@pytest.mark.parametrize("read", READS_PAST_THE_END)
def test_a_cursor_that_begins_past_its_data_is_short(read: Callable[[Cursor], object]) -> None:
    with pytest.raises(Short):
        read(Cursor(OCTETS, 9))


def test_an_element_is_stepped_over_whole() -> None:
    cursor = Cursor(OCTETS)
    element = cursor.sub(2)
    assert (cursor.u8(), element.u16(), element.left) == (0x03, 0x0102, 0)


def test_a_second_cursor_ahead_leaves_the_first() -> None:
    cursor = Cursor(OCTETS)
    assert cursor.ahead(6).rest() == b"\x07\x08"
    assert cursor.u8() == 0x01


def test_narrowing_hides_the_trailer() -> None:
    cursor = Cursor(OCTETS)
    cursor.narrow(2)
    assert (cursor.rest(), cursor.rest()) == (b"\x01\x02", b"")


def test_offsets_are_into_the_outermost_data() -> None:
    inner = Cursor(b"\xff" + OCTETS, 1).sub(8).sub(4)
    inner.skip(3)
    with pytest.raises(Short) as short:
        inner.u16()
    evidence = short.value.malformed("q931", OCTETS, start=1)
    assert evidence == Malformed("q931", 3, "2 octets wanted, 1 left", OCTETS)


def test_a_contradiction_becomes_evidence() -> None:
    assert Unreadable(7, "version 9").malformed("ipv4", b"\x90") == Malformed(
        "ipv4", 7, "version 9", b"\x90"
    )


@given(st.binary(max_size=40), st.lists(st.integers(-1, 20)))
def test_takes_join_to_a_prefix(data: bytes, counts: list[int]) -> None:
    cursor, taken = Cursor(data), b""
    for count in counts:
        try:
            taken += cursor.take(count)
        except Short:
            assert count < 0 or count > cursor.left
    assert data.startswith(taken)
    assert cursor.left == len(data) - len(taken)
