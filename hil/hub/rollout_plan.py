# SPDX-License-Identifier: Apache-2.0
"""When a rollout of firmware goes on to its next group, and when it is halted. Pure.

The first group is the canary. The next one begins when enough of all before it are confirmed; too
many that failed or came back, in any group that has begun, halt all.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

BAD = frozenset({"failed", "rolled_back"})
GOOD = "confirmed"
UNWANTED = frozenset({"withdrawn", "superseded"})
"Reasons of a failure that is none: nobody wanted it any more."


class Box(NamedTuple):
    """How far an appliance has got."""

    group: int
    state: str
    "As it said last; empty for nothing yet."
    why: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether it failed."""
        return self.state in BAD and self.why not in UNWANTED


class Terms(NamedTuple):
    """What is enough, and what is too much."""

    groups: int
    success: float = 1.0
    "Share of a group that must be confirmed before the next one begins."
    error: float = 0.1
    "Share of a group that may not fail; one that fails is too many where it is 0."
    forgiven: tuple[int, ...] = ()
    "Of each group: failures that somebody has seen, and went on."


class Decision(NamedTuple):
    """What a rollout does now."""

    open: int
    "Groups that have begun."
    halt: str = ""
    "Why nothing more is begun; empty: it goes on."
    done: bool = False


def decide(boxes: Sequence[Box], terms: Terms) -> Decision:
    """Return how far a rollout may go."""
    total = Counter(box.group for box in boxes)
    good = Counter(box.group for box in boxes if box.state == GOOD)
    bad = Counter(box.group for box in boxes if box.is_bad)
    for group in range(terms.groups):
        forgiven = terms.forgiven[group] if group < len(terms.forgiven) else 0
        fresh, size = bad[group] - forgiven, total[group]
        if fresh > 0 and fresh >= terms.error * size:
            return Decision(group + 1, f"group {group + 1}: {fresh} of {size} failed")
        left = size - bad[group] - good[group]
        if good[group] < terms.success * (size - forgiven):
            if left:
                return Decision(group + 1)
            text = f"group {group + 1}: only {good[group]} of {size} are confirmed"
            return Decision(group + 1, text)
    ended = all(box.state == GOOD or box.is_bad for box in boxes)
    return Decision(terms.groups, done=ended)
