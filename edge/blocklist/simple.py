# SPDX-License-Identifier: Apache-2.0
"""A list in plain dicts: exact, immutable, for lists of a file, urgent entries and as a reference.

Each shape has one index; none of them ever answers for a number that no entry names. Ten million
numbers want the mapped look-up file instead; both give the same answers.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from edge.blocklist.entry import Entry, Hit, Listed, Shape
from edge.model.event import Trunk
from edge.model.verdict import Action

# Looking a member up on its Enum costs more than a dict look-up (Python 3.11): bound once.
_CALLING = Listed.CALLING
_CALLED = Listed.CALLED

_BY_ACTION = {Action.ALLOW: 0, Action.BLOCK: 1, Action.DIVERT: 2, Action.OBSERVE: 3}
_BY_SCOPE = {"trunk": 0, "class": 1, "all": 2}


def rank(entry: Entry) -> tuple[object, ...]:
    """Return the order between entries of equal width; the least speaks.

    `allow` beats all, then block, divert, observe; of equal actions the narrower scope speaks.
    The fields that follow only make the answer independent of the order of lines.
    """
    return (
        _BY_ACTION[entry.action],
        _BY_SCOPE[entry.scope.partition(":")[0]],
        (entry.low, entry.category, entry.basis),
        (entry.valid_from, entry.valid_until),
        (entry.scope, entry.source),
    )


def is_valid(entry: Entry, at_s: int) -> bool:
    """Return whether the entry holds at that second."""
    return entry.valid_from <= at_s and (not entry.valid_until or at_s < entry.valid_until)


def is_in_scope(entry: Entry, trunk: Trunk) -> bool:
    """Return whether the entry speaks of calls on that trunk."""
    kind, _, name = entry.scope.partition(":")
    if kind == "all":
        return True
    return name == (trunk.name if kind == "trunk" else trunk.kind.value)


def _first(entries: Iterable[Entry], trunk: Trunk, at_s: int) -> Entry | None:
    """Return the first entry that is one here and now."""
    for entry in entries:
        if is_valid(entry, at_s) and is_in_scope(entry, trunk):
            return entry
    return None


class _Ranges:
    """Ranges of numbers of one length."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.low)
        self._lows = [entry.low for entry in self._entries]
        self._reach: list[str] = []
        "The greatest `high` of the entries up to each one: where to stop looking back."
        for entry in self._entries:
            self._reach.append(max(entry.high, self._reach[-1] if self._reach else ""))

    def covering(self, digits: str) -> list[Entry]:
        """Return the ranges that hold a number of their length, narrowest first."""
        found = []
        at = bisect_right(self._lows, digits) - 1
        while at >= 0 and self._reach[at] >= digits:
            if self._entries[at].high >= digits:
                found.append(self._entries[at])
            at -= 1
        return sorted(found, key=lambda entry: (int(entry.high) - int(entry.low), rank(entry)))


class _Index:
    """What a list says of one party of a call."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        exact: dict[str, list[Entry]] = defaultdict(list)
        prefixes: dict[int, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        ranges: dict[int, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=rank):
            if entry.shape is Shape.EXACT:
                exact[entry.low].append(entry)
            elif entry.shape is Shape.PREFIX:
                prefixes[len(entry.low)][entry.low].append(entry)
            else:
                ranges[len(entry.low)].append(entry)
        self._exact = dict(exact)
        self._prefixes = [(size, dict(prefixes[size])) for size in sorted(prefixes, reverse=True)]
        self._ranges = {size: _Ranges(group) for size, group in ranges.items()}

    def find(self, digits: str, trunk: Trunk, at_s: int) -> Entry | None:
        entries = self._exact.get(digits)
        if entries and (found := _first(entries, trunk, at_s)):
            return found
        for size, prefixes in self._prefixes:
            entries = prefixes.get(digits[:size])
            if entries and (found := _first(entries, trunk, at_s)):
                return found
        if self._ranges and (ranges := self._ranges.get(len(digits))):
            return _first(ranges.covering(digits), trunk, at_s)
        return None


class SimpleBlocklist:
    """A list held in memory. Implements `edge.blocklist.entry.Blocklist`."""

    def __init__(self, name: str, version: int, entries: Iterable[Entry] = ()) -> None:
        """Index the entries; they are not looked at again."""
        self.name = name
        self.version = version
        by_party: dict[Listed, list[Entry]] = {party: [] for party in Listed}
        for entry in entries:
            by_party[entry.party].append(entry)
        self._size = sum(map(len, by_party.values()))
        # Most lists speak of one party only: of the others there is nothing to ask.
        index = {party: _Index(group) for party, group in by_party.items() if group}
        self._calling = index.get(Listed.CALLING)
        self._called = index.get(Listed.CALLED)
        self._redirecting = index.get(Listed.REDIRECTING)

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return the most specific entry valid at `at_s`, or None; see `Blocklist.find`."""
        if party is _CALLING:
            index = self._calling
        else:
            index = self._called if party is _CALLED else self._redirecting
        entry = index.find(digits, trunk, at_s) if index else None
        return Hit(entry, self.name, self.version) if entry else None

    def __len__(self) -> int:
        """Entries held, valid or not."""
        return self._size
