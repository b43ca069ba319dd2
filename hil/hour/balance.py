# SPDX-License-Identifier: Apache-2.0
"""What was sent equals what was heard and what was counted as lost, over all lives of `core`.

`core` writes its counts each second, and what it wrote last before a kill -9 is all that stays of a
life. What came to its port after that, and until it hears again, nobody tells: that is bounded by
what was sent meanwhile, and said. A port whose cable was just put in again is the same.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

BESIDE = 2
"Looks, a second apart, beside a time of deafness: counts are a second old, and frames wait."


class Count(NamedTuple):
    """What a life of `core` said at one moment, beside what had come to its port by then."""

    pid: int
    is_up: bool
    "Whether it said that the tap hears."
    sent: int
    "That the port was given since the hour began, what it had no room for included."
    heard: int
    lost: int

    @property
    def told(self) -> int:
        """Of what it speaks."""
        return self.heard + self.lost


class Balance(NamedTuple):
    """How it stands at the end."""

    sent: int
    heard: int
    lost: int
    untold: int
    "Sent while nobody heard, or told of by a life that was killed before it could."
    missing: int
    "Sent and not in any of these; below zero: heard without having been sent."


def balance(counts: Sequence[Count]) -> Balance:
    """Return the sums over all lives; the last count is of a time when all was quiet."""
    ends = [before for before, after in pairwise(counts) if before.pid != after.pid]
    ends += counts[-1:]
    heard, lost = sum(one.heard for one in ends), sum(one.lost for one in ends)
    sent = counts[-1].sent if counts else 0
    rest = sent - heard - lost
    untold = min(max(rest, 0), _room(counts))
    return Balance(sent, heard, lost, untold, rest - untold)


def _room(counts: Sequence[Count]) -> int:
    """Return what was sent, and need not be told of, about the times of deafness.

    What is told is late by what was sent within a look, and later at one time than at another:
    that much more may be missing for each time of deafness.
    """
    steps = list(pairwise(counts))
    deaf = [
        before.pid != after.pid or not (before.is_up and after.is_up) for before, after in steps
    ]
    room, late, was_near = 0, 0, False
    for number, (before, after) in enumerate(steps):
        is_near = any(deaf[max(number - BESIDE, 0) : number + BESIDE + 1])
        if is_near:
            told = after.told - (before.told if before.pid == after.pid else 0)
            room += after.sent - before.sent - told + (0 if was_near else late)
        late, was_near = after.sent - before.sent, is_near
    return max(room, 0)
