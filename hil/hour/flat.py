# SPDX-License-Identifier: Apache-2.0
"""Whether processes stay as they are: their memory, open files and threads over their lives.

A life begins when a process is started and ends when it is killed. How it settles is not judged:
its first five minutes, or the first third of a shorter life. Nor is what calls that are up take,
and a heap keeps when they are over: while a cable is out no end of a call is heard, and those that
ended meanwhile are up for hours.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import NamedTuple

SETTLES_S = 300.0
LEAST = 6
"Looks at a life that are left when it has settled; of fewer nothing can be said."
KIB = 1024
CALL_MB = 1.5 / KIB
"""What a call that is up takes in `core` (1.1 KiB by `make bench`, which has a hundred thousand of
them up), and the one that is over and may be heard again, of which there are as many."""


class Sample(NamedTuple):
    """How a process was at one moment."""

    at_s: float
    "Since the hour began."
    name: str
    pid: int
    memory_mb: float
    "Its own (RssAnon): the ring that is shared with the kernel goes while the cable is out."
    descriptors: int
    threads: int
    calls: int = 0
    "That it follows; of `core`."


class Flat(NamedTuple):
    """How much more a process has at the end of a life than once it had settled."""

    growth_mb: float
    "Of the memory beside calls: from the first quarter after it settled to the last, medians."
    rise_mb: float
    "Of the memory over the second half of the life: the line through it."
    descriptors: int
    "Open: what was exceeded nearly always, first half after it settled against second half."
    threads: int


def sample(at_s: float, name: str, pid: int, calls: int = 0) -> Sample | None:
    """Look at a process that follows so many calls; None if there is none, or it is just ending."""
    here = Path(f"/proc/{pid}")
    try:
        status = dict(
            line.split(":\t", 1) for line in (here / "status").read_text("ascii").splitlines()
        )
        opened = sum(1 for _ in (here / "fd").iterdir())
        own = int(status["RssAnon"].split()[0])
    except (OSError, KeyError, ValueError, IndexError):
        return None
    threads = int(status["Threads"])
    return Sample(at_s, name, pid, own / KIB, opened, threads, calls)


def lives(samples: Sequence[Sample]) -> dict[tuple[str, int], list[Sample]]:
    """Return the looks at each life, in order."""
    found = defaultdict(list)
    for one in samples:
        found[one.name, one.pid].append(one)
    return dict(found)


def settled(life: Sequence[Sample]) -> list[Sample]:
    """Return a life without its beginning."""
    begin_s, end_s = life[0].at_s, life[-1].at_s
    from_s = begin_s + min(SETTLES_S, (end_s - begin_s) / 3)
    return [one for one in life if one.at_s >= from_s]


def flat_of(life: Sequence[Sample]) -> Flat | None:
    """Return how flat a life was; None if it was too short to say."""
    life = list(_beside_calls(life))
    calm = settled(life)
    if len(calm) < LEAST:
        return None
    quarter, half = len(calm) // 4 or 1, len(calm) // 2
    memory = [one.memory_mb for one in calm]
    later = life[len(life) // 2 :]
    return Flat(
        median(memory[-quarter:]) - median(memory[:quarter]),
        rise([(one.at_s, one.memory_mb) for one in later]),
        _floor(calm[half:], _descriptors) - _floor(calm[:half], _descriptors),
        _floor(calm[half:], _threads) - _floor(calm[:half], _threads),
    )


def _beside_calls(life: Sequence[Sample]) -> Iterator[Sample]:
    """Yield the looks at a life without what the most calls that were up until then take."""
    most = 0
    for one in life:
        most = max(most, one.calls)
        yield one._replace(memory_mb=one.memory_mb - most * CALL_MB)


def judged(samples: Sequence[Sample]) -> Iterator[tuple[str, int, Flat]]:
    """Yield name, process id and flatness of every life that can be judged."""
    for (name, pid), life in lives(samples).items():
        if flat := flat_of(life):
            yield name, pid, flat


def rise(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the straight line through points rises from the first to the last.

    Its slope is the median of those between all pairs (Theil and Sen): no burst bends it.
    """
    slopes = [
        (late - early) / (late_s - early_s)
        for (early_s, early), (late_s, late) in combinations(points, 2)
        if late_s > early_s
    ]
    return median(slopes) * (points[-1][0] - points[0][0]) if slopes else 0.0


def _floor(life: Sequence[Sample], of: Callable[[Sample], int]) -> int:
    """Return what three quarters of a life exceed or reach.

    What comes and goes is above it; what is closed for a while, as a cable is out, is below.
    """
    return sorted(map(of, life))[len(life) // 4]


def _descriptors(one: Sample) -> int:
    return one.descriptors


def _threads(one: Sample) -> int:
    return one.threads
