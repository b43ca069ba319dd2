# SPDX-License-Identifier: Apache-2.0
"""How much what a key does looks like a campaign: 0 to 1, and why, in words.

Each reason has a weight below 1 and a strength from 0 to 1; together they make
1 - (1 - w1 s1)(1 - w2 s2) ... . Shares are taken at the lower end of what the calls so far allow
(Wilson 1927), so that a few calls prove little. One kind of reason alone never makes a campaign:
it takes whom it calls or as whom, and how the called people take it.
"""

from collections.abc import Sequence
from enum import Enum
from math import sqrt

import msgspec

from edge.detect.stats import NS, Kind, Stats

LEAST_CALLS = 10
"Ended calls below which nothing is said."
LEAST_OF_RELAY = 40
"Calls of one kind of device behind a relay, below which its many numbers say nothing."
UNMIXED = 0.95
"""Strength of `fan-out` that no calls of private people leave: they call the same people again.
Where others call as well it must be reached, or those would be taken for the campaign."""
Z = 1.96
"Standard deviations of the lower end of a share: 39 of 40 truths lie above it."


class Group(Enum):
    """What a reason speaks of."""

    SHOWN = "shown"
    "As whom it calls."
    AIM = "aim"
    "Whom it calls."
    TAKEN = "taken"
    "How those who are called take it."


class Rule(msgspec.Struct, frozen=True):
    """A reason that can be given, declared once."""

    code: str
    group: Group
    weight: float
    text: str
    "English; `{names}` stand for the values of a reason."


ROTATION = Rule(
    "rotation", Group.SHOWN, 0.6, "One source showed {callers} numbers in {attempts} calls."
)
COUNTRIES = Rule(
    "countries", Group.SHOWN, 0.35, "One source showed numbers of {countries} countries."
)
NATIONAL = Rule(
    "national-abroad", Group.SHOWN, 0.45,
    "{national} of {attempts} calls from abroad showed a number of this country.",
)  # fmt: skip
KNOWN = Rule(
    "known-device", Group.SHOWN, 0.55, "A campaign is known whose messages are written alike."
)
FAN_OUT = Rule("fan-out", Group.AIM, 0.45, "{attempts} calls went to {callees} different numbers.")
SEQUENTIAL = Rule(
    "sequential", Group.AIM, 0.65,
    "{stepped} of {attempts} calls went to a number next to one called just before.",
)  # fmt: skip
SHORT = Rule(
    "short", Group.TAKEN, 0.66, "{short} of {answered} answered calls were over within 10 seconds."
)
ABANDONED = Rule(
    "abandoned", Group.TAKEN, 0.45, "{abandoned} of {ended} calls were given up before an answer."
)
ONE_RING = Rule(
    "one-ring", Group.TAKEN, 0.6, "The calls given up rang for {rung_s} seconds on average."
)
UNIFORM = Rule(
    "uniform", Group.TAKEN, 0.4, "{answered} answered calls were alike in length, {mean_s} seconds."
)
RULES = (
    ROTATION, COUNTRIES, NATIONAL, KNOWN, FAN_OUT, SEQUENTIAL, SHORT, ABANDONED, ONE_RING,
    UNIFORM,
)  # fmt: skip
BY_CODE = {rule.code: rule for rule in RULES}


class Reason(msgspec.Struct, frozen=True):
    """One reason, with the values that its sentence names."""

    code: str
    values: dict[str, float]
    strength: float

    def text(self) -> str:
        """Return the English sentence."""
        values = {name: _plain(value) for name, value in self.values.items()}
        return BY_CODE[self.code].text.format(**values)


def _plain(value: float) -> float:
    """Return a count as one: out of a file it comes as 18.0."""
    return int(value) if value == int(value) else value


class Score(msgspec.Struct, frozen=True):
    """What is to be said of a key."""

    value: float
    reasons: tuple[Reason, ...] = ()


NOTHING = Score(0.0)


def lower(part: int, whole: int, z: float = Z) -> float:
    """Return the lower end of what share is likely, after `part` of `whole` (Wilson)."""
    if whole <= 0:
        return 0.0
    share, square = part / whole, z * z
    middle = share + square / (2 * whole)
    around = z * sqrt((share * (1 - share) + square / (4 * whole)) / whole)
    return max(0.0, (middle - around) / (1 + square / whole))


