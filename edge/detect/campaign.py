# SPDX-License-Identifier: Apache-2.0
"""Campaigns: what belongs together across numbers, under one id, with a score and its reasons.

A key whose score passes the threshold begins a campaign, or joins one: that to which its calls
belong already, or one with the same media address, or with the same fingerprint behind the same
peer, or one that dials the same block of numbers in sequence. From then on each call under a
member key belongs to it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

import msgspec

from edge.detect.fast import Distinct
from edge.detect.origin import Dossier
from edge.detect.score import SEQUENTIAL, Reason, Score
from edge.detect.stats import Kind, Stats

DAY_NS = 24 * 3600 * 10**9
THRESHOLD = 0.8
MOST = 1024
"Campaigns; the longest silent goes."
MOST_MEMBERS = 256
"Keys of one."
IDLE_NS = 30 * DAY_NS
BLOCK = 1000
"Called numbers that are dialled in sequence together."
PURE = 0.8
"Share of the calls to a media address that must be of a campaign for all of them to be."
LEAST_PURE = 12

Key = tuple[Kind, str]
Hashed = tuple[int, int, int]
"Hash of a number, its register and its rank (`sketch.place_of`)."


class Campaign(msgspec.Struct):
    """One, as it is known."""

    id: str
    first: int
    "When its first call was heard, nanoseconds since the epoch."
    found: int
    "When it was found."
    last: int
    calls_before: int
    "Calls of the key it was found by, until then."
    score: float
    reasons: tuple[Reason, ...]
    members: list[Key]
    calls: int = 0
    "Since it was found."
    callers: Distinct = msgspec.field(default_factory=Distinct)
    callees: Distinct = msgspec.field(default_factory=Distinct)
    hours: list[int] = msgspec.field(default_factory=lambda: [0] * 24)
    dossier: Dossier = msgspec.field(default_factory=Dossier)
    showed: int = 0
    "Numbers that it showed before a restart, at least."
    reached: int = 0
    "Numbers that it called before a restart, at least."
    links: list[str] = []
    "What others are joined by."

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a verdict says of it."""
        said = ((f"reason_{reason.code}", reason.text()) for reason in self.reasons)
        return ("campaign", self.id), ("score", f"{self.score:.2f}"), *said


class End(Enum):
    """Why a campaign is known no more."""

    WITHDRAWN = "withdrawn"
    "What its keys do now speaks against it."
    SILENT = "silent"
    "It has made no call for long."
    CROWDED = "crowded"
    "There were too many, and it was silent longest."


