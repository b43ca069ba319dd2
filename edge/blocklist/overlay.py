# SPDX-License-Identifier: Apache-2.0
"""Urgent changes over a list: what was added is asked first, what was lifted no longer speaks.

Pure and immutable, like the list below; a new urgent record makes a new overlay over the same list.
"""

from collections.abc import Iterable

import msgspec

from edge.blocklist.entry import Blocklist, Entry, Hit, Listed
from edge.blocklist.manifest import Record
from edge.blocklist.simple import SimpleBlocklist
from edge.blocklist.snapshot import Snapshot
from edge.model.event import Trunk


class UrgentOverlay:
    """A list with urgent records over it. Implements `edge.blocklist.entry.Blocklist`.

    A lifted entry is as if it were not: the next wider entry, if any, speaks. An entry that a later
    record adds again speaks again.
    """

    def __init__(self, under: Snapshot, records: Iterable[Record]) -> None:
        """Lay records over a list, oldest first."""
        self.name = under.name
        self.version = under.version
        self._under = under
        added, self._lifted = settle(records)
        self._added = SimpleBlocklist(under.name, under.version, added)

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return the urgent entry for the number, else what the list below still says."""
        hit = self._added.find(digits, party, trunk, at_s)
        hit = hit or self._under.find(digits, party, trunk, at_s)
        if hit is None or hit.entry not in self._lifted:
            return hit
        hits = self._under.hits(digits, party, trunk, at_s)
        return next((hit for hit in hits if hit.entry not in self._lifted), None)

    def __len__(self) -> int:
        """Entries of both, the lifted ones among them."""
        return len(self._added) + len(self._under)


def settle(records: Iterable[Record]) -> tuple[list[Entry], frozenset[Entry]]:
    """Return what records add, each entry ending with its record, and what they lift."""
    added: dict[Entry, Entry] = {}
    lifted: set[Entry] = set()
    for record in records:
        for entry in record.lifted:
            added.pop(entry, None)
            lifted.add(entry)
        added |= {entry: _until(entry, record.expires) for entry in record.added}
        lifted -= set(record.added)
    return list(added.values()), frozenset(lifted)


def _until(entry: Entry, expires: int) -> Entry:
    """Return an entry that ends with its record, if not before."""
    return msgspec.structs.replace(entry, valid_until=min(entry.valid_until or expires, expires))


def overlaid(under: Snapshot, records: Iterable[Record]) -> Blocklist:
    """Return a list with urgent records over it; the list itself if there are none."""
    records = list(records)
    return UrgentOverlay(under, records) if records else under
