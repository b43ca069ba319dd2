# SPDX-License-Identifier: Apache-2.0
"""Turns losses into events: on this trunk, for this cause, an INVITE may have been missed."""

from collections import Counter
from collections.abc import Mapping

from edge.model.event import TapBlind

APART_NS = 1_000_000_000
"Between two events of the same cause; a flood of losses is one event a second with its count."


class BlindSpots:
    """What one tap lost and has not said yet."""

    def __init__(self, tap: str, trunks: tuple[str, ...]) -> None:
        """Name the tap and the trunks it hears."""
        self._tap = tap
        self._trunks = trunks
        self._unsaid: Counter[str] = Counter()
        self._said_at: dict[str, int] = {}

    def grow(self, now: int, lost: Mapping[str, int]) -> list[TapBlind]:
        """Take what was lost since the last call, by cause; return what is to be said at `now`."""
        for cause, count in lost.items():
            if count > 0:
                self._unsaid[cause] += count
        due = [c for c in self._unsaid if now - self._said_at.get(c, -APART_NS) >= APART_NS]
        return [self._say(cause, now) for cause in due]

    def rest(self, now: int) -> list[TapBlind]:
        """Return what has not been said, as the tap has ended."""
        return [self._say(cause, now) for cause in list(self._unsaid)]

    def _say(self, cause: str, now: int) -> TapBlind:
        self._said_at[cause] = now
        return TapBlind(now, self._tap, self._trunks, cause, self._unsaid.pop(cause))
