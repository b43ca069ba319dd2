# SPDX-License-Identifier: Apache-2.0
"""Calls as telephone engineers draw them: machines side by side, time downwards."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hil.region.tables import MACHINES
from hil.region.watch import NS, Seen

GAP = 22
"Characters from one machine to the next."
EDGE = 9
"Characters before the first: the time."


class Step(NamedTuple):
    """One message."""

    at_ns: int
    source: str
    destination: str
    label: str


def steps(seen: Seen) -> list[Step]:
    """Return the messages of a call; a repeat is not shown again."""
    found: dict[tuple[str, str, str], Step] = {}
    for one in sorted(seen.messages):
        if one.source in MACHINES and one.destination in MACHINES:
            label = one.label if len(one.label) < GAP - 3 else one.label[: GAP - 6] + "..."
            key = (one.source, one.destination, f"{label} {one.method}")
            found.setdefault(key, Step(one.at_ns, one.source, one.destination, label))
    return list(found.values())


def ladder(found: Sequence[Step], machines: Mapping[str, str] = MACHINES) -> str:
    """Return a picture; `machines` are names by address, those that say nothing are left out."""
    heard = {end for step in found for end in (step.source, step.destination)}
    names = dict.fromkeys(name for address, name in machines.items() if address in heard)
    places = {name: EDGE + GAP * index + GAP // 2 for index, name in enumerate(names)}
    ends = {address: places[name] for address, name in machines.items() if name in places}
    return "\n".join(line.rstrip() for line in _lines(found, places, ends)) + "\n"


def _lines(
    found: Sequence[Step], places: Mapping[str, int], ends: Mapping[str, int]
) -> Iterator[str]:
    yield " " * EDGE + "".join(f"{name:^{GAP}}" for name in places)
    for step in found:
        line = [" "] * (EDGE + GAP * len(places))
        for middle in places.values():
            line[middle] = "│"
        start, end = ends[step.source], ends[step.destination]
        low, high = min(start, end), max(start, end)
        line[low + 1 : high] = f" {step.label} ".center(high - low - 1, "─")
        line[high - 1 if end > start else low + 1] = "►" if end > start else "◄"
        line[:EDGE] = f"{(step.at_ns - found[0].at_ns) / NS * 1000:6.0f} ms"
        yield "".join(line)
