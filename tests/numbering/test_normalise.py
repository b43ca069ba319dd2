# SPDX-License-Identifier: Apache-2.0
"""Numbers as links really carry them: vectors by nature of address, and what must always hold."""

import random

import phonenumbers
import pytest
from hypothesis import given, strategies as st

from edge.model.event import Trunk, TrunkClass
from edge.model.number import Kind, Nature, Refusal
from edge.numbering.normalise import Home, home_of, normalise
from edge.numbering.plan import CENTRES, ZONE_7
from edge.numbering.uri import sip_user

UNKNOWN, SUBSCRIBER, NATIONAL = Nature.UNKNOWN, Nature.SUBSCRIBER, Nature.NATIONAL
INTERNATIONAL = Nature.INTERNATIONAL
NETWORK, ABBREVIATED = Nature.NETWORK_SPECIFIC, Nature.ABBREVIATED

ASTANA = Home(area="7172", short_codes={"1414": Kind.SHORT_CODE, "1120": Kind.EMERGENCY})
ALMATY = Home(area="727")
TURKISTAN = Home(area="72533")
LONDON = home_of(Trunk("london", TrunkClass.INTERNATIONAL, "44", "20"))
HOMES = (ASTANA, ALMATY, TURKISTAN, LONDON, Home(), home_of(Trunk("x", TrunkClass.PBX, "998")))

OURS = "77172001234"
BRITISH = "447700900123"


@pytest.mark.parametrize(
    ("digits", "nature", "home", "e164", "repaired"),
    [
        (OURS, INTERNATIONAL, ASTANA, OURS, ""),
        ("810" + OURS, INTERNATIONAL, ASTANA, OURS, "810 prefix"),
        ("00" + OURS, INTERNATIONAL, ASTANA, OURS, "00 prefix"),
        ("810" + BRITISH, INTERNATIONAL, ASTANA, BRITISH, "810 prefix"),
        (BRITISH, INTERNATIONAL, ASTANA, BRITISH, ""),
        (BRITISH + "F", INTERNATIONAL, ASTANA, BRITISH, ""),
        ("7172001234", NATIONAL, ASTANA, OURS, ""),
        ("7172001234FF", NATIONAL, ASTANA, OURS, ""),
        ("87172001234", NATIONAL, ASTANA, OURS, "trunk prefix"),
        (OURS, NATIONAL, ASTANA, OURS, "country code"),
        ("810" + BRITISH, NATIONAL, ASTANA, BRITISH, "810 prefix"),
        ("8102345678", NATIONAL, ASTANA, "78102345678", ""),
        ("001234", SUBSCRIBER, ASTANA, OURS, ""),
        ("0001234", SUBSCRIBER, ALMATY, "77270001234", ""),
        ("01234", SUBSCRIBER, TURKISTAN, "77253301234", ""),
        ("7172001234", SUBSCRIBER, ASTANA, OURS, "national number"),
        ("87172001234", SUBSCRIBER, ASTANA, OURS, "trunk prefix"),
        ("001234", UNKNOWN, ASTANA, OURS, ""),
        ("7172001234", UNKNOWN, ASTANA, OURS, ""),
        ("87172001234", UNKNOWN, ASTANA, OURS, ""),
        (OURS, UNKNOWN, ASTANA, OURS, ""),
        ("810" + BRITISH, UNKNOWN, ASTANA, BRITISH, ""),
        ("00" + BRITISH, UNKNOWN, ASTANA, BRITISH, ""),
        (BRITISH, UNKNOWN, ASTANA, BRITISH, "bare country code"),
        ("12025550123", UNKNOWN, ASTANA, "12025550123", "bare country code"),
        ("87172001234", NETWORK, ASTANA, OURS, ""),
        ("7172001234", ABBREVIATED, ASTANA, OURS, ""),
        ("2079460001", NATIONAL, LONDON, "442079460001", ""),
        ("02079460001", NATIONAL, LONDON, "442079460001", "trunk prefix"),
        ("79460001", SUBSCRIBER, LONDON, "442079460001", ""),
        ("00" + OURS, UNKNOWN, LONDON, OURS, ""),
        ("442079460001", UNKNOWN, LONDON, "442079460001", ""),
        ("02079460001", UNKNOWN, LONDON, "442079460001", ""),
    ],
)
def test_normal_form(digits, nature, home, e164, repaired):
    number = normalise(digits, nature, home)
    assert (number.e164, number.refusal) == (e164, None)
    assert number.repaired == (repaired and f"{repaired} under nature {nature.value}")
    assert number.raw == digits.rstrip("F")


