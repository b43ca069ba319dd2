# SPDX-License-Identifier: Apache-2.0
"""All that is known of a campaign at one moment: as it is filed, told to the hub, and shown."""

from collections.abc import Iterable, Iterator

import msgspec

from edge.detect import clues
from edge.detect.campaign import Campaign
from edge.detect.countries import Places
from edge.detect.detector import is_local
from edge.detect.origin import Clue
from edge.detect.score import BY_CODE, Reason
from edge.detect.stats import Kind

VERSION = 1
KEY, MEDIA, ORIGID = "key", "media", "origid"
"Kinds of marks."
PRINTS = (" s1|", " i1|", " q1|")
"What a fingerprint begins with, behind the place in the value of a source."


class Member(msgspec.Struct, frozen=True):
    """A key of a campaign."""

    kind: str
    "`device`, `source`, `media`, `range`, `peer`."
    value: str


class Mark(msgspec.Struct, frozen=True, order=True):
    """What the same campaign shows in another region too."""

    kind: str
    """`media`, an address that one place of the world has; `origid`, what the signer of a call told
    apart; `key`, how messages are written: that alone says no more than that two are alike."""
    value: str


class Case(msgspec.Struct, frozen=True):
    """A campaign."""

    v: int
    id: str
    first: int
    found: int
    last: int
    calls_before: int
    calls: int
    callers: int
    "Numbers it showed, about."
    callees: int
    "Numbers it called, about."
    score: float
    reasons: tuple[Reason, ...]
    members: tuple[Member, ...]
    links: tuple[str, ...]
    hours: tuple[int, ...]
    noted: int
    "Calls that its lines are made from."
    lines: tuple[Clue, ...]
    "The dossier, the surest first."

    def marks(self) -> list[Mark]:
        """Return by what it is known again elsewhere."""
        return sorted({*_marks_of(self.members), *_origids(self.lines)})


def case_of(campaign: Campaign, places: Places) -> Case:
    """Return what is known of a campaign now."""
    return Case(
        VERSION, campaign.id, campaign.first, campaign.found, campaign.last,
        campaign.calls_before, campaign.calls, max(campaign.showed, len(campaign.callers)),
        max(campaign.reached, len(campaign.callees)), campaign.score, campaign.reasons,
        tuple(Member(kind.name.lower(), value) for kind, value in campaign.members),
        tuple(campaign.links), tuple(campaign.hours), campaign.dossier.calls,
        tuple(campaign.dossier.lines(places, campaign.hours)),
    )  # fmt: skip


def campaign_of(case: Case) -> Campaign:
    """Return a campaign as it was filed; its sketches begin anew. Raises `KeyError`."""
    campaign = Campaign(
        case.id, case.first, case.found, case.last, case.calls_before, case.score,
        tuple(reason for reason in case.reasons if reason.code in BY_CODE),
        [(Kind[one.kind.upper()], one.value) for one in case.members], calls=case.calls,
        hours=(list(case.hours) + [0] * 24)[:24], showed=case.callers, reached=case.callees,
        links=list(case.links),
    )  # fmt: skip
    campaign.dossier.restore(case.lines, case.noted)
    return campaign


def _marks_of(members: Iterable[Member]) -> Iterator[Mark]:
    for member in members:
        if member.kind == "device":
            yield Mark(KEY, member.value)
        elif member.kind == "source":
            place, key = _parted(member.value)
            yield Mark(KEY, key)
            yield from _media(place)
        elif member.kind == "media":
            yield from _media(member.value)


def _parted(value: str) -> tuple[str, str]:
    """Return place and fingerprint of a source."""
    at = min((found for begin in PRINTS if (found := value.find(begin)) >= 0), default=-1)
    return (value[:at], value[at + 1 :]) if at >= 0 else ("", value)


def _media(place: str) -> Iterator[Mark]:
    """Yield the address of a place, if no other network can have the same."""
    if not is_local(place):
        yield Mark(MEDIA, place)


def _origids(lines: Iterable[Clue]) -> Iterator[Mark]:
    return (Mark(ORIGID, line.value) for line in lines if line.kind == clues.ORIGID.code)