def id_of(kind: Kind, value: str, first: int) -> str:
    """Return the id of a campaign: of the key it was found by, and the day of its first call.

    Who counts anew on the same day, or hears the same calls, comes to the same id.
    """
    evidence = f"{kind.name}|{value}|{first // DAY_NS}"
    return "c" + hashlib.sha256(evidence.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class Campaigns:
    """All that are known."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Know none."""
        self.threshold = threshold
        self.withdrawn = 0
        "Campaigns that turned out to be none."
        self._known: OrderedDict[str, Campaign] = OrderedDict()
        self._members: dict[Key, Campaign] = {}
        self._links: dict[str, Campaign] = {}
        "What joins two keys, by itself no member."
        self._ended: list[tuple[Campaign, End]] = []

    def __len__(self) -> int:
        """Campaigns known."""
        return len(self._known)

    def __iter__(self) -> Iterator[Campaign]:
        """Yield them, the longest silent first."""
        return iter(self._known.values())

    def __contains__(self, name: object) -> bool:
        """Whether one of this id is known."""
        return name in self._known

    def get(self, name: str) -> Campaign | None:
        """Return one by its id."""
        return self._known.get(name)

    def of(self, keys: Sequence[Key]) -> Campaign | None:
        """Return the campaign to which a call belongs."""
        members = self._members
        for key in keys:
            if key in members:
                return members[key]
        return None

    def uses(self, device: str) -> bool:
        """Whether a campaign has this fingerprint."""
        return f"device|{device}" in self._links

    def touch(self, campaign: Campaign, at: int, callee: Hashed, caller: Hashed | None) -> None:
        """Count a call of a campaign."""
        campaign.calls += 1
        campaign.last = at
        campaign.hours[at // (DAY_NS // 24) % 24] += 1
        campaign.callees.note(*callee)
        if caller:
            campaign.callers.note(*caller)
        self._known.move_to_end(campaign.id)

    def found(self, stats: Stats, score: Score, beside: Sequence[Stats], at: int) -> Campaign:
        """Take a key whose score passes the threshold; `beside` are the others of its calls."""
        links = links_of(stats, score, beside)
        campaign = self.of([(one.kind, one.value) for one in beside]) or self._linked(links)
        if campaign is None:
            campaign = self._begin(stats, score, at)
        elif score.value > campaign.score:
            campaign.score, campaign.reasons = score.value, score.reasons
        self.add(campaign, stats)
        for link in links:
            if link not in self._links and len(campaign.links) < MOST_MEMBERS:
                campaign.links.append(link)
                self._links[link] = campaign
        for one in beside:
            one.touched = min(one.attempts, one.touched + stats.attempts)
        return campaign

    def add(self, campaign: Campaign, stats: Stats) -> None:
        """Make a key a member; it may be one already, from before it was counted anew."""
        key = (stats.kind, stats.value)
        if key in self._members:
            stats.campaign = self._members[key].id
        elif len(campaign.members) < MOST_MEMBERS:
            stats.campaign = campaign.id
            campaign.members.append(key)
            self._members[key] = campaign

    def drop(self, stats: Stats) -> None:
        """Take a key out; a campaign that has none left is withdrawn."""
        key = (stats.kind, stats.value)
        campaign = self._members.pop(key, None)
        stats.campaign = ""
        if campaign is None:
            return
        campaign.members.remove(key)
        if not campaign.members:
            self.withdrawn += 1
            self._forget(campaign, End.WITHDRAWN)

    def spread(self, campaign: Campaign, beside: Iterable[Stats]) -> None:
        """Make a media address a member once its calls are nearly all of the campaign."""
        for stats in beside:
            if stats.kind is not Kind.MEDIA or stats.campaign or stats.is_relay:
                continue
            if stats.attempts >= LEAST_PURE and stats.touched >= PURE * stats.attempts:
                self.add(campaign, stats)

    def expire(self, now: int) -> list[Campaign]:
        """Forget those that were silent too long; return them."""
        over = []
        while self._known:
            campaign = next(iter(self._known.values()))
            if now - campaign.last < IDLE_NS:
                break
            over.append(campaign)
            self._forget(campaign, End.SILENT)
        return over

    def restore(self, campaign: Campaign) -> None:
        """Know again one that was known before a restart."""
        del campaign.members[MOST_MEMBERS:], campaign.links[MOST_MEMBERS:]
        self._keep(campaign)
        for key in campaign.members:
            self._members[key] = campaign
        for link in campaign.links:
            self._links.setdefault(link, campaign)

    def ended(self) -> list[tuple[Campaign, End]]:
        """Return those that are known no more since this was asked last."""
        ended, self._ended = self._ended, []
        return ended

    def _begin(self, stats: Stats, score: Score, at: int) -> Campaign:
        name = id_of(stats.kind, stats.value, stats.first)
        campaign = Campaign(
            name, stats.first, at, at, stats.attempts, score.value, score.reasons, [],
            hours=list(stats.hours),
        )  # fmt: skip
        self._keep(campaign)
        return campaign

    def _keep(self, campaign: Campaign) -> None:
        if len(self._known) >= MOST:
            self._forget(next(iter(self._known.values())), End.CROWDED)
        self._known[campaign.id] = campaign

    def _linked(self, links: Iterable[str]) -> Campaign | None:
        joining = (link for link in links if not link.startswith("device|"))
        return next((self._links[link] for link in joining if link in self._links), None)

    def _forget(self, campaign: Campaign, why: End) -> None:
        del self._known[campaign.id]
        for key in campaign.members:
            self._members.pop(key, None)
        for link in campaign.links:
            if self._links.get(link) is campaign:
                del self._links[link]
        if len(self._ended) < MOST:  # nobody asks where nobody is told
            self._ended.append((campaign, why))


def links_of(stats: Stats, score: Score, beside: Sequence[Stats]) -> list[str]:
    """Return what joins a key to others: address, fingerprint behind a peer, dialled block."""
    by_kind = {one.kind: one for one in beside}
    device, media, peer = (by_kind.get(kind) for kind in (Kind.DEVICE, Kind.MEDIA, Kind.PEER))
    links = []
    if media and not media.is_relay:
        links.append(f"media|{media.value}")
    if device and stats.kind in {Kind.SOURCE, Kind.DEVICE}:
        links.append(f"device|{device.value}")
        if peer:
            links.append(f"peer|{peer.value}|{device.value}")
    if any(reason.code == SEQUENTIAL.code for reason in score.reasons) and stats.last_called:
        links.append(f"step|{stats.last_called // BLOCK}")
    return links
