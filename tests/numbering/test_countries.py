# SPDX-License-Identifier: Apache-2.0
"""Country codes against libphonenumber: the same codes, and the same country for a number."""

import phonenumbers
import pytest
from hypothesis import given, strategies as st

from edge.numbering.countries import COUNTRY_CODES, WORLD, country_of

NOT_IN_LIBPHONENUMBER = {
    "379": "given to the Vatican by the ITU, not in service: its telephones are under 39",
}

TOLD_APART_BY_IT_ONLY = {
    "AX": "FI", "BL": "GP", "BQ": "CW", "CC": "AU", "CX": "AU", "EH": "MA", "GG": "GB", "IM": "GB",
    "JE": "GB", "MF": "GP", "SJ": "NO", "TA": "SH", "VA": "IT", "YT": "RE",
    "CA": "US/CA", "US": "US/CA", "KZ": "KZ/RU", "RU": "KZ/RU",
}  # fmt: skip


def test_country_codes_are_those_that_libphonenumber_has():
    ours = {code for code in COUNTRY_CODES if len(code) < 4}
    theirs = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    assert ours - theirs == set(NOT_IN_LIBPHONENUMBER)
    assert theirs - ours == set()


def test_country_codes_are_a_prefix_code():
    """No code begins another: the tree of E.164, but for the areas of the North American plan."""
    codes = sorted(code for code in COUNTRY_CODES if len(code) < 4)
    assert not [(a, b) for a in codes for b in codes if a != b and b.startswith(a)]
    assert all(code.startswith("1") for code in COUNTRY_CODES if len(code) == 4)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_example_number_of_every_region(region):
    number = phonenumbers.example_number(region)
    assert number is not None
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    assert country_of(digits) == TOLD_APART_BY_IT_ONLY.get(region, region)


@given(st.integers(min_value=0, max_value=10**15 - 1).map(str))
def test_main_region_of_any_number(digits):
    code = next((digits[:n] for n in (1, 2, 3) if digits[:n] in COUNTRY_CODES), "")
    if not code:
        assert country_of(digits) == ""
        return
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ("VA",))
    assert set(country_of(digits).split("/")) <= set(regions)


@pytest.mark.parametrize(
    ("digits", "country"),
    [
        ("447700900123", "GB"),
        ("12025550123", "US/CA"),
        ("18765550123", "JM"),
        ("17875550123", "PR"),
        ("998", "UZ"),
        ("996", "KG"),
        ("870", WORLD),
        ("99", ""),
        ("997", ""),
        ("210", ""),
        ("0", ""),
        ("", ""),
    ],
)
def test_country_of(digits, country):
    assert country_of(digits) == country