def between(value: float, low: float, high: float) -> float:
    """Return where a value stands from `low` (0) to `high` (1)."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def is_worth_scoring(stats: Stats) -> bool:
    """Whether a score can come out at all; true for few honest keys, and cheap."""
    if stats.ended < LEAST_CALLS:
        return False
    taken = 4 * (stats.short + stats.abandoned) >= stats.ended
    return taken or 5 * stats.stepped >= stats.attempts or stats.spread < MOST_SPREAD


MOST_SPREAD = 0.3
"Recorded speech: calls end when it ends. Speech of people spreads about its mean."


def score(stats: Stats, *, is_relay: bool = False, is_known: bool = False) -> Score:
    """Return the score of a key.

    Args:
        stats: What it did.
        is_relay: It passes on the calls of many others: the numbers are not its own.
        is_known: A campaign is known whose messages are written the same way.
    """
    if not is_worth_scoring(stats):
        return NOTHING
    found = [*_shown(stats, is_relay=is_relay), *_aim(stats), *_taken(stats)]
    is_of_many = is_relay or stats.kind is Kind.DEVICE
    if is_of_many and not _has(found, FAN_OUT, UNMIXED):
        return NOTHING
    if stats.kind is Kind.RANGE and not (_has(found, ONE_RING) or _has(found, SEQUENTIAL)):
        return NOTHING
    if is_known and not is_of_many and stats.kind is Kind.SOURCE:
        found.append(_reason(KNOWN, 1.0))
    reasons = tuple(reason for reason in found if reason.strength > 0)
    groups = {BY_CODE[reason.code].group for reason in reasons}
    if Group.TAKEN not in groups or len(groups) == 1:
        return Score(0.0, reasons)
    rest = 1.0
    for reason in reasons:
        rest *= 1 - BY_CODE[reason.code].weight * reason.strength
    return Score(round(1 - rest, 4), reasons)


def _reason(rule: Rule, strength: float, **values: float) -> Reason:
    return Reason(rule.code, values, round(strength, 3))


def _has(found: Sequence[Reason], rule: Rule, least: float = 0.3) -> bool:
    return any(reason.code == rule.code and reason.strength >= least for reason in found)


def _shown(stats: Stats, *, is_relay: bool) -> list[Reason]:
    """Return what speaks of the numbers that were shown: half of it where others call as well."""
    if stats.kind is Kind.RANGE or (is_relay and stats.attempts < LEAST_OF_RELAY):
        return []
    callers, attempts = len(stats.callers), stats.attempts
    rotates = between(callers, 4, 12) * between(callers / attempts, 0.1, 0.5)
    if is_relay:
        return [_reason(ROTATION, rotates / 2, callers=callers, attempts=attempts)]
    countries = len(stats.countries)
    national = between(lower(stats.national, attempts), 0.2, 0.6) * between(callers, 2, 6)
    return [
        _reason(ROTATION, rotates, callers=callers, attempts=attempts),
        _reason(COUNTRIES, between(countries, 1.5, 4), countries=countries),
        _reason(NATIONAL, national, national=stats.national, attempts=attempts),
    ]


def _aim(stats: Stats) -> list[Reason]:
    attempts, callees = stats.attempts, len(stats.callees)
    fans = between(callees / attempts, 0.75, 0.95) * between(callees, 8, 20)
    steps = between(lower(stats.stepped, attempts), 0.1, 0.4)
    return [
        _reason(FAN_OUT, fans, attempts=attempts, callees=callees),
        _reason(SEQUENTIAL, steps, stepped=stats.stepped, attempts=attempts),
    ]


def _taken(stats: Stats) -> list[Reason]:
    """Return what speaks of how the called take it.

    Of calls that began together the short ones end first: what is up counts as long, and lengths
    are not alike while nearly as many are up as have ended.
    """
    answered, ended, abandoned = stats.answered, stats.ended, stats.abandoned
    rung_s = stats.rung_ns / abandoned / NS if abandoned else 0.0
    given_up = between(lower(abandoned, ended), 0.35, 0.7)
    rings_once = (1 - between(rung_s, 4, 8)) * between(lower(abandoned, ended), 0.3, 0.6)
    alike = (1 - between(stats.spread, 0.1, MOST_SPREAD)) * between(answered, 6, 15)
    alike *= 1 - between(stats.live, answered / 2, answered + 1)
    return [
        _reason(SHORT, between(lower(stats.short, answered + stats.live), 0.22, 0.42),
                short=stats.short, answered=answered),
        _reason(ABANDONED, given_up, abandoned=abandoned, ended=ended),
        _reason(ONE_RING, rings_once, rung_s=round(rung_s, 1)),
        _reason(UNIFORM, alike, answered=answered, mean_s=round(stats.mean_s, 1)),
    ]  # fmt: skip
