# SPDX-License-Identifier: Apache-2.0
"""The plan of zone 7: whole, without overlap, and as the agreement and libphonenumber have it."""

import random
from collections import Counter

import phonenumbers
import pytest

from edge.model.number import Kind
from edge.numbering.plan import (
    ALLOCATIONS,
    CENTRES,
    RESERVE,
    SHORT_CODE_KINDS,
    SHORT_CODES,
    USES,
    ZONE_7,
    span,
)

THOUSAND = [f"{code:03}" for code in range(1000)]

# Written out from the agreement of 27-11-2024 apart from the code, as sets of codes.
RUSSIAN_8XX = {
    *range(810, 819), 820, 821, 831, *range(833, 837), *range(840, 849), 850, 851, 855, 856, 857,
    *range(860, 864), 865, 866, 867, 869, 871, 872, 873, *range(877, 881),
}  # fmt: skip
RESERVED = {
    819, *range(822, 830), 830, 832, 837, 838, 839, 849, 852, 853, 854, 858, 859, 864, 868, 870,
    874, 875, 876,
}  # fmt: skip


def agreed(code: int) -> str:
    if code < 100 or 600 <= code < 800:
        return "KZ"
    if 200 <= code < 600 or code >= 900 or code in RUSSIAN_8XX:
        return "RU"
    return "KZ/RU"


def test_allocations_cover_every_code_exactly_once():
    assert Counter(code for row in ALLOCATIONS for code in span(row)) == Counter(THOUSAND)


def test_every_code_belongs_to_whom_the_agreement_gives_it():
    assert {code: ZONE_7[code].country for code in THOUSAND} == {
        code: agreed(int(code)) for code in THOUSAND
    }


def test_the_reserve_is_the_26_codes_of_the_agreement():
    reserved = {int(code) for row in ALLOCATIONS if row.country == RESERVE for code in span(row)}
    assert reserved == RESERVED
    assert len(reserved) == 26
    assert all(ZONE_7[str(code)].kind is Kind.UNALLOCATED for code in reserved)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("000", Kind.UNKNOWN),
        ("099", Kind.UNKNOWN),
        ("600", Kind.UNKNOWN),
        ("701", Kind.MOBILE),
        *((code, Kind.UNALLOCATED) for code in ("703", "704", "709", "770", "772", "773", "774")),
        ("779", Kind.UNALLOCATED),
        ("717", Kind.FIXED),
        ("719", Kind.UNALLOCATED),
        ("727", Kind.FIXED),
        ("747", Kind.MOBILE),
        ("750", Kind.NON_GEOGRAPHIC),
        ("769", Kind.NON_GEOGRAPHIC),
        ("777", Kind.MOBILE),
        ("800", Kind.TOLL_FREE),
        ("808", Kind.NON_GEOGRAPHIC),
        ("809", Kind.PREMIUM),
        ("200", Kind.UNKNOWN),
        ("495", Kind.FIXED),
        ("999", Kind.MOBILE),
    ],
)
def test_kind_of_a_code(code, kind):
    assert ZONE_7[code].kind is kind


def test_emergency_codes_are_these_and_no_others():
    emergency = {code for code, kind in SHORT_CODE_KINDS.items() if kind is Kind.EMERGENCY}
    assert emergency == {"101", "102", "103", "104", "112", "01", "02", "03", "04"}


def test_every_row_says_where_it_comes_from():
    for row in (*ALLOCATIONS, *USES, *CENTRES, *SHORT_CODES):
        assert row.source.name
        assert row.source.dated


def test_the_twenty_centres_have_fixed_codes_of_their_own():
    assert len({centre.area for centre in CENTRES}) == 20
    assert {ZONE_7[centre.area[:3]].kind for centre in CENTRES} == {Kind.FIXED}
    assert {ZONE_7[centre.area[:3]].country for centre in CENTRES} == {"KZ"}


# Cross-check ---------------------------------------------------------------------------------

KINDS = {
    phonenumbers.PhoneNumberType.FIXED_LINE: Kind.FIXED,
    phonenumbers.PhoneNumberType.MOBILE: Kind.MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER: Kind.NON_GEOGRAPHIC,
    phonenumbers.PhoneNumberType.VOIP: Kind.NON_GEOGRAPHIC,
}

KNOWN_EXCEPTIONS = {
    "760": "Kulan: it says mobile, the division of codes says non-geographic",
    "761": "T2: as 760",
    "762": "Nursat: as 760",
    "763": "Arna: as 760",
    "764": "2Day: as 760",
}

SHARED_BY_US = {"800", "803", "804", "808", "809"}
"It files the shared codes under the state whose metadata it tries first."


def test_what_libphonenumber_knows_of_zone_7_agrees():
    rng = random.Random(7)
    compared: Counter[Kind] = Counter()
    for code in THOUSAND:
        for _ in range(40):
            number = phonenumbers.parse(f"+7{code}{rng.randrange(10**7):07}")
            kind = KINDS.get(phonenumbers.number_type(number))
            if kind is None or code in KNOWN_EXCEPTIONS:
                continue
            assert (code, ZONE_7[code].kind) == (code, kind)
            if code not in SHARED_BY_US:
                country = phonenumbers.region_code_for_number(number)
                assert (code, ZONE_7[code].country) == (code, country)
            compared[kind] += 1
    assert compared[Kind.FIXED] > 2000
    assert compared[Kind.MOBILE] > 2000


def test_what_libphonenumber_does_not_know_is_what_the_table_says_it_does_not():
    """It has never heard of KZ 0xx and 6xx, nor of RU 2xx and 5xx: so it cannot be the judge."""
    for code in ("000", "099", "600", "699", "200", "299", "500", "599"):
        assert not phonenumbers.is_valid_number(phonenumbers.parse(f"+7{code}5550123"))
        assert ZONE_7[code].country in {"KZ", "RU"}
