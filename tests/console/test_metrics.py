# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads: every declared number, of every process that lives, and no subscriber."""

import subprocess
from functools import partial
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge import counters
from edge.console.metrics import STALE_S, Box
from edge.counters import TABLE, Counter, Declared, Histogram
from edge.counting import Numbers
from edge.moment import Moments
from edge.seen.readings import Meter, Reading, read
from tests.console.everything import count_everything, write_everything
from tests.test_counting import NUMBERS_AS_HEARD

MOMENTS = Moments()
KINDS = {Counter: "counter", Histogram: "histogram"}


def box(folder: Path, *expected: str) -> Box:
    return Box(expected, partial(read, folder), MOMENTS)


def samples(text: bytes) -> dict[str, float]:
    """Return every line that holds a number, by what stands before it."""
    lines = (line for line in text.decode().splitlines() if not line.startswith("#"))
    found = [line.rsplit(" ", 1) for line in lines]
    assert len({name for name, _ in found}) == len(found), "a series twice"
    return {name: float(value) for name, value in found}


def aged(reading: Reading, age_s: float) -> Reading:
    return msgspec.structs.replace(reading, mono=MOMENTS.now().mono - int(age_s * 1e9))


def test_every_declared_number_is_shown(tmp_path: Path) -> None:
    write_everything(tmp_path, "core", "word")
    text = box(tmp_path, "core").exposition().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {declared.name.removesuffix("_total") for declared in TABLE}
    for declared in TABLE:
        family = families[declared.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (
            KINDS.get(type(declared), "gauge"),
            declared.meaning,
        )
        for sample in family.samples:
            names = {"process", *(label.name for label in declared.labels)}
            assert set(sample.labels) - {"le"} == names
            assert sample.labels["process"] == "core"


@pytest.mark.peer("promtool")
def test_promtool_finds_nothing_to_mend(tmp_path: Path) -> None:
    write_everything(tmp_path, "core", "word")
    write_everything(tmp_path, "uplink", "word")
    text = box(tmp_path, "core", "page").exposition()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def test_no_telephone_number_in_any_label(tmp_path: Path) -> None:
    """Whoever counts passes numbers for labels, and one writes its file past our masks."""
    write_everything(tmp_path, "core", *NUMBERS_AS_HEARD)
    reading = Meter("uplink", Numbers(), MOMENTS).reading()
    series = {
        declared.name: [
            ((number,) * len(declared.labels), [1.0] * _width(declared))
            for number in NUMBERS_AS_HEARD
        ]
        for declared in TABLE
    }
    naked = msgspec.json.encode(msgspec.structs.replace(reading, numbers=series))
    (tmp_path / "uplink.numbers").write_bytes(naked)
    text = box(tmp_path).exposition().decode()
    seen = set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert all(digits(value) <= 4 for value in labels.values()), sample
            seen.add((family.name, labels["process"]))
    assert len(seen) == 2 * len(TABLE)
    for number in NUMBERS_AS_HEARD:
        assert number not in text
        assert number not in (tmp_path / "core.numbers").read_text()
    assert not any(number in str(count_everything(number).flat()) for number in NUMBERS_AS_HEARD)


def _width(declared: Declared) -> int:
    return len(declared.bounds) + 2 if isinstance(declared, Histogram) else 1


def test_buckets_hold_those_below_them(tmp_path: Path) -> None:
    numbers = Numbers()
    for value in (1e-6, 3e-6, 3e-6, 9.0):
        numbers[counters.VERDICT_SECONDS].of().observe(value)
    reading = Meter("core", numbers, MOMENTS).reading()
    found = samples(Box((), lambda: {"core": reading}, MOMENTS).exposition())
    name = 'qalqan_verdict_seconds_bucket{le="%s",process="core"}'
    assert [found[name % le] for le in ("1e-06", "2e-06", "5e-06", "0.1", "+Inf")] == [
        1, 1, 3, 3, 4,
    ]  # fmt: skip
    assert found['qalqan_verdict_seconds_count{process="core"}'] == 4
    assert found['qalqan_verdict_seconds_sum{process="core"}'] == pytest.approx(9.000007)


@pytest.mark.parametrize(
    ("age_s", "up"), [(0, 1), (STALE_S - 1, 1), (STALE_S + 1, 0), (9e9, 0), (-60, 0)]
)
def test_a_process_that_writes_no_more_shows_nothing_but_that(age_s: float, up: int) -> None:
    numbers = Numbers()
    numbers[counters.UNITS].of("mirror").value = 3
    reading = aged(Meter("core", numbers, MOMENTS).reading(), age_s)
    found = samples(Box((), lambda: {"core": reading}, MOMENTS).exposition())
    assert found['qalqan_process_up{process="core"}'] == up
    assert found['qalqan_process_age_seconds{process="core"}'] == pytest.approx(age_s, abs=5)
    assert ('qalqan_units_total{process="core",tap="mirror"}' in found) == bool(up)


def test_a_process_of_an_earlier_start_of_the_machine() -> None:
    reading = msgspec.structs.replace(Meter("core", Numbers(), MOMENTS).reading(), boot="0")
    shown = Box(("core",), lambda: {"core": reading}, MOMENTS)
    assert samples(shown.exposition()) == {'qalqan_process_up{process="core"}': 0}
    ok, words = shown.health()
    assert not ok
    assert msgspec.json.decode(msgspec.json.encode(words))["processes"]["core"]["age_s"] is None


def test_health(tmp_path: Path) -> None:
    write_everything(tmp_path, "core", "word")
    ok, words = box(tmp_path, "core").health()
    assert ok
    assert words["ok"]
    ok, words = box(tmp_path, "core", "uplink").health()
    assert not ok
    assert words["processes"]["uplink"] == {"up": False}
    assert words["processes"]["core"]["up"]
