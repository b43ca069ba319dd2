# SPDX-License-Identifier: Apache-2.0
"""Each rule, where it must speak and where it must be silent."""

from typing import Any

import pytest

from edge.model.event import Trunk, TrunkClass
from edge.model.number import Nature, Party, Presentation, Refusal
from edge.verdict.parties import sort_parties
from edge.verdict.rule import RULES
from edge.verdict.spoof import broken_rules, not_known
from tests.verdict.calls import (
    ABSENT,
    CITY,
    FIXED,
    FIXED_2,
    GB,
    GB_2,
    HIDDEN,
    IP_PHONE,
    MOBILE,
    NATIONAL,
    POLICE,
    RESERVE,
    RU,
    SHARED,
    UNALLOCATED,
    UNKNOWN_USE,
    call,
    refused,
)


def broken(offer, roaming=not_known) -> list[str]:
    return [rule.id for rule in broken_rules(offer, sort_parties(offer), roaming)]


def pai(number) -> Party:
    return Party("p-asserted-identity", number)


FORWARDED = Party("diversion", GB_2)
HISTORY_OF_TARGET = Party("history-info", FIXED)
ROAMS = {"roaming": lambda digits: digits == MOBILE.e164}
AT_HOME = {"roaming": lambda digits: digits != MOBILE.e164}

