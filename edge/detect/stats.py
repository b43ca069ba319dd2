# SPDX-License-Identifier: Apache-2.0
"""What is counted of one key: a device, a place it calls from, a peer.

What is exact and what is estimated stands at each field of `Stats`.
"""

from array import array
from enum import IntEnum
from math import sqrt
from typing import NamedTuple

import msgspec

from edge.detect.fast import Distinct

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


class Ended(NamedTuple):
    """How a call ended."""

    at: int
    answered: bool
    lasted_ns: int
    by_calling: bool
    busy: bool = False
    heard: bool = True
    "False where it was given up without hearing its end."


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

    def count_out(self, how: Ended, after_ns: int) -> None:
        """Count a call out, so long after its offer."""
        self.live -= 1
        if not how.heard:
            self.forgotten += 1
            return
        self.ended += 1
        if how.answered:
            self.answered += 1
            self.talk_ns += how.lasted_ns
            self.talk_square += (how.lasted_ns / NS) ** 2
            if how.lasted_ns < SHORT_NS:
                self.short += 1
        elif how.busy:
            self.busy += 1
        elif how.by_calling:
            self.abandoned += 1
            self.rung_ns += after_ns

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
