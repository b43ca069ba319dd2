# SPDX-License-Identifier: Apache-2.0
"""Who has been silent for too long. The owner says what time it is; nothing here reads a clock.

Calls that may be silent equally long stand in one queue, so the longest silent is always in
front: touching one, expiring those due and evicting the oldest each cost one step.
"""

from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

from edge.call.compact import compacted

KeyT = TypeVar("KeyT", bound=Hashable)

NEVER = 1 << 63
"Later than any time in nanoseconds."
AT_ONCE = 256
"Keys found when the front is looked for: a dict is slow to find its first each time."


class IdleQueue(Generic[KeyT]):
    """Keys in the order they were last heard, all with the same patience.

    A dict takes 64 octets less a key than an `OrderedDict`, of which each call that is up is one.
    """

    def __init__(self, patience_ns: int) -> None:
        """Take how long a key may be silent, nanoseconds."""
        self.patience_ns = patience_ns
        self._heard: dict[KeyT, int] = {}
        "The longest silent first."
        self._front: list[tuple[KeyT, int]] = []
        "The first of them when they were looked for, the very first last; some may be heard since."

    def __len__(self) -> int:
        """Keys waiting."""
        return len(self._heard)

    def touch(self, key: KeyT, now: int) -> None:
        """Note that `key` was heard; a new key is taken in."""
        self._heard.pop(key, None)
        self._heard[key] = now

    def drop(self, key: KeyT) -> None:
        """Forget `key`, if it is here."""
        self._heard.pop(key, None)

    def compact(self) -> None:
        """Take no more room than the keys need."""
        self._heard = compacted(self._heard)

    def next_due(self) -> int:
        """Return when the longest silent key is due; `NEVER` if there is none."""
        first = self._first()
        return first[1] + self.patience_ns if first else NEVER

    def expire(self, now: int) -> list[KeyT]:
        """Take out and return the keys whose patience is used up at `now`, oldest first."""
        due: list[KeyT] = []
        while (first := self._first()) and first[1] + self.patience_ns <= now:
            due.append(first[0])
            del self._heard[first[0]]
        return due

    def pop_oldest(self) -> KeyT | None:
        """Take out and return the longest silent key; None if there is none."""
        first = self._first()
        if first is None:
            return None
        del self._heard[first[0]]
        return first[0]

    def _first(self) -> tuple[KeyT, int] | None:
        """Return the longest silent key, and when it was heard."""
        while self._heard:
            while self._front:
                key, heard = self._front[-1]
                if self._heard.get(key) == heard:
                    return key, heard
                self._front.pop()
            self._front = list(islice(self._heard.items(), AT_ONCE))[::-1]
        return None
