# SPDX-License-Identifier: Apache-2.0
"""Every identity stands on the side it speaks for, once."""

import pytest

from edge.model.number import Party
from edge.verdict.parties import sort_parties
from tests.verdict.calls import ABSENT, CITY, FIXED, FIXED_2, GB, GB_2, MOBILE, POLICE, call


@pytest.mark.parametrize(
    ("role", "side"),
    [
        ("calling", "calling"), ("generic", "calling"), ("from", "calling"),
        ("p-asserted-identity", "calling"), ("p-preferred-identity", "calling"),
        ("remote-party-id", "calling"), ("called", "called"), ("to", "called"),
        ("request-uri", "called"), ("redirecting", "redirecting"),
        ("original-called", "redirecting"), ("diversion", "redirecting"),
        ("history-info", "redirecting"), ("location", None), ("a-role-of-tomorrow", None),
    ],
)  # fmt: skip
def test_each_role_has_its_side(role, side):
    heard = sort_parties(call(GB, FIXED, Party(role, MOBILE)))
    sides = {"calling": heard.calling, "called": heard.called, "redirecting": heard.redirecting}
    assert [name for name, numbers in sides.items() if MOBILE.e164 in numbers] == [side] * bool(
        side
    )


def test_the_shown_number_stands_first_and_each_number_once():
    pai = Party("p-asserted-identity", GB_2)
    heard = sort_parties(call(pai, FIXED, Party("from", GB), Party("remote-party-id", GB_2)))
    assert list(heard.calling) == [GB_2.e164, GB.e164]
    assert heard.calling[GB_2.e164] is pai


@pytest.mark.parametrize("number", [ABSENT, POLICE, CITY])
def test_refused_numbers_and_short_codes_are_never_looked_up(number):
    heard = sort_parties(call(number, number, Party("diversion", number)))
    assert not any([heard.calling, heard.called, heard.redirecting])


@pytest.mark.parametrize(
    ("redirecting", "forwarded"),
    [
        ([], False),
        ([Party("diversion", GB_2)], True),
        ([Party("history-info", FIXED)], False),
        ([Party("history-info", FIXED_2), Party("history-info", FIXED)], True),
        ([Party("redirecting", ABSENT)], False),
    ],
)
def test_redirection_needs_a_number_that_is_not_the_target(redirecting, forwarded):
    assert sort_parties(call(GB, FIXED, *redirecting)).forwarded() is forwarded
