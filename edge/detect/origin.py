# SPDX-License-Identifier: Apache-2.0
"""The origin dossier of a campaign: every clue to where it is, how sure, and the calls it rests on.

A line of it is a clue with a value; behind it stand calls, and behind each call the record of
evidence and the frame it was read from. Bounded: the values of a kind, the references of a value.
"""

from collections.abc import Iterable, Sequence

import msgspec

from edge.detect import clues
from edge.detect.clues import ClueKind, Said
from edge.detect.countries import Nowhere, Places
from edge.model.unit import Unit

MOST_VALUES = 24
"Of a kind. When there are more, the one heard least and longest ago goes."
MOST_EVIDENCE = 4
"References of a value: the first call, and the last ones."
WORK_HOURS = 9
"An office is at work from nine to six."
OFFICE_BEGINS = 9
LEAST_FOR_HOURS = 40
"Calls below which the hours say nothing."
ADDRESSES = frozenset({
    kind.code for kind in (
        clues.PEER, clues.VIA_NEAR, clues.VIA_FAR, clues.RECEIVED, clues.CONTACT, clues.CALL_ID,
        clues.MEDIA, clues.ORIGIN, clues.ICE, clues.ICE_PUBLIC, clues.ICID,
    )
})  # fmt: skip
"Kinds whose values may be addresses, which a table knows the country of."


_BY_WORDS = {(kind.code, kind.trust.value): kind for kind in clues.KINDS}


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """Where what was said can be looked up."""

    call: str
    attempt: int
    tap: str
    frame: int
    "Ordinal within the tap."
    at: int
    "Nanoseconds since the epoch."
    record: str = ""
    "Id of the record in the log of evidence; empty if none was kept."
    leaf: int = -1

    @classmethod
    def of(
        cls, call: str, attempt: int, unit: Unit, record: str = "", leaf: int = -1
    ) -> "Evidence":
        """Return the reference to what a unit said."""
        return cls(call[:256], attempt, unit.tap, unit.number, unit.at, record, leaf)


class _Value(msgspec.Struct):
    """A value of a clue, as it is counted."""

    kind: ClueKind
    value: str
    count: int
    first: int
    last: int
    evidence: list[Evidence]


class Clue(msgspec.Struct, frozen=True):
    """A line of the dossier."""

    kind: str
    title: str
    value: str
    place: str
    "Country and network of an address; empty if unknown or of no place."
    trust: str
    "`heard`, `network`, `claimed`."
    confidence: float
    calls: int
    first: int
    last: int
    evidence: tuple[Evidence, ...]


class Hours(msgspec.Struct, frozen=True):
    """When it calls."""

    begins: int
    "Hour of the day, UTC."
    ends: int
    share: float
    "Of all calls that lie within."
    zone: int
    "Offset from UTC, hours, at which these would be office hours."

    def text(self) -> str:
        """Return it for people."""
        return f"{self.begins:02}:00 to {self.ends:02}:00 UTC, office hours at UTC{self.zone:+d}"


class Dossier:
    """Collects the clues of one campaign."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.calls = 0
        self._values: dict[str, dict[str, _Value]] = {}

    def note(self, said: Iterable[Said], evidence: Evidence) -> None:
        """Take what one call said."""
        self.calls += 1
        for kind, value in said:
            values = self._values.setdefault(kind.code, {})
            known = values.get(value)
            if known is None:
                if len(values) >= MOST_VALUES:
                    least = min(values.values(), key=lambda one: (one.count, one.last))
                    del values[least.value]
                values[value] = _Value(kind, value, 1, evidence.at, evidence.at, [evidence])
                continue
            known.count += 1
            known.last = evidence.at
            known.evidence.append(evidence)
            if len(known.evidence) > MOST_EVIDENCE:
                del known.evidence[1]

    def restore(self, lines: Iterable[Clue], calls: int) -> None:
        """Go on from the lines that were made before a restart; hours are counted elsewhere."""
        self.calls = calls
        for line in lines:
            kind = _BY_WORDS.get((line.kind, line.trust))
            values = self._values.setdefault(line.kind, {})
            if kind and kind is not clues.HOURS and len(values) < MOST_VALUES:
                values[line.value] = _Value(
                    kind, line.value, line.calls, line.first, line.last,
                    list(line.evidence[-MOST_EVIDENCE:]),
                )  # fmt: skip

    def lines(self, places: Places | None = None, hours: Sequence[int] = ()) -> list[Clue]:
        """Return the dossier, the surest first; `hours` are the calls by hour of the day, UTC."""
        found = [
            self._line(value, places or Nowhere())
            for values in self._values.values()
            for value in values.values()
        ]
        if worked := hours_of(hours):
            found.append(self._worked(worked))
        return sorted(found, key=lambda clue: (-clue.confidence, clue.kind, clue.value))

    def _line(self, value: _Value, places: Places) -> Clue:
        kind = value.kind
        place = places.find(value.value) if kind.code in ADDRESSES else None
        share = min(1.0, value.count / max(1, self.calls))
        return Clue(
            kind.code, kind.title, value.value, place.text() if place else "", kind.trust.value,
            round(kind.confidence * (0.5 + share / 2), 3), value.count, value.first, value.last,
            tuple(value.evidence),
        )  # fmt: skip

    def _worked(self, hours: Hours) -> Clue:
        """Return the line of the hours: it rests on all calls; those of the trunk are named."""
        kind = clues.HOURS
        trunks = self._values.get(clues.TRUNK.code, {})
        evidence = tuple(one for value in trunks.values() for one in value.evidence)
        first = min((value.first for value in trunks.values()), default=0)
        last = max((value.last for value in trunks.values()), default=0)
        return Clue(
            kind.code, kind.title, hours.text(), "", kind.trust.value,
            round(kind.confidence * hours.share, 3), self.calls, first, last,
            evidence[:MOST_EVIDENCE],
        )  # fmt: skip


def hours_of(hours: Sequence[int]) -> Hours | None:
    """Return the nine hours of the day in which most calls are made; None if there are too few.

    Who calls into a country keeps its hours as well as his own: the zone is a hint, no more.
    """
    total = sum(hours)
    if total < LEAST_FOR_HOURS:
        return None
    day = len(hours)
    sums = [sum(hours[(at + more) % day] for more in range(WORK_HOURS)) for at in range(day)]
    best = max(range(day), key=lambda at: (sums[at], -at))
    zone = (OFFICE_BEGINS - best + 12) % 24 - 12
    return Hours(best, (best + WORK_HOURS) % 24, round(sums[best] / total, 3), zone)
