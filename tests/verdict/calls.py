# SPDX-License-Identifier: Apache-2.0
"""Calls and numbers as the earlier stages would hand them over, built by hand."""

from typing import Any

from edge.blocklist.entry import Entry, Listed, Shape
from edge.model.event import CallOffered, Trunk, TrunkClass
from edge.model.number import Kind, Number, Party, Presentation, Refusal
from edge.model.verdict import Action
from edge.verdict.breaker import SECOND_NS
from edge.verdict.guardrail import Alarm

NOW = 1_767_225_600 * SECOND_NS
"2026-01-01T00:00:00Z"
NOW_S = NOW // SECOND_NS

ABROAD = Trunk("ALA-INT", TrunkClass.INTERNATIONAL, area="7172")
NATIONAL = Trunk("AST-NAT", TrunkClass.NATIONAL, area="7172")


def number(digits: str, kind: Kind, country: str = "KZ") -> Number:
    return Number("+" + digits, digits, kind, country)


GB = number("447700900123", Kind.FOREIGN, "GB")
GB_2 = number("442079460001", Kind.FOREIGN, "GB")
RU = number("79000000001", Kind.MOBILE, "RU")
SHARED = number("78000000001", Kind.TOLL_FREE, "KZ/RU")
RESERVE = number("78190000001", Kind.UNALLOCATED, "KZ/RU")
FIXED = number("77172000001", Kind.FIXED)
FIXED_2 = number("77172000002", Kind.FIXED)
MOBILE = number("77030000001", Kind.MOBILE)
UNALLOCATED = number("77040000001", Kind.UNALLOCATED)
IP_PHONE = number("77510000001", Kind.NON_GEOGRAPHIC)
UNKNOWN_USE = number("76000000001", Kind.UNKNOWN)
POLICE = Number("102", "102", Kind.EMERGENCY, "KZ")
CITY = Number("109", "109", Kind.SHORT_CODE, "KZ")


def refused(raw: str, refusal: Refusal) -> Number:
    return Number(raw, refusal=refusal)


ABSENT = refused("", Refusal.ABSENT)
CALLED = Party("called", FIXED)
HIDDEN = Party("from", ABSENT, presentation=Presentation.RESTRICTED)


def call(
    calling: Party | Number = GB,
    called: Party | Number = CALLED,
    *others: Party,
    trunk: Trunk = ABROAD,
    at: int = NOW,
) -> CallOffered:
    """Return a call; a bare number calls as `from`, or is called as `called`."""
    calling = calling if isinstance(calling, Party) else Party("from", calling)
    called = called if isinstance(called, Party) else Party("called", called)
    return CallOffered(
        at=at,
        call="9f3c@192.0.2.1",
        attempt=1,
        trunk=trunk,
        proto="sip",
        calling=calling,
        called=called,
        identities=(called, calling, *others),
        message=None,  # type: ignore[arg-type]  # a verdict never opens the message
    )


def no_alarm(alarm: Alarm) -> None:
    raise AssertionError(alarm)


def entry(pattern: str, **fields: Any) -> Entry:
    """Return a blocking entry of `447700900123`, `4477009*` or `1..2`."""
    low, _, high = pattern.removesuffix("*").partition("..")
    shape = Shape.RANGE if high else Shape.PREFIX if pattern.endswith("*") else Shape.EXACT
    values: dict[str, Any] = {
        "party": Listed.CALLING, "action": Action.BLOCK, "category": "bank", "basis": "AST-1",
    } | fields  # fmt: skip
    return Entry(shape, low, high or low, **values)
