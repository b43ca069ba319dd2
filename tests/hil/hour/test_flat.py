# SPDX-License-Identifier: Apache-2.0
"""Flatness, judged on tables of numbers: what leaks is seen, what comes and goes is not."""

import os
from collections.abc import Callable

import pytest

from hil.hour.flat import CALL_MB, Flat, Sample, flat_of, judged, lives, rise, sample, settled

HOUR = range(0, 3600, 15)


def life(
    memory: Callable[[float], float], opened: Callable[[float], int] = lambda _: 20,
    times: range = HOUR, pid: int = 7,
) -> list[Sample]:  # fmt: skip
    return [Sample(at, "core", pid, memory(at), opened(at), 4) for at in times]


def found(samples: list[Sample]) -> Flat:
    flat = flat_of(samples)
    assert flat is not None
    return flat


@pytest.mark.parametrize(
    ("memory", "growth", "rises"),
    [
        (lambda _: 80.0, 0, 0),
        (lambda s: 80 + s / 360, 6.9, 5.0),
        (lambda s: min(40 + s, 100), 0, 0),
        (lambda s: 80 + (20 if 1800 < s < 2000 else 0), 0, 0),
        (lambda s: 80 + (s // 15) % 3, 0, 0),
        (lambda s: 80 - s / 360, -6.9, -5.0),
    ],
    ids=["flat", "leaks 10 MB an hour", "settles", "a burst", "back and forth", "shrinks"],
)
def test_memory(memory, growth, rises):
    flat = found(life(memory))
    assert flat.growth_mb == pytest.approx(growth, abs=0.3)
    assert flat.rise_mb == pytest.approx(rises, abs=0.3)


@pytest.mark.parametrize(
    ("calls", "growth"),
    [
        (lambda s: 40_000 if s > 1800 else 20_000, 0),
        (lambda s: 40_000 if 1800 < s < 2100 else 20_000, 0),
        (lambda _: 20_000, 29.3),
    ],
    ids=["a cable was out", "a flood is over", "it leaks"],
)
def test_what_calls_take_is_no_leak(calls, growth):
    """A heap that grew to the most it had to hold, and stays so."""
    step = 20_000 * CALL_MB
    whole = [
        one._replace(memory_mb=80 + (step if one.at_s > 1800 else 0), calls=calls(one.at_s))
        for one in life(lambda _: 0.0)
    ]
    assert found(whole).growth_mb == pytest.approx(growth, abs=0.3)


@pytest.mark.parametrize(
    ("opened", "more"),
    [
        (lambda _: 20, 0),
        (lambda s: 20 + (s // 15) % 5, 0),
        (lambda s: 20 + int(s // 600), 2),
        (lambda s: 40 if s < 200 else 20, 0),
        (lambda s: 18 if 600 < s < 800 else 20, 0),
        (lambda s: 21 if s > 3000 else 20, 0),
    ],
    ids=[
        "flat",
        "come and go",
        "one in ten minutes leaks",
        "while it starts",
        "a cable was out",
        "one stays for now",
    ],
)
def test_descriptors(opened, more):
    assert found(life(lambda _: 80.0, opened)).descriptors == more


def test_what_a_process_takes_while_it_begins_is_not_judged():
    hour, short = life(lambda _: 80.0), life(lambda _: 80.0, times=range(0, 90, 5))
    assert [settled(one)[0].at_s for one in (hour, short)] == [300, 30]


def test_of_a_life_that_was_too_short_nothing_is_said():
    brief, whole = life(lambda _: 80.0, times=range(0, 20, 5)), life(lambda _: 80.0, pid=8)
    assert flat_of(brief) is None
    assert [(name, pid) for name, pid, _ in judged([*brief, *whole])] == [("core", 8)]


def test_each_process_id_is_a_life_of_its_own():
    both = [*life(lambda _: 80.0, pid=7), *life(lambda _: 90.0, pid=8)]
    assert {key: len(one) for key, one in lives(both).items()} == {
        ("core", 7): len(HOUR), ("core", 8): len(HOUR),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("points", "by"),
    [([(0, 1), (10, 3)], 2), ([(0, 1), (5, 9), (10, 1)], 0), ([(5, 1)], 0), ([(5, 1), (5, 9)], 0)],
)
def test_a_line_through_points(points, by):
    assert rise(points) == pytest.approx(by)


def test_this_process_is_looked_at():
    one = sample(3.0, "me", os.getpid())
    assert one is not None
    assert (one.at_s, one.name, one.pid) == (3.0, "me", os.getpid())
    assert one.memory_mb > 1
    assert one.descriptors >= 3
    assert one.threads >= 1


def test_of_a_process_that_is_gone_nothing_is_seen():
    assert sample(0.0, "gone", 2**22 + 1) is None
