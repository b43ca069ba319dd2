# SPDX-License-Identifier: Apache-2.0
"""What makes a campaign, and what does not."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from edge.detect.score import BY_CODE, NOTHING, RULES, between, lower, score
from edge.detect.sketch import mixed
from edge.detect.stats import NS, Kind, Stats

THRESHOLD = 0.8


def stats(
    kind: Kind = Kind.SOURCE, *, callers: int = 40, callees: int = 40, **counts: int
) -> Stats:
    """Return counts of forty calls: of an honest caller, but for what is given."""
    some = Stats(kind, "x", 0, 0)
    given_ = {"attempts": 40, "ended": 40, "answered": 22, "short": 2, "abandoned": 12}
    for name, value in (given_ | counts).items():
        setattr(some, name, value)
    some.talk_ns, some.talk_square = some.answered * 90 * NS, some.answered * 2 * 90.0**2
    some.rung_ns = some.abandoned * 25 * NS
    for number in range(callers):
        some.callers.add(mixed(number, 1))
    for number in range(callees):
        some.callees.add(mixed(number, 2))
    return some


def codes(some: Stats, **more: bool) -> set[str]:
    return {reason.code for reason in score(some, **more).reasons}


FRAUD: Any = {"short": 14, "abandoned": 16}


def test_many_numbers_one_device_and_people_who_hang_up() -> None:
    found = score(stats(**FRAUD))
    assert found.value >= THRESHOLD
    assert {"rotation", "fan-out", "short"} <= {reason.code for reason in found.reasons}


@pytest.mark.parametrize(
    "some",
    [
        stats(),
        stats(callers=2, **FRAUD, answered=60),
        stats(callers=2),
        stats(ended=8, attempts=8, answered=4, short=4, abandoned=4, callers=8, callees=8),
        stats(callers=1, callees=5, **FRAUD),
        stats(short=14, live=60),
    ],
    ids=["people", "few hang up", "few numbers", "few calls", "the same people", "most are up"],
)
def test_no_campaign(some: Stats) -> None:
    assert score(some).value < THRESHOLD


def test_one_kind_of_reason_is_none() -> None:
    assert score(stats(callers=2, callees=3, short=22)).value == 0.0
    assert score(stats()).value == 0.0


def test_one_ring_and_sequence() -> None:
    ring = stats(answered=1, short=1, abandoned=39)
    ring.rung_ns = 39 * 2 * NS
    assert {"one-ring", "abandoned"} <= codes(ring)
    assert score(ring).value >= THRESHOLD
    assert score(stats(Kind.RANGE, **FRAUD)).value == 0.0
    ring.kind = Kind.RANGE
    assert score(ring).value >= THRESHOLD
    steps = stats(callers=1, stepped=30, **FRAUD)
    assert "sequential" in codes(steps)
    assert score(steps).value >= THRESHOLD


def test_a_recording_makes_calls_alike() -> None:
    alike = stats(callers=1, short=6, abandoned=10)
    alike.talk_ns, alike.talk_square = 22 * 24 * NS, 22 * 24.0**2
    assert "uniform" in codes(alike)
    alike.live = 23
    assert "uniform" not in codes(alike), "those that end first are alike"


def test_a_relay_with_people_behind_it_is_none() -> None:
    assert score(stats(callees=34, **FRAUD), is_relay=True) is NOTHING
    assert score(stats(callees=40, attempts=40, **FRAUD), is_relay=True).value > 0.5


def test_a_known_device_weighs() -> None:
    some = stats(callers=5, short=10)
    with_it, without = score(some, is_known=True), score(some)
    assert with_it.value > without.value


def test_every_reason_has_a_sentence_with_its_values() -> None:
    some = stats(stepped=30, national=30, **FRAUD)
    some.countries = ("GB", "FR", "US")
    for reason in score(some, is_known=True).reasons:
        text = reason.text()
        assert "{" not in text
        assert text.endswith(".")
    assert len(BY_CODE) == len(RULES)
    assert all(0 < rule.weight < 1 for rule in RULES)


counts = st.integers(0, 300)


@given(st.tuples(*[counts] * 5), st.booleans(), st.sampled_from(Kind))
def test_any_counts_have_a_score(counted, is_relay, kind) -> None:
    ended, answered, short, abandoned, callees = counted
    answered = min(answered, ended)
    some = stats(
        kind, attempts=ended + 1, ended=ended, answered=answered, short=min(short, answered),
        abandoned=min(abandoned, ended - answered), callees=min(callees, ended + 1),
    )  # fmt: skip
    assert 0 <= score(some, is_relay=is_relay).value < 1


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_lower_end_lies_below_the_share(part: int, whole: int) -> None:
    part = min(part, whole)
    assert 0 <= lower(part, whole) <= part / whole + 1e-9
    assert lower(part, whole) <= lower(10 * part, 10 * whole) + 1e-9
    assert lower(1, 0) == 0.0


def test_between() -> None:
    assert [between(value, 2, 4) for value in (1, 2, 3, 4, 5)] == [0, 0, 0.5, 1, 1]
