# SPDX-License-Identifier: Apache-2.0
"""How long who guessed wrong has to wait: twice as long each time, by name and by address.

A quarter of an hour at most, or anybody could lock an engineer out for good. Time is an argument.
"""

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

FREE = 5
"Wrong guesses that cost nothing."
FIRST_S = 30.0
LONGEST_S = 900.0
FORGET_S = 3600.0
"After the last wrong one."
MOST = 2000
"Names and addresses remembered; the longest quiet go first."


class Tries(NamedTuple):
    """What is remembered of a name or an address."""

    wrong: int
    last_s: float

    @property
    def until_s(self) -> float:
        """When the next guess is heard."""
        beyond = self.wrong - FREE
        return self.last_s + (min(FIRST_S * 2**beyond, LONGEST_S) if beyond >= 0 else 0.0)


class Lockout:
    """All names and addresses. From any thread."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._tries: OrderedDict[str, Tries] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, keys: tuple[str, ...], now_s: float) -> float:
        """Return how long is still to be waited; 0 if not."""
        with self._lock:
            found = [self._tries[key].until_s - now_s for key in keys if key in self._tries]
        return max([0.0, *found])

    def wrong(self, keys: tuple[str, ...], now_s: float) -> float:
        """Take a wrong guess; returns how long is to be waited."""
        with self._lock:
            for key in keys:
                before = self._tries.pop(key, Tries(0, now_s))
                count = before.wrong if now_s - before.last_s < FORGET_S else 0
                self._tries[key] = Tries(min(count + 1, FREE + 16), now_s)
            while len(self._tries) > MOST:
                self._tries.popitem(last=False)
        return self.wait_s(keys, now_s)

    def right(self, keys: tuple[str, ...]) -> None:
        """Forget what was wrong."""
        with self._lock:
            for key in keys:
                self._tries.pop(key, None)
