# SPDX-License-Identifier: Apache-2.0
"""What of an IAM and a SETUP is an exchange's, and what is a call's."""

import pytest
from hypothesis import given, strategies as st

from edge.detect.ss7_shape import iam_shape, setup_shape
from hil.e1.calls import Call, Number, iam
from tests.call.circuit_talk import SETUP, q931_message
from tests.detect.box import isup

LONDON, ASTANA = Number("442079460123"), Number("77172000001")
PLAIN = iam(Call(LONDON, ASTANA))


def with_parameters(*more: bytes) -> bytes:
    """Put optional parameters before the end of an IAM."""
    return PLAIN[:-1] + b"".join(more) + b"\0"


def text(octets: bytes) -> str:
    return iam_shape(isup(octets)).text


def test_an_iam() -> None:
    assert text(PLAIN) == "06070902040a|n00,f6001,c0a,m00,d0410e,g0413"


@pytest.mark.parametrize(
    "call",
    [
        Call(Number("33199001234"), ASTANA),
        Call(LONDON, Number("7717200000")),
        Call(Number("442079460123", presentation=1), ASTANA),
        Call(LONDON, ASTANA, redirecting=Number("33199001234")),
    ],
)
def test_numbers_and_circumstances_do_not_show(call: Call) -> None:
    assert text(iam(call)) == text(PLAIN)


@pytest.mark.parametrize(
    "octets",
    [
        iam(Call(LONDON._replace(screening=1), ASTANA)),
        iam(Call(LONDON._replace(nature=3), ASTANA)),
        iam(Call(LONDON, ASTANA, generic=LONDON)),
        with_parameters(b"\x3f\x05\x84\x13\x44\x77\x00"),
        with_parameters(b"\x3d\x01\x1e"),
        with_parameters(b"\x31\x02\x00\x1e", b"\x3d\x01\x1e"),
    ],
)
def test_how_an_exchange_writes_shows(octets: bytes) -> None:
    assert text(octets) != text(PLAIN)


def test_the_way_shows_beside_the_shape() -> None:
    near, far = (iam_shape(isup(with_parameters(b"\x3d\x01" + bytes([n])))) for n in (30, 12))
    assert near.text == far.text
    assert (near.hops, far.hops) == (30, 12)
    assert iam_shape(isup(PLAIN)).hops == -1


def test_a_setup() -> None:
    assert setup_shape(q931_message(SETUP)).text == "6c70a1|g1183,d91"


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=100))
def test_any_parameters_have_a_bounded_shape(parameters: list[tuple[int, bytes]]) -> None:
    message = isup(PLAIN)
    message.parameters = tuple(parameters)
    assert len(iam_shape(message).text) <= 512


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 255), st.binary(max_size=9)), max_size=99)
)
def test_any_elements_have_a_bounded_shape(elements: list[tuple[int, int, bytes]]) -> None:
    message = q931_message(SETUP)
    message.elements = tuple(elements)
    assert len(setup_shape(message).text) <= 512
