# SPDX-License-Identifier: Apache-2.0
"""Counts what `edge.counters` declares: 30 ns a series that is held, 130 ns one by its labels.

    verdicts = numbers[counters.VERDICTS]                   # once
    verdicts[action, wanted, rule, trunk].value += 1        # on every call
    took = numbers[counters.VERDICT_SECONDS].of()           # without labels, or with the same ones
    took.observe(0.000_021)

No label ever holds a telephone number: labels are closed sets, or names of the configuration and of
the program; where there are seven digits and more, all but the first few are masked. There is no
lock: a series is counted by one thread. Any thread may read.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, Generic, NamedTuple, TypeVar, overload

from edge.counters import BY_NAME, Counter, Declared, Gauge, Histogram, Label

MASKED = 7
"A label with so many digits may hold a telephone number: at least so many are masked ..."
KEPT = 4
"... and at most so many are not: country and code."
MOST_CHARACTERS = 64
"Of the value of a label."
MOST_SERIES = 1000
"Of one number, told apart by labels; what comes beyond is counted as `other`."
OTHER = "other"

Labels = tuple[str, ...]


class Cell:
    """One series of a counter or gauge: `cell.value += 1`, or set to what is counted elsewhere."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        """Start at 0."""
        self.value: float = 0

    def values(self) -> list[float]:
        """Return the value, as a list of one."""
        return [self.value]


class Spread:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Start with nothing seen."""
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        "Of each bucket for itself; the last is that without bound."
        self.sum: float = 0

    def observe(self, value: float) -> None:
        """Take one measurement, in the unit of the histogram."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def values(self) -> list[float]:
        """Return the counts of the buckets, then the sum."""
        return [*self.counts, self.sum]


SeriesT = TypeVar("SeriesT", bound=Cell | Spread)


class Family(dict[Labels, SeriesT], Generic[SeriesT]):
    """The series of one number by their labels; a series is made when it is first asked for."""

    def __init__(self, declared: Declared, make: Callable[[], SeriesT]) -> None:
        """Make what rises from 0 at once, where all its labels are known: a rise is seen then."""
        super().__init__()
        self._labels = declared.labels
        self._make = make
        if not isinstance(declared, Gauge) and all(label.values for label in self._labels):
            for labels in product(*(label.values for label in self._labels)):
                self[labels] = make()

    def __missing__(self, labels: Labels) -> SeriesT:
        """Return the series that these labels are counted under."""
        kept = tuple(label_value(*pair) for pair in zip(self._labels, labels, strict=True))
        if kept not in self and len(self) >= MOST_SERIES:
            kept = (OTHER,) * len(kept)
        return self.setdefault(kept, self._make())

    def of(self, *labels: str) -> SeriesT:
        """Return one series, to be held and counted."""
        return self[labels]


def label_value(label: Label, value: str) -> str:
    """Return what is shown for the value of a label."""
    if label.values:
        return value if value in label.values else OTHER
    value = "".join(c if c.isprintable() else "?" for c in value[:MOST_CHARACTERS])
    digits = [index for index, character in enumerate(value) if character.isdigit()]
    if len(digits) < MASKED:
        return value
    hidden = set(digits[min(len(digits) - MASKED, KEPT) :])
    return "".join("*" if index in hidden else character for index, character in enumerate(value))


class Series(NamedTuple):
    """The state of one series."""

    declared: Declared
    labels: Labels
    values: list[float]
    "The value; of a histogram the counts of the buckets, then the sum."


class Numbers:
    """All numbers of one process."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self._families: dict[str, Family[Any]] = {}

    @overload
    def __getitem__(self, declared: Counter | Gauge) -> Family[Cell]: ...
    @overload
    def __getitem__(self, declared: Histogram) -> Family[Spread]: ...
    def __getitem__(self, declared: Counter | Gauge | Histogram) -> Family[Any]:
        """Return the series of a number. Ask once, as the process starts: it shows from then on."""
        found = self._families.get(declared.name)
        if found is None:
            if BY_NAME.get(declared.name) is not declared:
                raise KeyError(f"{declared.name} is not declared in edge.counters")
            found = self._families[declared.name] = _family(declared)
        return found

    def series(self) -> Iterator[Series]:
        """Yield the state of every series."""
        for name, family in list(self._families.items()):
            declared = BY_NAME[name]
            for labels, series in list(family.items()):
                yield Series(declared, labels, series.values())

    def flat(self) -> dict[str, float]:
        """Return every series by name and labels, for the hub; of a histogram count and sum."""
        found: dict[str, float] = {}
        for declared, labels, values in self.series():
            tail = _braces(declared, labels)
            if isinstance(declared, Histogram):
                found[f"{declared.name}_count{tail}"] = sum(values[:-1])
                found[f"{declared.name}_sum{tail}"] = values[-1]
            else:
                found[declared.name + tail] = values[0]
        return found


def _family(declared: Counter | Gauge | Histogram) -> Family[Any]:
    if isinstance(declared, Histogram):
        bounds = declared.bounds
        return Family(declared, lambda: Spread(bounds))
    return Family(declared, Cell)


def _braces(declared: Declared, labels: Labels) -> str:
    """Return labels as Prometheus writes them, empty for none."""
    named = zip(declared.labels, labels, strict=True)
    inner = ",".join(f'{label.name}="{value}"' for label, value in named)
    return f"{{{inner}}}" if inner else ""