@pytest.mark.parametrize(
    ("digits", "nature", "refusal"),
    [
        ("", UNKNOWN, Refusal.ABSENT),
        ("F", NATIONAL, Refusal.ABSENT),
        ("anonymous", UNKNOWN, Refusal.ABSENT),
        ("Unavailable", UNKNOWN, Refusal.ABSENT),
        ("alice", UNKNOWN, Refusal.NOT_DIGITS),
        ("+77172001234", UNKNOWN, Refusal.NOT_DIGITS),
        ("7172B01234", NATIONAL, Refusal.NOT_DIGITS),
        ("7172B01234F", NATIONAL, Refusal.NOT_DIGITS),
        ("7172F01234", NATIONAL, Refusal.NOT_DIGITS),
        ("٧٧١٧٢٠٠١٢٣٤", INTERNATIONAL, Refusal.NOT_DIGITS),
        ("*100#", UNKNOWN, Refusal.NOT_DIGITS),
        ("7", UNKNOWN, Refusal.TOO_SHORT),
        ("44", INTERNATIONAL, Refusal.TOO_SHORT),
        ("7717200123", INTERNATIONAL, Refusal.INCOMPLETE),
        ("71720012", NATIONAL, Refusal.INCOMPLETE),
        ("00123", SUBSCRIBER, Refusal.INCOMPLETE),
        ("0012345", SUBSCRIBER, Refusal.INCOMPLETE),
        ("447700", INTERNATIONAL, Refusal.INCOMPLETE),
        ("810", INTERNATIONAL, Refusal.INCOMPLETE),
        ("810", UNKNOWN, Refusal.INCOMPLETE),
        ("771720012345", INTERNATIONAL, Refusal.TOO_LONG),
        ("4477009001234567", INTERNATIONAL, Refusal.TOO_LONG),
        ("4" * 10_000, UNKNOWN, Refusal.TOO_LONG),
        ("99712345678", INTERNATIONAL, Refusal.NO_COUNTRY),
        ("81000" + "21012345678", INTERNATIONAL, Refusal.NO_COUNTRY),
        ("87172001234", INTERNATIONAL, Refusal.NO_COUNTRY),
    ],
)
def test_refusal(digits, nature, refusal):
    number = normalise(digits, nature, ASTANA)
    assert (number.refusal, number.e164, number.kind) == (refusal, "", Kind.UNKNOWN)


@pytest.mark.parametrize(
    ("e164", "kind", "country"),
    [
        (OURS, Kind.FIXED, "KZ"),
        ("77030000000", Kind.UNALLOCATED, "KZ"),
        ("70005550123", Kind.UNKNOWN, "KZ"),
        ("76005550123", Kind.UNKNOWN, "KZ"),
        ("72005550123", Kind.UNKNOWN, "RU"),
        ("74950000000", Kind.FIXED, "RU"),
        ("78000000000", Kind.TOLL_FREE, "KZ/RU"),
        ("78190000000", Kind.UNALLOCATED, "KZ/RU"),
        (BRITISH, Kind.FOREIGN, "GB"),
        ("12025550123", Kind.FOREIGN, "US/CA"),
    ],
)
def test_kind_and_country(e164, kind, country):
    number = normalise(e164, INTERNATIONAL, ASTANA)
    assert (number.kind, number.country) == (kind, country)


