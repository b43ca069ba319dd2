# SPDX-License-Identifier: Apache-2.0
"""When which fault happens: one after the other, evenly over the time, in a drawn order."""

import random
from collections.abc import Iterable, Mapping
from typing import NamedTuple

SHARE = 0.4
"Of the time from one fault to the next that a fault may last: in the rest all is well again."


class Slot(NamedTuple):
    """When a fault begins and when it is over, seconds after the hour began."""

    name: str
    begins_s: float
    ends_s: float


def schedule(faults: Mapping[str, float], total_s: float, seed: int) -> list[Slot]:
    """Return the slots of faults, whose wanted lengths are given, seconds.

    Before the first and after the last there is as much time as between two.
    """
    apart_s = total_s / (len(faults) + 1)
    return [
        Slot(name, number * apart_s, number * apart_s + min(faults[name], apart_s * SHARE))
        for number, name in enumerate(_drawn(faults, seed), 1)
    ]


def _drawn(names: Iterable[str], seed: int) -> list[str]:
    drawn = sorted(names)
    random.Random(seed).shuffle(drawn)  # noqa: S311 - an order that can be had again
    return drawn
