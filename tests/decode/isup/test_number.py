# SPDX-License-Identifier: Apache-2.0
"""Numbers in ISUP parameters: digits, indicators, roles."""

import pytest

from edge.decode.cursor import Cursor, Short
from edge.decode.isup.number import FORMS, read_digits, read_number
from edge.model.number import Nature, Presentation, Screening
from tests.vectors.e1.make_vectors import number


@pytest.mark.parametrize(
    ("odd", "octets", "digits", "ended"),
    [
        pytest.param(0, "1032", "0123", False, id="even"),
        pytest.param(1, "1002", "012", False, id="odd"),
        pytest.param(1, "10f2", "012", False, id="odd, filler of ones"),
        pytest.param(0, "10f2", "012", True, id="ST"),
        pytest.param(1, "100f", "01", True, id="ST, odd"),
        pytest.param(0, "ba", "AB", False, id="codes 10 and 11"),
        pytest.param(0, "ff", "", True, id="nothing but fillers"),
        pytest.param(1, "", "", False, id="nothing"),
    ],
)
def test_digits_come_without_fillers_and_end_mark(odd, octets, digits, ended):
    assert read_digits(odd, bytes.fromhex(octets)) == (digits, ended)


@pytest.mark.parametrize(
    ("code", "nature"),
    [
        (1, Nature.SUBSCRIBER),
        (2, Nature.UNKNOWN),
        (3, Nature.NATIONAL),
        (4, Nature.INTERNATIONAL),
        (5, Nature.NETWORK_SPECIFIC),
        (0, Nature.UNKNOWN),
        (126, Nature.UNKNOWN),
    ],
)
def test_natures(code, nature):
    found = read_number(0x0A, Cursor(number("7172000004", code, 0x11)))
    assert (found.nature, found.nature_code) == (nature, code)


@pytest.mark.parametrize(
    ("octet", "presentation", "screening"),
    [
        (0x10, Presentation.ALLOWED, Screening.USER_NOT_VERIFIED),
        (0x15, Presentation.RESTRICTED, Screening.USER_PASSED),
        (0x1A, Presentation.UNAVAILABLE, Screening.USER_FAILED),
        (0x1F, Presentation.UNAVAILABLE, Screening.NETWORK),
    ],
)
def test_presentation_and_screening(octet, presentation, screening):
    found = read_number(0x0A, Cursor(number("7172000004", 3, octet)))
    assert (found.presentation, found.screening, found.plan) == (presentation, screening, 1)


@pytest.mark.parametrize("code", FORMS)
def test_a_bit_means_what_its_parameter_says(code):
    octets = number("7172000004", 3, 0xFF, qualifier=6 if code == 0xC0 else None)
    found = read_number(code, Cursor(octets))
    assert (found.no_internal, found.incomplete).count(True) <= 1
    assert found.no_internal == (found.role in {"called", "redirection", "location"})
    assert found.incomplete == (found.role in {"calling", "generic"})
    assert (found.screening is Screening.UNKNOWN) == (
        found.role in {"called", "redirection", "redirecting", "original-called", "called-in"}
    )


@pytest.mark.parametrize("code", FORMS)
@pytest.mark.parametrize("octets", [b"", b"\3"])
def test_a_number_that_ends_early_is_short(code, octets):
    with pytest.raises(Short):
        read_number(code, Cursor(octets))
