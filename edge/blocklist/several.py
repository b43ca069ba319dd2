# SPDX-License-Identifier: Apache-2.0
"""Several lists asked as one: of all that they say, the most specific speaks (DESIGN section 7).

Pure and immutable; a new version of one list makes a new object over the others as they were.
"""

from collections.abc import Sequence

from edge.blocklist.entry import Blocklist, Entry, Hit, Listed, Shape
from edge.blocklist.simple import rank
from edge.model.event import Trunk

_ORDER = {Shape.EXACT: 0, Shape.PREFIX: 1, Shape.RANGE: 2}


def width(entry: Entry) -> tuple[int, int]:
    """Return how much an entry covers, to compare: the less, the more specific."""
    if entry.shape is Shape.RANGE:
        return _ORDER[entry.shape], int(entry.high) - int(entry.low)
    return _ORDER[entry.shape], -len(entry.low)


class Several:
    """Lists as one. Implements `edge.blocklist.entry.Blocklist`."""

    def __init__(self, lists: Sequence[Blocklist]) -> None:
        """Ask each. A `Hit` names the one that spoke; the version is the highest."""
        self.name = "+".join(one.name for one in lists)
        self.version = max(one.version for one in lists)
        self._lists = tuple(lists)

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return the most specific entry of all lists; see `Blocklist.find`. Of twins the first."""
        hits = [
            hit for one in self._lists if (hit := one.find(digits, party, trunk, at_s)) is not None
        ]
        if len(hits) < 2:  # noqa: PLR2004 - nothing to compare, as nearly always
            return hits[0] if hits else None
        return min(hits, key=lambda hit: (width(hit.entry), rank(hit.entry)))

    def __len__(self) -> int:
        """Entries of all lists."""
        return sum(map(len, self._lists))


def several(lists: Sequence[Blocklist]) -> Blocklist:
    """Return lists as one; a single one is itself."""
    return lists[0] if len(lists) == 1 else Several(lists)
