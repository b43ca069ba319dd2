# SPDX-License-Identifier: Apache-2.0
"""The numbers of all processes for Prometheus, in its text format 0.0.4, and the box's health.

Every series says which process counted it. Of a process that writes no more only that is shown:
what it said last is no news.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from edge.config import Config
from edge.counters import PROCESS_AGE, PROCESS_UP, TABLE, Counter, Declared, Histogram
from edge.counting import Series
from edge.moment import Moments
from edge.seen.readings import Reading

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
STALE_S = 10.0
"A process that has not written its numbers for longer is not there."
PROCESS = "process"
OURS = "page"
"The process that shows all of it."


def expected_of(config: Config) -> tuple[str, ...]:
    """Return the processes that a box with this configuration has."""
    return ("core", *(("uplink",) if config.hub.brokers else ()), OURS)


class Seen(NamedTuple):
    """A process as its file shows it."""

    reading: Reading | None
    age_s: float

    @property
    def up(self) -> bool:
        """Whether it writes."""
        return 0 <= self.age_s <= STALE_S


class Box(Collector):
    """All processes of this box."""

    def __init__(
        self,
        expected: tuple[str, ...],
        read: Callable[[], Mapping[str, Reading]],
        moments: Moments,
    ) -> None:
        """Show what `read` finds; a process of `expected` that is not found is missing."""
        self._expected = expected
        self._read = read
        self._moments = moments

    def seen(self) -> dict[str, Seen]:
        """Return every process, by name."""
        found = self._read()
        return {name: self._one(found.get(name)) for name in sorted({*found, *self._expected})}

    def _one(self, reading: Reading | None) -> Seen:
        return Seen(reading, reading.age_s(self._moments) if reading else float("inf"))

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield every number that there is, in the order of the table."""
        by_name: dict[str, list[tuple[str, Series]]] = {}
        for process, seen in self.seen().items():
            for series in _shown(seen):
                by_name.setdefault(series.declared.name, []).append((process, series))
        for declared in TABLE:
            if several := by_name.get(declared.name):
                yield _metric(declared, several)

    def exposition(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether all that should be there is, and what is, ready for JSON."""
        seen = self.seen()
        ok = all(seen[name].up for name in self._expected)
        return ok, {"ok": ok, "processes": {name: _words(one) for name, one in seen.items()}}


def _shown(seen: Seen) -> Iterator[Series]:
    """Yield what is shown of a process."""
    yield Series(PROCESS_UP, (), [float(seen.up)])
    if seen.reading and seen.age_s < float("inf"):
        yield Series(PROCESS_AGE, (), [seen.age_s])
    if seen.reading and seen.up:
        yield from seen.reading.series()


def _words(seen: Seen) -> dict[str, object]:
    reading = seen.reading
    if reading is None:
        return {"up": False}
    age = round(seen.age_s, 3) if seen.age_s < float("inf") else None
    return {"up": seen.up, "age_s": age, "pid": reading.pid, "software": reading.software}


def _metric(declared: Declared, several: list[tuple[str, Series]]) -> Metric:
    """Return all series of a number as prometheus-client has them."""
    names = [PROCESS, *(label.name for label in declared.labels)]
    # Two labels that were masked may be alike: the same series twice would spoil the whole answer.
    once = {(process, *series.labels): series.values for process, series in several}
    if isinstance(declared, Histogram):
        histogram = HistogramMetricFamily(declared.name, declared.meaning, labels=names)
        for labels, (*counts, total) in once.items():
            histogram.add_metric(labels, _buckets(declared, counts), total)
        return histogram
    kind = CounterMetricFamily if isinstance(declared, Counter) else GaugeMetricFamily
    metric = kind(declared.name, declared.meaning, labels=names)
    for labels, (value,) in once.items():
        metric.add_metric(labels, value)
    return metric


def _buckets(declared: Histogram, counts: list[float]) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus wants them: each holds those below it."""
    bounds = (*map(floatToGoString, declared.bounds), "+Inf")
    return list(zip(bounds, accumulate(counts), strict=True))
