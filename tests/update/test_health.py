# SPDX-License-Identifier: Apache-2.0
"""When a new version may stay: facts and time in, a ruling out."""

from typing import Any

import pytest
from msgspec.structs import replace

from edge.update.health import Facts, Rules, Watch, wrong
from edge.update.state import State

RULES = Rules(settle_s=60, deadline_s=600, grace=True, grace_s=300)
WELL = Facts(
    expected=("core", "uplink"), pids={"core": 10, "uplink": 11}, taps={"mirror": True},
    lists={"fraud": ""}, hub=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"config": "line 3"}, ["the configuration cannot be used: line 3"]),
        ({"disk": "Read-only file system"},
         ["the data partition takes no file: Read-only file system"]),
        ({"failed": None}, ["systemd does not answer"]),
        ({"failed": ("qalqan-migrate.service",)}, ["unit qalqan-migrate.service has failed"]),
        ({"pids": {"uplink": 11}}, ["core does not run"]),
        ({"taps": {"mirror": False, "e1": True}}, ["tap mirror does not hear"]),
        ({"lists": {"fraud": "damaged"}}, ["list fraud: damaged"]),
        ({"hub": False}, ["the hub is not reached"]),
        ({"hub": None}, []),
        ({"hub": False, "hub_before": False}, []),
        ({"pids": {}, "hub": False},
         ["core does not run", "uplink does not run", "the hub is not reached"]),
    ],
)  # fmt: skip
def test_what_is_not_well(change: dict[str, Any], said: list[str]) -> None:
    assert list(wrong(replace(WELL, **change), RULES, 300)) == said


@pytest.mark.parametrize(
    ("rules", "waited_s", "missed"),
    [
        (RULES, 299.9, True),
        (RULES, 300.0, False),
        (Rules(grace=False), 10_000.0, True),
    ],
)
def test_the_hub_is_not_missed_where_it_was_not_there_before(
    rules: Rules, waited_s: float, missed: bool
) -> None:
    away = replace(WELL, hub=False, hub_before=False)
    assert bool(list(wrong(away, rules, waited_s))) is missed


def played(*scenes: tuple[Facts, float]) -> tuple[State, float]:
    """Play scenes, each so many seconds long, look each second; return how it ended, and when."""
    watch, now_s = Watch(RULES, 0.0), 0.0
    for facts, length_s in scenes:
        until_s = now_s + length_s
        while now_s < until_s:
            ruling = watch.look(facts, now_s)
            if ruling.state is not State.PROBATION:
                return ruling.state, now_s
            now_s += 1.0
    return State.PROBATION, now_s


AWAY = replace(WELL, hub=False)
ANEW = replace(WELL, pids={"core": 99, "uplink": 11})
FAILED = replace(WELL, failed=("qalqan-migrate.service",))


@pytest.mark.parametrize(
    ("scenes", "ended"),
    [
        pytest.param([(WELL, 900)], (State.CONFIRMED, 60), id="well from the start"),
        pytest.param([(AWAY, 100), (WELL, 900)], (State.CONFIRMED, 160), id="the hub comes late"),
        pytest.param([(WELL, 59), (AWAY, 1), (WELL, 900)], (State.CONFIRMED, 120), id="a break"),
        pytest.param([(AWAY, 900)], (State.ROLLED_BACK, 600), id="the hub never comes"),
        pytest.param([(WELL, 30), (ANEW, 900)], (State.CONFIRMED, 91), id="core dies once"),
        pytest.param([(FAILED, 900)], (State.ROLLED_BACK, 60), id="a unit has failed for good"),
        pytest.param([(FAILED, 59), (WELL, 900)], (State.CONFIRMED, 119), id="it was mended"),
        pytest.param([(AWAY, 590), (WELL, 900)], (State.CONFIRMED, 650), id="just in time"),
        pytest.param([(WELL, 50), (AWAY, 1)] * 20, (State.ROLLED_BACK, 611), id="never for long"),
    ],
)
def test_how_a_probation_ends(
    scenes: list[tuple[Facts, float]], ended: tuple[State, float]
) -> None:
    assert played(*scenes) == ended


def test_a_crash_loop_is_never_confirmed() -> None:
    watch = Watch(RULES, 0.0)
    rulings = [
        watch.look(replace(WELL, pids={"core": second // 20, "uplink": 1}), float(second))
        for second in range(700)
    ]
    ended = next(ruling for ruling in rulings if ruling.state is not State.PROBATION)
    assert (ended.state, rulings[20].reasons) == (State.ROLLED_BACK, ("core was started anew",))


def test_what_is_left_is_told() -> None:
    watch = Watch(RULES, 100.0)
    assert watch.look(AWAY, 110.0).left_s == 590.0
    assert watch.look(WELL, 120.0).left_s == 60.0
    assert watch.look(WELL, 150.0).left_s == 30.0
