# SPDX-License-Identifier: Apache-2.0
"""Who calls many people and is no fraud: a bank, a clinic, a delivery service, a school.

Two ways not to be taken for a campaign. Named: numbers and addresses that the centre knows, which
are never scored. By what they do: they call as themselves, with few numbers that stay, and those
who are called take the call. What rotates numbers or dials in sequence fits no pattern.
"""

from collections.abc import Iterable

import msgspec

from edge.detect.stats import Kind, Stats


class Pattern(msgspec.Struct, frozen=True):
    """What one kind of honest caller does. Shares are of ended or of answered calls."""

    name: str
    callers: int
    "Numbers it shows at most."
    answered: float
    "Share of its calls that are answered, at least."
    short: float
    "Share of the answered that are over within ten seconds, at most."
    abandoned: float
    "Share that it gives up before an answer, at most."
    mean_s: float
    "Average length, at least."
    stepped: float = 0.08
    "Share of calls to a number next to one called just before, at most."


PATTERNS = (
    Pattern("bank", callers=6, answered=0.35, short=0.25, abandoned=0.35, mean_s=40),
    Pattern("clinic", callers=4, answered=0.5, short=0.25, abandoned=0.3, mean_s=15),
    Pattern("delivery", callers=40, answered=0.45, short=0.3, abandoned=0.35, mean_s=15),
    Pattern("school", callers=3, answered=0.55, short=0.25, abandoned=0.3, mean_s=15),
)


def allowed_by(stats: Stats) -> str:
    """Return the name of the pattern that a key fits; empty if none."""
    if not stats.ended or not stats.answered:
        return ""
    callers = len(stats.callers)
    if callers > 4 and 4 * callers > stats.attempts:  # noqa: PLR2004 - its numbers do not stay
        return ""
    for pattern in PATTERNS:
        if callers <= pattern.callers and _fits(pattern, stats):
            return pattern.name
    return ""


def _fits(pattern: Pattern, stats: Stats) -> bool:
    return (
        stats.answered >= pattern.answered * stats.ended
        and stats.short <= pattern.short * stats.answered
        and stats.abandoned <= pattern.abandoned * stats.ended
        and stats.stepped <= pattern.stepped * stats.attempts
        and stats.mean_s >= pattern.mean_s
    )


class Caller(msgspec.Struct, frozen=True):
    """A caller that the centre knows by name."""

    name: str
    numbers: frozenset[str] = frozenset()
    "E.164 digits without `+`."
    ranges: tuple[str, ...] = ()
    "Leading digits."
    media: frozenset[str] = frozenset()
    "Addresses as text."

    def knows(self, calling: str, media: str) -> bool:
        """Whether a call is of this caller: by its number, and by where it calls from.

        A number alone is shown by anybody; where addresses are named, one of them must fit too.
        """
        if self.media and media not in self.media:
            return False
        if not self.numbers and not self.ranges:
            return bool(self.media)
        return calling in self.numbers or calling.startswith(self.ranges)


class Allowed:
    """All callers that the centre knows."""

    def __init__(self, callers: Iterable[Caller] = ()) -> None:
        """Take them."""
        self._callers = tuple(callers)
        self._media = frozenset(media for one in self._callers for media in one.media)

    def knows(self, calling: str, media: str) -> bool:
        """Whether a call is of one of them."""
        return any(one.knows(calling, media) for one in self._callers)

    def key(self, kind: Kind, value: str) -> bool:
        """Whether a whole key is one that is known; an address may stand behind its peer."""
        return kind is Kind.MEDIA and value.rpartition(" ")[2] in self._media
