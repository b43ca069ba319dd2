# SPDX-License-Identifier: Apache-2.0
"""Counting: what rises is seen from 0, labels are kept clean, nothing undeclared is counted."""

import pytest

from edge import counters
from edge.counters import Counter, Label
from edge.counting import MOST_SERIES, OTHER, Numbers, Series, label_value

NUMBERS_AS_HEARD = (
    "447700900123", "+447700900123", "8 (7172) 00-00-01", "sip:+447700900123@192.0.2.1",
    "٤٤٧٧٠٠٩٠٠١٢٣", "7172000", "tel:+44-7700-900123;phone-context=+7",
)  # fmt: skip


def shown(numbers: Numbers, declared: Counter) -> dict[tuple[str, ...], list[float]]:
    return {s.labels: s.values for s in numbers.series() if s.declared is declared}


def test_a_held_series_and_one_by_its_labels_are_the_same() -> None:
    numbers = Numbers()
    heard = numbers[counters.UNITS].of("mirror")
    heard.value += 2
    numbers[counters.UNITS]["mirror",].value += 1
    assert shown(numbers, counters.UNITS) == {("mirror",): [3]}


def test_what_rises_is_seen_from_zero_where_its_labels_are_known() -> None:
    numbers = Numbers()
    dropped = numbers[counters.OUTBOX_DROPPED]
    assert len(dropped) == len(shown(numbers, counters.OUTBOX_DROPPED)) == 25
    assert len(numbers[counters.EVIDENCE_LOST]) == len(numbers[counters.VERDICT_SECONDS]) == 1
    assert not numbers[counters.UNITS]  # taps are named by the configuration
    assert not numbers[counters.CERTIFICATE_END]  # a gauge nobody set says nothing


def test_a_spread_counts_each_measurement_once() -> None:
    numbers = Numbers()
    took = numbers[counters.VERDICT_SECONDS].of()
    for value in (0.5e-6, 1e-6, 1.5e-6, 0.1, 7.0):  # a bound belongs to its bucket
        took.observe(value)
    (series,) = numbers.series()
    *counts, total = series.values
    assert (counts[:3], counts[-2:]) == ([2, 1, 0], [1, 1])
    assert sum(counts) == 5
    assert total == pytest.approx(7.100003)


@pytest.mark.parametrize("heard", NUMBERS_AS_HEARD)
def test_no_label_holds_a_telephone_number(heard: str) -> None:
    said = label_value(Label("trunk"), heard)
    assert sum(map(str.isdigit, said)) <= 4
    assert len(said) == len(heard)
    assert label_value(Label("class", ("audit",)), heard) == OTHER


@pytest.mark.parametrize("name", ["mirror", "e1-16-31", "kernel ring full", "astana-2026"])
def test_names_stay_as_they_are(name: str) -> None:
    assert label_value(Label("trunk"), name) == name


def test_series_are_bounded() -> None:
    numbers = Numbers()
    layers = numbers[counters.MALFORMED]
    for index in range(MOST_SERIES + 500):
        layers[f"made-up-{index}",].value += 1
    assert len(layers) <= MOST_SERIES + 1
    assert layers.of(OTHER).value == 500


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("x" * 5000, "x" * 64),
        ("a\n\x00\udc80b", "a???b"),
        ("", ""),
        ("1" * 5000, "1111" + "*" * 60),
    ],
)
def test_a_label_can_always_be_written(odd: str, said: str) -> None:
    assert label_value(Label("cause"), odd) == said


def test_what_is_not_declared_is_not_counted() -> None:
    with pytest.raises(KeyError, match="qalqan_made_up_total is not declared"):
        Numbers()[Counter("qalqan_made_up_total", "x", "Made up.")]
    with pytest.raises(AttributeError):
        _ = counters.UNITZ  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"longer|shorter"):
        Numbers()[counters.UNITS].of("mirror", "and more")


def test_flat_is_as_prometheus_writes_it() -> None:
    numbers = Numbers()
    numbers[counters.UNITS_LOST].of("mirror", "capture cut").value = 3
    numbers[counters.LOOKUP_SECONDS].of().observe(0.5)
    assert numbers.flat() == {
        'qalqan_units_lost_total{tap="mirror",cause="capture cut"}': 3,
        "qalqan_lookup_seconds_count": 1,
        "qalqan_lookup_seconds_sum": 0.5,
    }


def test_series_can_be_read_while_they_are_made() -> None:
    numbers = Numbers()
    units = numbers[counters.UNITS]
    units.of("a").value = 1
    found: list[Series] = []
    for series in numbers.series():
        found.append(series)
        units.of(f"b{len(found)}")
    assert [series.labels for series in found] == [("a",)]