VECTORS: list[tuple[str, Any, dict, list[str]]] = [
    ("foreign", call(GB), {}, []),
    ("Russian mobile", call(RU), {}, []),
    ("shared toll-free", call(SHARED), {}, []),
    ("fixed", call(FIXED_2), {}, ["spoof.fixed-cli-abroad"]),
    ("fixed, redirected", call(FIXED_2, FIXED, FORWARDED), {}, ["spoof.fixed-cli-forwarded"]),
    (
        "fixed, history of the target only",
        call(FIXED_2, FIXED, HISTORY_OF_TARGET),
        {},
        ["spoof.fixed-cli-abroad"],
    ),
    ("mobile, nobody knows", call(MOBILE), {}, ["spoof.roaming-unknown"]),
    ("mobile, roaming", call(MOBILE), ROAMS, []),
    ("mobile, at home", call(MOBILE), AT_HOME, ["spoof.mobile-cli-not-roaming"]),
    (
        "mobile, at home, redirected",
        call(MOBILE, FIXED, FORWARDED),
        AT_HOME,
        ["spoof.mobile-cli-forwarded"],
    ),
    ("mobile, roaming, redirected", call(MOBILE, FIXED, FORWARDED), ROAMS, []),
    ("unallocated", call(UNALLOCATED), {}, ["cli.unallocated"]),
    ("unallocated, redirected", call(UNALLOCATED, FIXED, FORWARDED), {}, ["cli.unallocated"]),
    ("reserve of zone 7", call(RESERVE), {}, ["cli.refused"]),
    ("IP telephony", call(IP_PHONE), {}, ["spoof.national-cli-abroad"]),
    ("code of no known use", call(UNKNOWN_USE), {}, ["spoof.national-cli-abroad"]),
    ("police", call(POLICE), {}, ["cli.short-code"]),
    ("city service", call(CITY), {}, ["cli.short-code"]),
    ("letters", call(refused("bank", Refusal.NOT_DIGITS)), {}, ["cli.malformed"]),
    ("too short", call(refused("12", Refusal.TOO_SHORT)), {}, ["cli.malformed"]),
    ("too long", call(refused("1" * 20, Refusal.TOO_LONG)), {}, ["cli.malformed"]),
    ("no country", call(refused("+2100000000", Refusal.NO_COUNTRY)), {}, ["cli.refused"]),
    ("incomplete", call(refused("+771", Refusal.INCOMPLETE)), {}, ["cli.refused"]),
    ("absent", call(ABSENT), {}, ["cli.absent"]),
    ("absent and withheld", call(HIDDEN), {}, ["cli.absent", "cli.restricted"]),
    (
        "withheld, but said to the network",
        call(Party("calling", GB, presentation=Presentation.RESTRICTED)),
        {},
        ["cli.restricted"],
    ),
    (
        "withheld fixed number behind an anonymous From",
        call(HIDDEN, FIXED, pai(FIXED_2)),
        {},
        ["cli.absent", "spoof.fixed-cli-abroad", "cli.restricted"],
    ),
    (
        "not to be had",
        call(Party("calling", ABSENT, presentation=Presentation.UNAVAILABLE)),
        {},
        ["cli.absent"],
    ),
    (
        "written as a national number",
        call(Party("calling", GB, Nature.NATIONAL)),
        {},
        ["cli.national-nature"],
    ),
    (
        "written as a subscriber number",
        call(Party("calling", GB, Nature.SUBSCRIBER)),
        {},
        ["cli.national-nature"],
    ),
    ("written as it must be", call(Party("calling", GB, Nature.INTERNATIONAL)), {}, []),
    ("two foreign identities", call(GB, FIXED, pai(GB_2)), {}, []),
    (
        "fixed From behind a foreign PAI",
        call(pai(GB), FIXED, Party("from", FIXED_2)),
        {},
        ["spoof.fixed-cli-behind-foreign", "identity.disagree"],
    ),
    (
        "fixed generic number behind a foreign calling number",
        call(Party("calling", GB), FIXED, Party("generic", FIXED_2)),
        {},
        ["spoof.fixed-cli-behind-foreign", "identity.disagree"],
    ),
    (
        "fixed From behind a foreign PAI, redirected",
        call(pai(GB), FIXED, Party("from", FIXED_2), FORWARDED),
        {},
        ["identity.disagree"],
    ),
    (
        "mobile From behind a foreign PAI",
        call(pai(GB), FIXED, Party("from", MOBILE)),
        {},
        ["identity.disagree"],
    ),
    (
        "fixed From shown, foreign PAI",
        call(FIXED_2, FIXED, pai(GB)),
        {},
        ["spoof.fixed-cli-abroad", "spoof.fixed-cli-behind-foreign", "identity.disagree"],
    ),
    ("foreign From, fixed PAI", call(GB, FIXED, pai(FIXED_2)), {}, ["identity.disagree"]),
    ("foreign From, shared PAI", call(GB, FIXED, pai(SHARED)), {}, []),
    ("foreign From, refused PAI", call(GB, FIXED, pai(ABSENT)), {}, []),
    ("a location is no identity", call(GB, FIXED, Party("location", FIXED_2)), {}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("offer", "asked", "expected"), [pytest.param(*row[1:], id=row[0]) for row in VECTORS]
)
def test_calls_on_an_international_trunk(offer, asked, expected):
    assert broken(offer, **asked) == expected


def test_every_rule_is_heard_somewhere():
    assert {name for row in VECTORS for name in row[3]} == {rule.id for rule in RULES}


HOME_KINDS = [kind for kind in TrunkClass if kind is not TrunkClass.INTERNATIONAL]


@pytest.mark.parametrize("kind", HOME_KINDS)
@pytest.mark.parametrize(
    "number", [GB, FIXED_2, MOBILE, UNALLOCATED, POLICE, ABSENT, refused("x", Refusal.NOT_DIGITS)]
)
def test_elsewhere_a_calling_number_breaks_nothing(kind, number):
    assert broken(call(Party("calling", number, Nature.NATIONAL), trunk=Trunk("t", kind))) == []


def test_identities_that_disagree_are_remarked_on_every_trunk():
    offer = call(pai(GB), FIXED, Party("from", FIXED_2), trunk=NATIONAL)
    assert broken(offer) == ["identity.disagree"]


def test_only_a_mobile_number_of_ours_is_asked_after():
    asked: list[str] = []
    for number in (GB, RU, FIXED_2, UNALLOCATED, MOBILE):
        broken(call(number), roaming=asked.append)
    assert asked == [MOBILE.e164]
