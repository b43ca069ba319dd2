# SPDX-License-Identifier: Apache-2.0
"""User parts as phones, gateways and pranksters write them."""

import pytest
from hypothesis import given, strategies as st

from edge.model.number import Nature
from edge.numbering.uri import sip_user

INTERNATIONAL, UNKNOWN = Nature.INTERNATIONAL, Nature.UNKNOWN


@pytest.mark.parametrize(
    ("user", "digits", "nature"),
    [
        ("+77172001234", "77172001234", INTERNATIONAL),
        ("87172001234", "87172001234", UNKNOWN),
        ("112", "112", UNKNOWN),
        ("+112", "112", INTERNATIONAL),
        ("+7-(7172)-00.12.34", "77172001234", INTERNATIONAL),
        ("8 7172 00 12 34", "87172001234", UNKNOWN),
        ("8~10 44 7700 900123", "810447700900123", UNKNOWN),
        ("%2B77172001234", "77172001234", INTERNATIONAL),
        ("8%207172%20001234", "87172001234", UNKNOWN),
        ("tel:+77172001234", "77172001234", INTERNATIONAL),
        ("TEL:112", "112", UNKNOWN),
        ("sip:+77172001234@example.com;user=phone", "77172001234", INTERNATIONAL),
        ("sips:87172001234@example.com", "87172001234", UNKNOWN),
        ("+77172001234:secret", "77172001234", INTERNATIONAL),
        ("+77172001234;ext=101", "77172001234", INTERNATIONAL),
        ("+77172001234;isup-oli=00;cpc=ordinary", "77172001234", INTERNATIONAL),
        ("+77172001234;npdi;rn=+77030000000", "77172001234", INTERNATIONAL),
        ("001234;phone-context=+77172", "77172001234", INTERNATIONAL),
        ("001234;PHONE-CONTEXT=+7-7172", "77172001234", INTERNATIONAL),
        ("001234;ext=5;phone-context=%2B77172;isub=1", "77172001234", INTERNATIONAL),
        ("7172001234;phone-context=+7", "77172001234", INTERNATIONAL),
        ("001234;phone-context=example.com", "001234", UNKNOWN),
        ("+77172001234;phone-context=+44", "77172001234", INTERNATIONAL),
        ("112;phone-context=+7", "112", UNKNOWN),
        ("1414;phone-context=+77172", "1414", UNKNOWN),
        ("112#", "112", UNKNOWN),
        ("112%23", "112", UNKNOWN),
        ("urn:service:sos", "112", UNKNOWN),
        ("URN:service:sos.police", "112", UNKNOWN),
        ("urn:service:sosumi", "urn", UNKNOWN),
        ("alice", "alice", UNKNOWN),
        ("anna.maria", "anna.maria", UNKNOWN),
        ("anonymous", "anonymous", UNKNOWN),
        ("+alice", "+alice", UNKNOWN),
        ("++77172001234", "++77172001234", UNKNOWN),
        ("*100#", "*100#", UNKNOWN),
        ("+", "+", UNKNOWN),
        ("", "", UNKNOWN),
        ("٧٧١٧٢٠٠١٢٣٤", "٧٧١٧٢٠٠١٢٣٤", UNKNOWN),
        ("+²²²", "+²²²", UNKNOWN),
    ],
)
def test_user_part(user, digits, nature):
    assert sip_user(user) == (digits, nature)


@given(st.text())
def test_any_text_is_read(user):
    digits, nature = sip_user(user)
    assert nature is UNKNOWN or (digits.isascii() and digits.isdigit())


@given(st.from_regex(r"(tel:|sip:)?\+?[-0-9().%;=@:a-z]{0,40}", fullmatch=True))
def test_any_text_that_looks_like_a_user_part_is_read(user):
    digits, nature = sip_user(user)
    assert nature is UNKNOWN or (digits.isascii() and digits.isdigit())


@given(
    st.from_regex(r"[0-9]{1,15}", fullmatch=True), st.lists(st.sampled_from("-.() "), max_size=9)
)
def test_separators_change_nothing(number, separators):
    adorned = number
    for at, separator in enumerate(separators):
        adorned = adorned[: at * 2 + 1] + separator + adorned[at * 2 + 1 :]
    assert sip_user("+" + adorned) == (number, INTERNATIONAL)
