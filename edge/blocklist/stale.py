# SPDX-License-Identifier: Apache-2.0
"""A list that nobody has signed anew for long (DESIGN section 7), each list by itself.

After a day people are told; after 30 days it only observes. Pure: time is an argument.
"""

from enum import Enum

from msgspec.structs import replace

from edge.blocklist.entry import Blocklist, Hit, Listed
from edge.model.event import Trunk
from edge.model.verdict import Action

ALARM_AFTER_S = 86_400
OBSERVE_AFTER_S = 30 * 86_400

_STOPS = frozenset({Action.BLOCK, Action.DIVERT})


class Age(Enum):
    """How far a list may still be trusted to be what the centre means."""

    FRESH = "fresh"
    STALE = "stale"
    "Holds, but people must know."
    OLD = "old"
    "Only observes."


def age_of(issued_s: int, now_s: int) -> Age:
    """Return the age of a list signed at `issued_s`; `now_s` is no earlier than any signed time."""
    seconds = now_s - issued_s
    if seconds > OBSERVE_AFTER_S:
        return Age.OLD
    return Age.STALE if seconds > ALARM_AFTER_S else Age.FRESH


def changes_at(issued_s: int) -> tuple[int, int]:
    """Return the seconds at which the age of a list changes."""
    return issued_s + ALARM_AFTER_S + 1, issued_s + OBSERVE_AFTER_S + 1


class Observing:
    """A list that stops nothing any more. Implements `edge.blocklist.entry.Blocklist`."""

    def __init__(self, under: Blocklist) -> None:
        """Let what blocks or diverts only observe; an allow stays one."""
        self.name = under.name
        self.version = under.version
        self._under = under

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return what the list below says, stopping nothing."""
        hit = self._under.find(digits, party, trunk, at_s)
        if hit is None or hit.entry.action not in _STOPS:
            return hit
        return replace(hit, entry=replace(hit.entry, action=Action.OBSERVE))

    def __len__(self) -> int:
        """Entries of the list below."""
        return len(self._under)


def aged(under: Blocklist, age: Age) -> Blocklist:
    """Return what a list of this age may still say."""
    return Observing(under) if age is Age.OLD else under
