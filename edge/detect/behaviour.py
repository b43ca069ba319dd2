# SPDX-License-Identifier: Apache-2.0
"""What each device, peer, media address, number range does: counted as calls come and end.

Everything is bounded: keys of each kind, calls that are up, octets of a key. A call is counted in
at its offer and out at its end, once, whichever end that is: busy, CANCEL, silence, eviction.
"""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice

import msgspec

from edge.call.compact import SMALL, compacted
from edge.detect.fast import count_in
from edge.detect.stats import HOUR_NS, KINDS, Ended, Kind, Seen, Stats

AT_ONCE = 64
"The part of the calls that goes where there is no room for another."
TRIES = 8
"Keys looked at to find one that may go, before one of a campaign does."


class Bounds(msgspec.Struct, frozen=True):
    """How much is remembered, and how long."""

    keys: int = 8_000
    "Of each kind."
    calls: int = 100_000
    idle_ns: int = 4 * 24 * HOUR_NS
    "A key that has made no call for so long is forgotten."
    age_ns: int = 14 * 24 * HOUR_NS
    "A key is counted anew after so long: what a device did a month ago says little."


class Up(msgspec.Struct, gc=False):
    """A call that is up, and what it is counted under, one of each kind at most.

    Not a tuple of them: that takes 32 octets more, and the collector of cycles looks at each.
    """

    at: int
    first: Stats | None = None
    second: Stats | None = None
    third: Stats | None = None
    fourth: Stats | None = None
    fifth: Stats | None = None

    @property
    def stats(self) -> tuple[Stats, ...]:
        """What it is counted under, in the order it was offered in."""
        found = self.first, self.second, self.third, self.fourth, self.fifth
        return tuple([stats for stats in found if stats is not None])


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
        known = hash(call) & SMALL
        if known in self._calls:
            self._forget(known)
        elif len(self._calls) >= self.bounds.calls:
            self._make_room()
        at, stats_of = seen.at, self._stats
        found = tuple([stats_of(kind, value, at) for kind, value in keys])
        count_in(found, seen)
        self._calls[known] = Up(at, *found)
        return found

    def ended(self, call: tuple[str, int], how: Ended) -> tuple[Stats, ...]:
        """Count a call out; return what is known of each of its keys."""
        up = self._calls.pop(hash(call) & SMALL, None)
        if up is None:
            self.unknown += 1
            return ()
        found = up.stats
        for stats in found:
            stats.count_out(how, max(0, how.at - up.at))
        return found

    def forget(self, call: tuple[str, int]) -> None:
        """Count a call out whose end will say nothing of its sender: it is stopped."""
        if (known := hash(call) & SMALL) in self._calls:
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
