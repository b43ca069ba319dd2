# SPDX-License-Identifier: Apache-2.0
"""The last hour in numbers: what `core` counts, looked at each ten seconds, drawn by the minute.

In the memory of this process: a chart begins anew with it. Time is an argument.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from edge import counters
from edge.counting import Series
from edge.model.outcome import STOPS
from edge.seen.trunk_report import STOPPING

EVERY_S = 10.0
MINUTE_S = 60
MINUTES = 60
HEIGHT = 100
WIDTH = 10
"Of a minute in the drawing."
GAP = 2
_STOPS = frozenset(result.value for result in STOPS)


class Totals(NamedTuple):
    """What `core` has counted since it was started."""

    calls: int = 0
    stopped: int = 0
    "Heard to be stopped, or to go to the operator desk."
    would: int = 0
    "That would have been stopped, were their trunk not only observed."

    def since(self, before: "Totals") -> "Totals":
        """Return what came since; a `core` that was started anew counts from 0."""
        if self.calls < before.calls:
            return self
        pairs = zip(self, before, strict=True)
        return Totals(*(max(0, now - then) for now, then in pairs))

    def plus(self, more: "Totals") -> "Totals":
        """Return both together."""
        return Totals(*map(sum, zip(self, more, strict=True)))


def totals_of(series: Iterable[Series]) -> Totals:
    """Return what the numbers of `core` come to."""
    calls = stopped = would = 0
    for one in series:
        count = int(one.values[0])
        if one.declared is counters.CALLS_OFFERED:
            calls += count
        elif one.declared is counters.OUTCOMES and one.labels[0] in _STOPS:
            stopped += count
        elif one.declared is counters.VERDICTS:
            action, wanted, *_ = one.labels
            would += count if wanted in STOPPING and action not in STOPPING else 0
    return Totals(calls, stopped, would)


class Bar(NamedTuple):
    """A minute, as it is drawn."""

    x: int
    stopped_y: float
    stopped_height: float
    would_y: float
    would_height: float


class History:
    """The last hour."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._minutes: deque[tuple[int, Totals]] = deque(maxlen=MINUTES + 1)
        self._last: Totals | None = None

    def take(self, now_s: float, totals: Totals) -> None:
        """Take what is counted now."""
        minute = int(now_s // MINUTE_S)
        came = totals.since(self._last) if self._last else Totals()
        self._last = totals
        if self._minutes and self._minutes[-1][0] == minute:
            came = self._minutes.pop()[1].plus(came)
        self._minutes.append((minute, came))

    def hour(self, now_s: float) -> list[Totals]:
        """Return the minutes of the last hour, the oldest first."""
        known, last = dict(self._minutes), int(now_s // MINUTE_S)
        return [known.get(last - back, Totals()) for back in reversed(range(MINUTES))]


def bars_of(hour: list[Totals]) -> list[Bar]:
    """Return the drawing of an hour: what was stopped below, what would have been above it."""
    most = max((one.stopped + one.would for one in hour), default=0) or 1
    found = []
    for number, one in enumerate(hour):
        stopped, would = (round(HEIGHT * value / most, 1) for value in (one.stopped, one.would))
        found.append(
            Bar(number * WIDTH, HEIGHT - stopped, stopped, HEIGHT - stopped - would, would)
        )
    return found