# Emergency -----------------------------------------------------------------------------------

EMERGENCY = ("101", "102", "103", "104", "112")


@pytest.mark.parametrize("nature", Nature)
@pytest.mark.parametrize("code", EMERGENCY)
@pytest.mark.parametrize("home", HOMES)
def test_emergency_code_alone_is_emergency_under_any_nature_and_home(code, nature, home):
    for heard in (code, code + "F"):
        number = normalise(heard, nature, home)
        assert (number.e164, number.kind, number.repaired) == (code, Kind.EMERGENCY, "")


@pytest.mark.parametrize("nature", Nature)
@pytest.mark.parametrize("code", EMERGENCY)
@pytest.mark.parametrize("before", ["8", "7", "7172", "87172", "77172", "00", "810"])
def test_emergency_code_completed_by_a_phone_or_gateway(before, code, nature):
    number = normalise(before + code, nature, ASTANA)
    assert (number.e164, number.kind) == (code, Kind.EMERGENCY)
    assert number.repaired == f"{before} before {code}"


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("nature", Nature)
def test_emergency_code_behind_the_area_code_of_every_centre(centre, nature):
    home = Home(area=centre.area)
    for before in (home.area, "8" + home.area):
        assert normalise(before + "112", nature, home).kind is Kind.EMERGENCY
    assert normalise("7" + home.area + "112", INTERNATIONAL, home).kind is Kind.EMERGENCY


@pytest.mark.parametrize("user", ["112", "+112", "8112", "+7112", "112;phone-context=+7", "112#"])
def test_emergency_code_in_any_uri_form(user):
    assert normalise(*sip_user(user), ASTANA).kind is Kind.EMERGENCY


@pytest.mark.parametrize(
    ("digits", "nature", "home"),
    [
        ("77112001234", INTERNATIONAL, ASTANA),
        ("7112001234", NATIONAL, ASTANA),
        ("1120012", UNKNOWN, ALMATY),
        ("112001", SUBSCRIBER, ASTANA),
        ("727112", SUBSCRIBER, ASTANA),
        ("7727112", SUBSCRIBER, ALMATY),
        ("717203", SUBSCRIBER, ASTANA),
        ("1121", UNKNOWN, ASTANA),
        ("1012", UNKNOWN, ASTANA),
        ("911", UNKNOWN, ASTANA),
        ("7262112", UNKNOWN, ASTANA),
        ("447700900112", INTERNATIONAL, ASTANA),
        ("998112", SUBSCRIBER, home_of(Trunk("tashkent", TrunkClass.LOCAL, "998", "71"))),
    ],
)
def test_not_an_emergency_by_prefix_or_ending(digits, nature, home):
    assert normalise(digits, nature, home).kind is not Kind.EMERGENCY


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("109", Kind.SHORT_CODE),
        ("1414", Kind.SHORT_CODE),
        ("1415", Kind.UNKNOWN),
        ("8109", Kind.UNKNOWN),
        ("03", Kind.EMERGENCY),
    ],
)
def test_short_codes_are_matched_whole(digits, kind):
    assert normalise(digits, UNKNOWN, ASTANA).kind is kind


@pytest.mark.parametrize(
    ("home", "country"),
    [(ASTANA, "KZ"), (Home(), "KZ"), (Home(area="495"), "RU"), (LONDON, "GB")],
)
def test_a_short_code_is_of_the_home_s_country(home, country):
    assert normalise("112", UNKNOWN, home).country == country


# What always holds ---------------------------------------------------------------------------

natures = st.sampled_from(Nature)
homes = st.sampled_from(HOMES)
pulses = st.one_of(
    st.text(alphabet="0123456789", max_size=20),
    st.text(alphabet="0178", max_size=12),
    st.text(alphabet="0123456789ABCDEFf", max_size=20),
    st.text(),
    st.builds(
        lambda prefix, rest: prefix + rest,
        st.sampled_from(["810", "00", "8", "7", "810810", "0000", "81000", "7172", "8810"]),
        st.text(alphabet="0123456789", max_size=14),
    ),
)


