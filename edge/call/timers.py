# SPDX-License-Identifier: Apache-2.0
"""Who has been silent for too long. The owner says what time it is; nothing here reads a clock.

Calls that may be silent equally long stand in one line, so the longest silent is always in
front: touching one, expiring those due and evicting the oldest each cost one step.
"""

from typing import Any, Generic, TypeVar

NEVER = 1 << 63
"Later than any time in nanoseconds."


class Silent:
    """What may stand in a line, in one at a time: who stands beside it, and when it was heard.

    So a place in a line costs 24 octets of the call itself. A dict of calls takes 50 to 100 each,
    and fills up with those that went.
    """

    __slots__ = ("after", "before", "heard")

    heard: int
    before: Any
    "Another; None: it stands in no line. Asked of each message, so no checker looks at it."
    after: Any

    def __init__(self) -> None:
        """Stand in no line."""
        self.heard = 0
        self.before = self.after = None


SilentT = TypeVar("SilentT", bound=Silent)


class IdleLine(Generic[SilentT]):
    """Calls in the order they were last heard, all with the same patience."""

    def __init__(self, patience_ns: int) -> None:
        """Take how long a call may be silent, nanoseconds."""
        self.patience_ns = patience_ns
        self._count = 0
        self._ends = Silent()
        "Stands before the first and after the last."
        self._ends.before = self._ends.after = self._ends

    def __len__(self) -> int:
        """Calls waiting."""
        return self._count

    def touch(self, one: SilentT, now: int) -> None:
        """Note that a call of this line was heard; one that stands in none is taken in."""
        one.heard = now
        ends = self._ends
        if ends.before is one:
            return
        if one.before is None:
            self._count += 1
        else:
            one.before.after, one.after.before = one.after, one.before
        one.before, one.after = ends.before, ends
        ends.before.after = ends.before = one

    def drop(self, one: SilentT) -> None:
        """Take a call out, unless it stands in no line."""
        if one.before is None:
            return
        one.before.after, one.after.before = one.after, one.before
        one.before = one.after = None
        self._count -= 1

    def next_due(self) -> int:
        """Return when the longest silent call is due; `NEVER` if there is none."""
        if not self._count:
            return NEVER
        heard: int = self._ends.after.heard
        return heard + self.patience_ns

    def expire(self, now: int) -> list[SilentT]:
        """Take out and return the calls whose patience is used up at `now`, oldest first."""
        due: list[SilentT] = []
        while self.next_due() <= now and (one := self.pop_oldest()):
            due.append(one)
        return due

    def pop_oldest(self) -> SilentT | None:
        """Take out and return the longest silent call; None if there is none."""
        if not self._count:
            return None
        one: SilentT = self._ends.after
        self.drop(one)
        return one
