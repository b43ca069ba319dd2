# SPDX-License-Identifier: Apache-2.0
"""Who has been silent for too long. The owner says what time it is; nothing here reads a clock.

Calls that may be silent equally long stand in one queue, so the longest silent is always in
front: touching one, expiring those due and evicting the oldest each cost one step.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)

NEVER = 1 << 63
"Later than any time in nanoseconds."


class IdleQueue(Generic[KeyT]):
    """Keys in the order they were last heard, all with the same patience."""

    def __init__(self, patience_ns: int) -> None:
        """Take how long a key may be silent, nanoseconds."""
        self.patience_ns = patience_ns
        self._heard: OrderedDict[KeyT, int] = OrderedDict()

    def __len__(self) -> int:
        """Keys waiting."""
        return len(self._heard)

    def touch(self, key: KeyT, now: int) -> None:
        """Note that `key` was heard; a new key is taken in."""
        self._heard[key] = now
        self._heard.move_to_end(key)

    def drop(self, key: KeyT) -> None:
        """Forget `key`, if it is here."""
        self._heard.pop(key, None)

    def next_due(self) -> int:
        """Return when the longest silent key is due; `NEVER` if there is none."""
        for heard in self._heard.values():
            return heard + self.patience_ns
        return NEVER

    def expire(self, now: int) -> list[KeyT]:
        """Take out and return the keys whose patience is used up at `now`, oldest first."""
        due: list[KeyT] = []
        while self._heard and self.next_due() <= now:
            due.append(self._heard.popitem(last=False)[0])
        return due

    def pop_oldest(self) -> KeyT | None:
        """Take out and return the longest silent key; None if there is none."""
        return self._heard.popitem(last=False)[0] if self._heard else None
