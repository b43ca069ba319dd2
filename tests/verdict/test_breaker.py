# SPDX-License-Identifier: Apache-2.0
"""The breaker by its arithmetic; time is an argument."""

import pytest
from hypothesis import given, strategies as st

from edge.errors import ConfigError
from edge.verdict.breaker import SECOND_NS, SLOTS, BlockRate, Limits, Trip

LIMITS = Limits(window_ns=12 * SECOND_NS, most=10, share=0.5, floor=4, hold_ns=60 * SECOND_NS)


def stop(rate: BlockRate, second: float, calls: int = 1) -> Trip | None:
    """Count some calls, the last of which is to be stopped."""
    for _ in range(calls):
        rate.call(int(second * SECOND_NS))
    return rate.stop(int(second * SECOND_NS))


def test_a_share_too_great_opens_it_once_the_floor_is_passed():
    rate = BlockRate(LIMITS)
    assert [stop(rate, 100) for _ in range(4)] == [None] * 4
    assert stop(rate, 100) == Trip(calls=5, stopped=5, until_ns=160 * SECOND_NS)


def test_too_many_open_it_whatever_their_share():
    rate = BlockRate(LIMITS)
    assert [stop(rate, 100, calls=50) for _ in range(10)] == [None] * 10
    assert stop(rate, 100, calls=50) == Trip(calls=550, stopped=11, until_ns=160 * SECOND_NS)


def test_half_the_calls_are_not_more_than_half():
    rate = BlockRate(LIMITS)
    assert [stop(rate, 100, calls=2) for _ in range(10)] == [None] * 10


def test_what_left_the_window_is_forgotten():
    rate = BlockRate(LIMITS)
    for second in range(100, 160, 3):  # four stops in any twelve seconds
        assert stop(rate, second) is None


def test_it_holds_and_then_starts_afresh():
    rate = BlockRate(LIMITS)
    trips = [stop(rate, 100) for _ in range(5)]
    assert trips[-1]
    assert rate.is_open(100 * SECOND_NS)
    assert rate.is_open(160 * SECOND_NS - 1)
    assert not rate.is_open(160 * SECOND_NS)
    assert [stop(rate, 160) for _ in range(4)] == [None] * 4


def test_a_clock_that_steps_back_neither_holds_it_open_nor_keeps_the_window():
    rate = BlockRate(LIMITS)
    assert [bool(stop(rate, 10_000)) for _ in range(5)][-1]
    assert not rate.is_open(100 * SECOND_NS)
    for second in range(100, 130, 3):
        assert stop(rate, second) is None


def test_a_call_a_little_out_of_order_counts():
    rate = BlockRate(LIMITS)
    trips = [stop(rate, second) for second in (100, 102, 99, 101, 100)]
    assert trips[:4] == [None] * 4
    assert trips[4] == Trip(5, 5, 160 * SECOND_NS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window_ns", 0), ("window_ns", 3601 * SECOND_NS), ("most", 0), ("most", 10**9),
        ("share", 1.0), ("share", -0.1), ("floor", -1), ("floor", 10**9), ("hold_ns", 0),
        ("hold_ns", 10**15), ("share", float("nan")),
    ],
)  # fmt: skip
def test_no_value_is_a_switch(field, value):
    with pytest.raises(ConfigError, match=field):
        Limits(**{field: value})


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.booleans()), max_size=200),
    st.integers(1, 10),
    st.integers(0, 5),
)
def test_it_never_lets_more_through_than_it_says(heard, most, floor):
    """Any stops within one window that were let through number no more than `most`."""
    limits = Limits(window_ns=12 * SECOND_NS, most=most, floor=floor, hold_ns=60 * SECOND_NS)
    rate = BlockRate(limits)
    slots_let: list[int] = []
    for second, wanted in sorted(heard):
        now_ns = second * SECOND_NS
        rate.call(now_ns)
        if wanted and not rate.is_open(now_ns) and rate.stop(now_ns) is None:
            slots_let.append(second)
    for first in slots_let:
        assert sum(first <= second < first + SLOTS for second in slots_let) <= most
    assert len(rate._calls) == len(rate._stopped) == SLOTS
