# SPDX-License-Identifier: Apache-2.0
"""A box at a glance, from the numbers that its processes left."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge import counters
from edge.config import parse
from edge.counting import Numbers
from edge.doctor.patient import Patient, patient_of
from edge.moment import Moments
from edge.places import places_of
from edge.seen.glance import (
    STALE_S,
    Alarm,
    Hub,
    Loaded,
    Tap,
    alarms_of,
    hub_of,
    lists_of,
    mark_of,
    taps_of,
)
from edge.seen.readings import Meter, Recorder
from edge.seen.recent import Call

TEXT = """
[node]
name = "a"
[tap.east]
driver = "memory"
[tap.west]
driver = "memory"
"""
PLAIN = Call(1.0, "intl", "sip", "c", 1, "+7", "112", "allow", "allow", "default", "", "")


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


def seen(folder: Path, numbers: Numbers) -> Patient:
    box = parse(TEXT, folder / "edge.toml")
    Recorder(places_of(box).run, Meter("core", numbers, Moments())).write()
    return patient_of(box)


def test_a_tap_with_all_that_it_lost(tmp_path: Path, numbers: Numbers) -> None:
    numbers[counters.PART_UP]["east",].value = 1
    numbers[counters.UNITS]["east",].value = 9
    numbers[counters.UNITS_LOST]["east", "ring full"].value = 2
    numbers[counters.UNITS_LOST]["east", "unread"].value = 3
    assert taps_of(seen(tmp_path, numbers)) == [
        Tap("east", True, 9, 5), Tap("west", False, 0, 0),
    ]  # fmt: skip


def test_the_hub_with_what_waits_in_all_classes(tmp_path: Path, numbers: Numbers) -> None:
    numbers[counters.HUB_CONNECTED].of().value = 1
    for name, waiting, oldest in (("block", 2, 7.0), ("call", 5, 9.0)):
        numbers[counters.OUTBOX_EVENTS][name,].value = waiting
        numbers[counters.OUTBOX_OLDEST][name,].value = oldest
    assert hub_of(seen(tmp_path, numbers)) == Hub(False, True, False, 7, 9.0)


def test_lists_and_whether_they_are_old(tmp_path: Path, numbers: Numbers) -> None:
    for name, version, age in (("fraud", 3, STALE_S + 1.0), ("city", 4, 5.0)):
        numbers[counters.LIST_VERSION][name,].value = version
        numbers[counters.LIST_ENTRIES][name,].value = 1
        numbers[counters.LIST_AGE][name,].value = age
    numbers[counters.LIST_ENTRIES]["file",].value = 8
    city, file, fraud = lists_of(seen(tmp_path, numbers))
    assert (city, file) == (Loaded("city", 4, 1, 5.0), Loaded("file", 0, 8, None))
    assert (city.is_stale, file.is_stale, fraud.is_stale) == (False, False, True)


def test_alarms_that_were_raised(tmp_path: Path, numbers: Numbers) -> None:
    numbers[counters.ALARMS]["list-stale", ""].value = 0
    numbers[counters.ALARMS]["breaker-open", "intl"].value = 2
    assert alarms_of(seen(tmp_path, numbers)) == [Alarm("breaker-open", "intl", 2)]


@pytest.mark.parametrize(
    ("action", "wanted", "fate", "mark"),
    [
        ("allow", "allow", "", ""),
        ("observe", "observe", "", ""),
        ("observe", "block", "", "would"),
        ("block", "block", "", "stopped"),
        ("divert", "divert", "diverted", "stopped"),
        ("block", "block", "leaked", "failed"),
        ("block", "block", "rerouted", "failed"),
    ],
)
def test_how_a_call_is_set_off(action: str, wanted: str, fate: str, mark: str) -> None:
    assert mark_of(replace(PLAIN, action=action, wanted=wanted, fate=fate)) == mark
