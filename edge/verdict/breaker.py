# SPDX-License-Identifier: Apache-2.0
"""A breaker on the rate of stopped calls: a list gone wrong may cost minutes, never the trunk.

It opens to *allow*. Memory is fixed; time is an argument, and may step either way.
"""

from typing import Final

import msgspec

from edge.errors import ConfigError

SECOND_NS: Final = 1_000_000_000
SLOTS: Final = 12
"The window moves on by a twelfth of itself."


class Limits(msgspec.Struct, frozen=True):
    """When a trunk's breaker opens. The bounds leave no value that would be a switch."""

    window_ns: int = 60 * SECOND_NS
    most: int = 600
    "Calls stopped within the window, whatever their share."
    share: float = 0.5
    "Share of the calls within the window ..."
    floor: int = 30
    "... which counts only when more calls than this were stopped."
    hold_ns: int = 300 * SECOND_NS
    "How long it stays open."

    def __post_init__(self) -> None:
        """Raise `ConfigError` for a value out of its bounds."""
        bounds = {
            "window_ns": (SECOND_NS, 3600 * SECOND_NS),
            "most": (1, 100_000),
            "share": (0.0, 0.95),
            "floor": (0, 10_000),
            "hold_ns": (SECOND_NS, 86_400 * SECOND_NS),
        }
        for name, (least, most) in bounds.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"breaker {name} must lie within {least} and {most}")


class Trip(msgspec.Struct, frozen=True):
    """The breaker has opened."""

    calls: int
    stopped: int
    until_ns: int


class BlockRate:
    """Counts calls and stopped calls of one trunk over a moving window."""

    def __init__(self, limits: Limits) -> None:
        """Start with an empty window, closed."""
        self._limits = limits
        self._slot_ns = limits.window_ns // SLOTS
        self._newest = 0
        self._opened_ns: int | None = None
        self._clear()

    def call(self, now_ns: int) -> None:
        """Count a call."""
        slot = now_ns // self._slot_ns  # as `_slot` does, without a call: every call comes here
        if slot != self._newest:
            self._turn(slot)
        self._calls[slot % SLOTS] += 1

    def stop(self, now_ns: int) -> Trip | None:
        """Count a call that is to be stopped; return the trip if it is one too many."""
        slot = self._slot(now_ns)
        self._stopped[slot] += 1
        calls, stopped = sum(self._calls), sum(self._stopped)
        limits = self._limits
        too_great_a_share = stopped > limits.floor and stopped > limits.share * calls
        if stopped <= limits.most and not too_great_a_share:
            return None
        self._clear()
        self._opened_ns = now_ns
        return Trip(calls, stopped, now_ns + limits.hold_ns)

    def is_open(self, now_ns: int) -> bool:
        """Return whether nothing of this trunk may be stopped now."""
        opened = self._opened_ns
        # A clock that stepped back behind the opening must not hold it open for longer.
        return opened is not None and -self._slot_ns < now_ns - opened < self._limits.hold_ns

    def _slot(self, now_ns: int) -> int:
        """Return where to count; moving the window there may empty all of it."""
        slot = now_ns // self._slot_ns
        if slot != self._newest:
            self._turn(slot)
        return slot % SLOTS

    def _turn(self, slot: int) -> None:
        """Move the window to a newer slot; a call a little out of order counts in its own."""
        ahead = slot - self._newest
        if -SLOTS < ahead < 0:
            return
        if not 0 < ahead < SLOTS:  # a long silence, or the clock stepped back
            self._clear()
        else:
            for passed in range(self._newest + 1, slot + 1):
                self._calls[passed % SLOTS] = self._stopped[passed % SLOTS] = 0
        self._newest = slot

    def _clear(self) -> None:
        self._calls = [0] * SLOTS
        self._stopped = [0] * SLOTS
