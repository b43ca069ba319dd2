# SPDX-License-Identifier: Apache-2.0
"""What each device, peer, media address, number range does: counted as calls come and end.

Everything is bounded: keys of each kind, calls that are up, octets of a key. What is exact and
what is estimated stands at each field of `Stats`. A call is counted in at its offer and out at
its end, once, whichever end that is: busy, CANCEL, silence, eviction.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum
from itertools import islice
from math import sqrt
from typing import NamedTuple

import msgspec

from edge.call.compact import compacted
from edge.detect.fast import Distinct, count_in

NS = 1_000_000_000
HOUR_NS = 3600 * NS
SHORT_NS = 10 * NS
"An answered call that is shorter was hung up on."
NEAR = 8
"Numbers of a block: a call into the block of a recent one, or one beside it, is a step."
LAST = 8
"Called numbers that are remembered to find steps: a dialler has several lines."
FEW = 8
"Different countries and media parts of a key told apart; more are that many."
MOST_PHONES = 3
"Kinds of phones that one place has; where there are more, others are behind it."
BUSY = frozenset({486, 600})
USER_BUSY = 17
"Q.850."
AT_ONCE = 64
"The part of the calls that goes where there is no room for another."
TRIES = 8
"Keys looked at to find one that may go, before one of a campaign does."


class Kind(IntEnum):
    """What a key is."""

    DEVICE = 0
    "The fingerprint, wherever it calls from."
    SOURCE = 1
    "The fingerprint at one media address; where there is none, behind one peer."
    MEDIA = 2
    "Where the sender wants speech to go."
    RANGE = 3
    "A thousand calling numbers in a row, as one peer hands them to us."
    PEER = 4
    """Who hands us the call: trunk and address, or point code. Neither callers nor callees are told
    apart, nor steps: behind it is everybody."""


KINDS = tuple(Kind)
_DEVICE, _PEER = Kind.DEVICE, Kind.PEER


class Bounds(msgspec.Struct, frozen=True):
    """How much is remembered, and how long."""

    keys: int = 8_000
    "Of each kind."
    calls: int = 100_000
    idle_ns: int = 4 * 24 * HOUR_NS
    "A key that has made no call for so long is forgotten."
    age_ns: int = 14 * 24 * HOUR_NS
    "A key is counted anew after so long: what a device did a month ago says little."


class Seen(NamedTuple):
    """What is counted of an offer."""

    at: int
    "Nanoseconds since the epoch."
    called: int
    "Digits of the called number; 0 if it has none."
    country: str
    "Of the shown number."
    is_national: bool
    "A number of this country comes from abroad."
    shape: int
    "Hash of the media part of the fingerprint; 0 on a circuit."
    address: int
    "Hash of the media address."
    callee: tuple[int, int, int]
    "Hash of the called number, with its register and rank (`sketch.place_of`)."
    caller: tuple[int, int, int] | None
    "Likewise of the calling number; None if none is shown."


class Stats(msgspec.Struct, eq=False):
    """One key. All counts are exact but those of `callees` and `callers`."""

    kind: Kind
    value: str
    first: int
    "When it was heard first, nanoseconds since the epoch."
    last: int
    attempts: int = 0
    live: int = 0
    "Calls that are up, ringing or talking."
    ended: int = 0
    answered: int = 0
    "Of those that ended."
    short: int = 0
    "Answered and over within `SHORT_NS`."
    abandoned: int = 0
    "Given up by the caller before answer."
    busy: int = 0
    forgotten: int = 0
    "Calls whose end was not heard, or that had no room."
    talk_ns: int = 0
    talk_square: float = 0.0
    "Sum of squares of lengths, seconds: how alike they are."
    rung_ns: int = 0
    "How long the abandoned ones rang."
    stepped: int = 0
    "Calls to a number next to one that was called just before."
    national: int = 0
    withheld: int = 0
    touched: int = 0
    "Calls that belong to a campaign."
    callees: Distinct = msgspec.field(default_factory=Distinct)
    callers: Distinct = msgspec.field(default_factory=Distinct)
    countries: tuple[str, ...] = ()
    behind: tuple[int, ...] = ()
    """Hashes of different media parts: a border controller shows those of many devices. Of a
    device, those of the media addresses it was heard at."""
    hours: "array[int]" = msgspec.field(default_factory=lambda: array("I", bytes(96)))
    "Attempts by hour of the day, UTC."
    campaign: str = ""
    last_called: int = 0
    "Digits of the number called last; 0 if none had any."
    recent: list[int] = []
    "Blocks of `NEAR` numbers that were called last."

    def offered(self, seen: Seen) -> None:
        """Count a call in."""
        at, called, country, is_national, shape, address, callee, caller = seen
        self.attempts += 1
        self.live += 1
        self.last = at
        self.hours[at // HOUR_NS % 24] += 1
        behind = address if self.kind is _DEVICE else shape
        if behind not in self.behind and len(self.behind) < FEW:
            self.behind = (*self.behind, behind)
        if self.kind is _PEER:  # a network: its callers and callees are everybody
            return
        self.callees.note(*callee)
        if caller is None:
            self.withheld += 1
        else:
            self.callers.note(*caller)
            if country not in self.countries and len(self.countries) < FEW:
                self.countries = (*self.countries, country)
        if is_national:
            self.national += 1
        if called:
            self._step(called)

    def _step(self, called: int) -> None:
        recent, block = self.recent, called // NEAR
        near = block in recent or block - 1 in recent or block + 1 in recent
        if near and called != self.last_called:
            self.stepped += 1
        self.last_called = called
        recent.append(block)
        if len(recent) > LAST:
            del recent[0]

    @property
    def is_relay(self) -> bool:
        """Whether devices of many kinds are behind it: it is a network, not one of them."""
        return self.kind is not _DEVICE and len(self.behind) > MOST_PHONES

    @property
    def mean_s(self) -> float:
        """Average length of the answered calls, seconds."""
        return self.talk_ns / self.answered / NS if self.answered else 0.0

    @property
    def spread(self) -> float:
        """How unlike the lengths are: standard deviation over mean; 1 where that says nothing."""
        if self.answered < 2 or not self.talk_ns:  # noqa: PLR2004 - one alone is like itself
            return 1.0
        mean = self.mean_s
        variance = max(0.0, self.talk_square / self.answered - mean * mean)
        return sqrt(variance) / mean


class Ended(NamedTuple):
    """How a call ended."""

    at: int
    answered: bool
    lasted_ns: int
    by_calling: bool
    busy: bool = False
    heard: bool = True
    "False where it was given up without hearing its end."


class Up(msgspec.Struct, gc=False):
    """A call that is up."""

    at: int
    stats: tuple[Stats, ...]


class Behaviour:
    """All keys."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        """Know none."""
        self.bounds = bounds or Bounds()
        self.evicted = 0
        "Keys that had to go for want of room."
        self.unknown = 0
        "Ends of calls that were not known."
        self._tables: tuple[OrderedDict[str, Stats], ...] = tuple(OrderedDict() for _ in KINDS)
        self._calls: dict[int, Up] = {}
        "By a hash of what they are called, which nobody can make two alike; the oldest first."

    def __len__(self) -> int:
        """Keys remembered."""
        return sum(map(len, self._tables))

    @property
    def up(self) -> int:
        """Calls that are up."""
        return len(self._calls)

    def get(self, kind: Kind, value: str) -> Stats | None:
        """Return what is known of a key."""
        return self._tables[kind].get(value)

    def each(self, kind: Kind) -> Iterator[Stats]:
        """Yield all keys of a kind, the longest silent first."""
        return iter(self._tables[kind].values())

    def offered(
        self, call: tuple[str, int], keys: tuple[tuple[Kind, str], ...], seen: Seen
    ) -> tuple[Stats, ...]:
        """Count a call in under its keys; return what is known of each."""
        known = hash(call)
        if known in self._calls:
            self._forget(known)
        elif len(self._calls) >= self.bounds.calls:
            self._make_room()
        at, stats_of = seen.at, self._stats
        found = tuple([stats_of(kind, value, at) for kind, value in keys])
        count_in(found, seen)
        self._calls[known] = Up(seen.at, found)
        return found

    def ended(self, call: tuple[str, int], how: Ended) -> tuple[Stats, ...]:
        """Count a call out; return what is known of each of its keys."""
        up = self._calls.pop(hash(call), None)
        if up is None:
            self.unknown += 1
            return ()
        for stats in up.stats:
            _count_out(stats, how, max(0, how.at - up.at))
        return up.stats

    def forget(self, call: tuple[str, int]) -> None:
        """Count a call out whose end will say nothing of its sender: it is stopped."""
        if (known := hash(call)) in self._calls:
            self._forget(known)

    def compact(self) -> None:
        """Take no more room than the calls need that are up."""
        self._calls = compacted(self._calls)

    def expire(self, now: int) -> int:
        """Forget the keys that were silent too long at `now`; return how many."""
        freed = 0
        for table in self._tables:
            while table:
                stats = next(iter(table.values()))
                if now - stats.last < self.bounds.idle_ns:
                    break
                if stats.live:  # its calls are still to be counted out
                    stats.last = now
                    table.move_to_end(stats.value)
                    continue
                del table[stats.value]
                freed += 1
        return freed

    def _stats(self, kind: Kind, value: str, at: int) -> Stats:
        table = self._tables[kind]
        stats = table.get(value)
        if stats is not None and at - stats.first < self.bounds.age_ns:
            table.move_to_end(value)
            return stats
        if stats is None and len(table) >= self.bounds.keys:
            self._evict(table)
        fresh = Stats(kind, value, at, at)
        if stats is not None:
            fresh.campaign = stats.campaign
        table[value] = fresh
        table.move_to_end(value)
        return fresh

    def _evict(self, table: OrderedDict[str, Stats]) -> None:
        """Let the longest silent key go; one of a campaign only if all looked at are of one."""
        self.evicted += 1
        for _ in range(TRIES):
            stats = next(iter(table.values()))
            if not stats.campaign:
                break
            table.move_to_end(stats.value)
        table.popitem(last=False)

    def _make_room(self) -> None:
        """Count out the oldest calls, some at once: a dict is slow to find its first each time."""
        for oldest in tuple(islice(self._calls, 1 + self.bounds.calls // AT_ONCE)):
            self._forget(oldest)

    def _forget(self, call: int) -> None:
        """Count out a call whose end will not be heard."""
        for stats in self._calls.pop(call).stats:
            stats.live -= 1
            stats.forgotten += 1


def _count_out(stats: Stats, how: Ended, after_ns: int) -> None:
    stats.live -= 1
    if not how.heard:
        stats.forgotten += 1
        return
    stats.ended += 1
    if how.answered:
        stats.answered += 1
        stats.talk_ns += how.lasted_ns
        stats.talk_square += (how.lasted_ns / NS) ** 2
        if how.lasted_ns < SHORT_NS:
            stats.short += 1
    elif how.busy:
        stats.busy += 1
    elif how.by_calling:
        stats.abandoned += 1
        stats.rung_ns += after_ns