@given(pulses, natures, homes)
def test_a_number_has_a_normal_form_or_a_refusal_never_both(digits, nature, home):
    number = normalise(digits, nature, home)
    assert (number.e164 == "") == (number.refusal is not None)
    assert digits.startswith(number.raw)
    assert len(number.e164) <= 15
    assert number.e164 == "" or (number.e164.isascii() and number.e164.isdigit())
    assert (number.country == "") == (number.e164 == "")


@given(pulses, natures, homes)
def test_a_normal_form_is_its_own_normal_form(digits, nature, home):
    once = normalise(digits, nature, home)
    if once.e164:
        twice = normalise(once.e164, INTERNATIONAL, home)
        assert (twice.e164, twice.kind, twice.country) == (once.e164, once.kind, once.country)
        assert twice.repaired == ""


@given(st.sampled_from(CENTRES), st.integers(min_value=0, max_value=10**10 - 1))
def test_all_forms_of_a_fixed_number_agree(centre, any_number):
    home = Home(area=centre.area)
    local = f"{any_number:010}"[len(centre.area) :]
    national = centre.area + local
    forms = [
        ("7" + national, INTERNATIONAL),
        ("8107" + national, INTERNATIONAL),
        ("007" + national, INTERNATIONAL),
        (national, NATIONAL),
        ("8" + national, NATIONAL),
        ("7" + national, NATIONAL),
        (national, SUBSCRIBER),
        ("7" + national, UNKNOWN),
        ("8" + national, UNKNOWN),
        ("8107" + national, UNKNOWN),
        (national, UNKNOWN),
        sip_user(f"+7 ({centre.area}) {local}"),
        sip_user(f"tel:{local};phone-context=+7{centre.area}"),
    ]
    if not any(local.endswith(code) for code in EMERGENCY):
        forms += [(local, SUBSCRIBER), (local, UNKNOWN)]
    assert {normalise(*form, home).e164 for form in forms} == {"7" + national}


@given(st.sampled_from(sorted(ZONE_7)), st.integers(min_value=0, max_value=10**7 - 1))
def test_all_national_forms_of_any_zone_7_number_agree(code, rest):
    national = f"{code}{rest:07}"
    found = {
        normalise("7" + national, INTERNATIONAL, ASTANA).e164,
        normalise(national, NATIONAL, ASTANA).e164,
        normalise("8" + national, NATIONAL, ASTANA).e164,
        normalise("810" + "7" + national, UNKNOWN, ASTANA).e164,
    }
    assert found == {"7" + national}


# Cross-check ---------------------------------------------------------------------------------


def test_libphonenumber_reads_what_is_dialled_in_kazakhstan_alike():
    """Ten thousand random numbers of Kazakhstan, in five dialled forms, where it is right."""
    rng = random.Random(7172)
    codes = [code for code, row in ZONE_7.items() if row.kind in {Kind.FIXED, Kind.MOBILE}]
    for _ in range(2000):
        national = f"{rng.choice(codes)}{rng.randrange(10**7):07}"
        for dialled in (national, "8" + national, "8107" + national, "7" + national):
            theirs = phonenumbers.parse(dialled, "KZ")
            if not phonenumbers.is_valid_number(theirs):
                continue
            ours = normalise(dialled, UNKNOWN, ASTANA)
            assert "+" + ours.e164 == phonenumbers.format_number(
                theirs, phonenumbers.PhoneNumberFormat.E164
            )
            assert ours.country == phonenumbers.region_code_for_number(theirs)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_example_number_of_every_region_dialled_from_kazakhstan(region):
    number = phonenumbers.example_number(region)
    assert number is not None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    for heard, nature in ((e164, INTERNATIONAL), ("810" + e164, UNKNOWN), ("00" + e164, UNKNOWN)):
        assert normalise(heard, nature, ASTANA).e164 == e164
