# SPDX-License-Identifier: Apache-2.0
"""Why a call was decided as it was: the chain of reasons, for people and for machines. English."""

from collections.abc import Iterator
from functools import lru_cache

from edge.model.event import CallOffered, shown
from edge.model.verdict import Reason, Verdict

SCHEMA = 1
"Version of the shape that `explanation` returns."

_MOMENTS = ("valid_from", "valid_until")
_DAY_S = 86_400
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def explanation(offer: CallOffered, verdict: Verdict) -> dict[str, object]:
    """Return the reasons of a verdict, ready for JSON; times are epoch seconds."""
    return {
        "schema": SCHEMA,
        "time": offer.at / 1e9,
        "trunk": offer.trunk.name,
        "class": offer.trunk.kind.value,
        "proto": offer.proto,
        "call": offer.call,
        "attempt": offer.attempt,
        "calling": shown(offer.calling.number),
        "called": shown(offer.called.number),
        "action": verdict.action.value,
        "wanted": verdict.wanted.value,
        "mode": verdict.mode.value,
        "basis": verdict.basis.value,
        "rule": verdict.rule,
        "list_version": verdict.list_version,
        "legal_basis": verdict.legal_basis,
        "category": verdict.category,
        "reasons": [
            {"rule": reason.rule, "text": reason.text, "facts": [list(f) for f in reason.facts]}
            for reason in verdict.reasons
        ],
    }


def explain(offer: CallOffered, verdict: Verdict) -> str:
    """Return the reasons of a verdict as a text of a few lines, safe to print.

    What the wire said may hold escape sequences; nothing unprintable passes.
    """
    lines = (*_head(offer, verdict), *_chain(verdict))
    return "".join(f"{_printable(line)}\n" for line in lines)


def _head(offer: CallOffered, verdict: Verdict) -> Iterator[str]:
    done, wanted = verdict.action.value, verdict.wanted.value
    yield done.upper() if done == wanted else f"{done.upper()}, in enforce mode {wanted.upper()}"
    yield (
        f"  call {offer.call}, attempt {offer.attempt}, {offer.proto}, at {utc(offer.at // 10**9)}"
    )
    yield f"  from {shown(offer.calling.number)} to {shown(offer.called.number)}"
    yield f"  trunk {offer.trunk.name} ({offer.trunk.kind.value}), mode {verdict.mode.value}"
    yield f"  decided by {verdict.rule}, basis {verdict.basis.value}"
    yield f"  list version {verdict.list_version}"
    if verdict.legal_basis:
        yield f"  legal basis {verdict.legal_basis}"
    if verdict.category:
        yield f"  category {verdict.category}"


def _chain(verdict: Verdict) -> Iterator[str]:
    if not verdict.reasons:
        yield "No list and no rule spoke of this call."
    for number, reason in enumerate(verdict.reasons, start=1):
        yield f"{number}. {reason.text} [{reason.rule}]"
        yield from map("     {}".format, _facts(reason))


def _facts(reason: Reason) -> Iterator[str]:
    for name, value in reason.facts:
        text = utc(int(value)) if name in _MOMENTS else value
        yield f"{name.replace('_', ' ')}: {text}"


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def utc(at_s: int) -> str:
    """Return a second since the epoch as ISO 8601 in UTC, from 1970 on."""
    days, second = divmod(at_s, _DAY_S)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_date(days)}T{hour:02}:{minute:02}:{second:02}Z"


@lru_cache(maxsize=64)
def _date(days: int) -> str:
    """Return a day since the epoch; most that is asked for is of today."""
    year = 1970
    while days >= 365 + _is_leap(year):
        days -= 365 + _is_leap(year)
        year += 1
    month = 0
    while days >= _days(year, month):
        days -= _days(year, month)
        month += 1
    return f"{year}-{month + 1:02}-{days + 1:02}"


def _days(year: int, month: int) -> int:
    """Return the days of a month, January being 0."""
    return _MONTHS[month] + (month == 1 and _is_leap(year))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
