# SPDX-License-Identifier: Apache-2.0
"""Numbers in information elements: octets 3, 3a, 3b and the digits."""

import pytest

from edge.decode.q931.segment import Reader
from edge.model.message import NO_FLOW
from edge.model.number import Nature, Presentation, Screening
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import Q931_MESSAGES, element, q931

UNIT = Unit("tap", LinkType.LAPD, 0, b"", channel="1:16")


def read(octets):
    return Reader().read(UNIT, NO_FLOW, "tap/1:16", "network", octets)


def setup(*elements):
    [message] = read(q931(0x05, *elements))
    return message


def test_a_number_without_octet_3a_says_nothing_of_screening():
    number = setup(element(0x6C, b"\xc1000004")).number("calling")
    assert (number.digits, number.nature) == ("000004", Nature.SUBSCRIBER)
    assert number.screening is Screening.UNKNOWN


def test_a_redirecting_number_says_why():
    [message] = read(Q931_MESSAGES[13][1])
    number = message.number("redirecting")
    assert (number.digits, number.reason) == ("7172000002", 15)


@pytest.mark.parametrize(
    ("octet", "nature"),
    [
        (0x81, Nature.UNKNOWN),
        (0x91, Nature.INTERNATIONAL),
        (0xA1, Nature.NATIONAL),
        (0xB1, Nature.NETWORK_SPECIFIC),
        (0xC1, Nature.SUBSCRIBER),
        (0xE1, Nature.ABBREVIATED),
        (0xF1, Nature.UNKNOWN),
    ],
)
def test_natures(octet, nature):
    number = setup(element(0x70, bytes([octet]) + b"000004")).number("called")
    assert (number.nature, number.plan, number.digits) == (nature, 1, "000004")


@pytest.mark.parametrize(
    ("octet", "presentation", "screening"),
    [
        (0x80, Presentation.ALLOWED, Screening.USER_NOT_VERIFIED),
        (0xA1, Presentation.RESTRICTED, Screening.USER_PASSED),
        (0xC2, Presentation.UNAVAILABLE, Screening.USER_FAILED),
        (0xE3, Presentation.UNAVAILABLE, Screening.NETWORK),
    ],
)
def test_presentation_and_screening(octet, presentation, screening):
    number = setup(element(0x6C, bytes([0x11, octet]))).number("calling")
    assert (number.presentation, number.screening, number.digits) == (presentation, screening, "")


def test_the_eighth_bit_of_a_digit_means_nothing():
    assert setup(element(0x70, b"\x81\xb1\x32")).called == "12"
