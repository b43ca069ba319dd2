# SPDX-License-Identifier: Apache-2.0
"""What is costly to find is found once in a while, whoever asks. Time is an argument."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

FoundT = TypeVar("FoundT")


class Fresh(Generic[FoundT]):
    """Something that was found a moment ago. From any thread; who asks meanwhile waits for it."""

    def __init__(self, find: Callable[[], FoundT], life_s: float) -> None:
        """Find it with `find`, at most once in so many seconds."""
        self._find = find
        self._life_s = life_s
        self._lock = Lock()
        self._found: tuple[float, FoundT] | None = None

    def get(self, now_s: float) -> FoundT:
        """Return what was found a moment ago, or is now."""
        with self._lock:
            if self._found is None or not 0 <= now_s - self._found[0] < self._life_s:
                self._found = now_s, self._find()
            return self._found[1]

    def forget(self) -> None:
        """Have it found anew when somebody asks."""
        with self._lock:
            self._found = None
