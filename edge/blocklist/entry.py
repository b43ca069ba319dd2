# SPDX-License-Identifier: Apache-2.0
"""One line of a list, and the interface by which a list is asked."""

from enum import Enum
from typing import Protocol

import msgspec

from edge.model.event import Trunk
from edge.model.verdict import Action


class Shape(Enum):
    """How much of the number space an entry covers."""

    EXACT = "exact"
    PREFIX = "prefix"
    RANGE = "range"


class Listed(Enum):
    """Which party of a call an entry speaks of."""

    CALLING = "calling"
    CALLED = "called"
    REDIRECTING = "redirecting"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What one number, prefix or range is listed for."""

    shape: Shape
    low: str
    "E.164 digits without plus sign: the number, the prefix, or the first of the range."
    high: str
    "Last number of a range, as long as `low`; equal to `low` for the other shapes."
    party: Listed
    action: Action
    category: str
    basis: str
    "Legal basis id: the order of a court or prosecutor that this entry rests on."
    valid_from: int = 0
    "Seconds since the epoch, included."
    valid_until: int = 0
    "Seconds since the epoch, excluded; 0 means no end."
    scope: str = "all"
    "`all`, `class:international`, or `trunk:NAME`."
    source: str = ""

    def text(self) -> str:
        """Return the entry's numbers for people: `+447700900123`, `+4477009*`, `+1..+2`."""
        if self.shape is Shape.RANGE:
            return f"+{self.low}..+{self.high}"
        return f"+{self.low}*" if self.shape is Shape.PREFIX else f"+{self.low}"


class Hit(msgspec.Struct, frozen=True, gc=False):
    """An entry that speaks for a number, and the list that holds it."""

    entry: Entry
    list_name: str
    list_version: int


class Blocklist(Protocol):
    """A list that can be asked. Immutable; an update is another object."""

    name: str
    version: int

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return the most specific entry valid at `at_s`, or None.

        Exact, then longest prefix, then narrowest range; at equal width `allow` beats all. An
        entry out of its validity or scope is no entry: the next wider one is looked at.
        """

    def __len__(self) -> int:
        """Entries held, valid or not."""
