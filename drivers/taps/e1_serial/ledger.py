# SPDX-License-Identifier: Apache-2.0
"""What was lost between a probe and us: each record once, under the first cause that is known."""

from collections import Counter

SEQUENCES = 1 << 16
"A probe numbers its records modulo this."


class Ledger:
    """One probe. Counts never fall."""

    def __init__(self) -> None:
        """Start anywhere in the sequence of the probe."""
        self.lost: Counter[str] = Counter()
        self._next: int | None = None
        self._damaged = 0
        "Since the last good record: a gap is due to them first."
        self._overrun: int | None = None

    def damage(self, why: str) -> None:
        """Count a record that could not be read."""
        self.lost[why] += 1
        self._damaged += 1

    def number(self, sequence: int) -> None:
        """Note a good record, and count those missing before it."""
        gap = (sequence - self._next) % SEQUENCES if self._next is not None else 0
        if gap >= SEQUENCES // 2:  # backwards, but a serial line does not reorder
            self.lost["sequence broken"] += 1
        elif gap > self._damaged:
            self.lost["sequence gap"] += gap - self._damaged
        self._next = (sequence + 1) % SEQUENCES
        self._damaged = 0

    def overrun(self, count: int) -> None:
        """Count what the probe had no room for, since it first told us how much that was."""
        if self._overrun is not None and count > self._overrun:
            self.lost["probe overrun"] += count - self._overrun
        self._overrun = count

    def restart(self) -> None:
        """Count that the probe started anew: it counts from zero then."""
        self.lost["probe restarted"] += 1
        self._next = None
        self._overrun = 0
