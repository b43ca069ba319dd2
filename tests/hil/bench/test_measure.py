# SPDX-License-Identifier: Apache-2.0
"""Figures against promises: what is kept, what is broken, what is only shown."""

from pathlib import Path

import pytest

from drivers.gates.sip_redirect import driver as sip_redirect
from drivers.taps.e1_serial import driver as e1_serial
from edge.settings.appliance import HealthTable
from hil.bench.measure import (
    ASKED_MS,
    BOOT_TO_HEARING,
    MEASURES,
    RECORDS_LOST,
    SILENT_S,
    TRIAL_S,
    WATCHDOG_S,
    Measure,
    Outcome,
    OverLimit,
    Place,
    Promise,
    Run,
    Scenario,
)
from image.places import SOURCE

VIRTUAL, REAL = Place("virtual", is_emulated=True), Place("real", is_emulated=False)
SPEED = Measure("calls", "calls/s", 2000, Promise.SPEED, better="more", of_hardware=True)


def scenario(place: Place) -> Scenario:
    return Scenario("name", "what it shows", place)


@pytest.mark.parametrize(
    ("place", "measure", "value", "verdict"),
    [
        (REAL, BOOT_TO_HEARING, 40, "kept"),
        (REAL, BOOT_TO_HEARING, 40.1, "broken"),
        (VIRTUAL, BOOT_TO_HEARING, 12, "kept"),
        (VIRTUAL, BOOT_TO_HEARING, 95, "shown"),
        (VIRTUAL, RECORDS_LOST, 0, "kept"),
        (VIRTUAL, RECORDS_LOST, 1, "broken"),
        (REAL, SPEED, 2000, "kept"),
        (REAL, SPEED, 1999, "broken"),
    ],
)
def test_a_value_stands_to_its_limit(place, measure, value, verdict):
    assert scenario(place).measure(measure, value).verdict == verdict


def test_a_broken_promise_fails_the_scenario_by_name():
    one = scenario(REAL)
    one.measure(RECORDS_LOST, 0)
    one.judge()
    one.measure(RECORDS_LOST, 3)
    one.measure(BOOT_TO_HEARING, 50)
    with pytest.raises(OverLimit, match=r"records lost: 3 .* promised 0 .*; power to hearing"):
        one.judge()


def test_what_is_only_shown_fails_nothing():
    one = scenario(VIRTUAL)
    one.measure(BOOT_TO_HEARING, 500)
    one.judge()


def test_every_measure_says_what_it_is_and_has_a_name_of_its_own():
    assert all(one.says and one.unit for one in MEASURES)
    assert len({one.name for one in MEASURES}) == len(MEASURES)


def test_limits_that_rest_on_defaults_are_those():
    gate = sip_redirect.Config(peers=("192.0.2.0/24",))
    probe = e1_serial.Config(port="/dev/null")
    found = [gate.overload_ms, probe.silence_s, HealthTable().deadline_s]
    assert found == [ASKED_MS, SILENT_S, TRIAL_S]
    watchdog = (SOURCE / "systemd" / "system.conf.d" / "qalqan.conf").read_text()
    assert f"RuntimeWatchdogSec={WATCHDOG_S}s" in watchdog


def test_a_run_has_passed_if_nothing_failed_and_nothing_is_left_open():
    run = Run(VIRTUAL)
    first, second = run.scenario("a", ""), run.scenario("b", "")
    found: list[bool] = []
    outcome: Outcome
    for one, outcome in ((first, "passed"), (second, "skipped"), (second, "failed")):
        one.end(outcome, 1.0)
        found.append(run.passed)
    assert found == [False, True, False]


def test_a_scenario_keeps_what_it_is_told(tmp_path):
    one = scenario(VIRTUAL)
    one.ladder("a call", "a ──► b")
    one.chart("an hour", "<svg></svg>")
    one.attach(tmp_path / "wire.pcapng")
    one.attach(Path("log"), "all it said")
    one.note("nobody touched it")
    shown = [one.ladders[0].title, one.charts[0].title]
    assert [*shown, *(each.title for each in one.attached), *one.notes] == [
        "a call", "an hour", "wire.pcapng", "all it said", "nobody touched it",
    ]  # fmt: skip
