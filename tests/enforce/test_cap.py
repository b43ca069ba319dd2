# SPDX-License-Identifier: Apache-2.0
"""No minute, wherever it begins, sees more orders than a trunk allows."""

from itertools import accumulate

import pytest
from hypothesis import given, strategies as st

from edge.enforce.cap import MINUTE_NS, NS, Cap


@pytest.mark.parametrize(
    ("seconds", "passed"),
    [
        ([0, 1, 2], [True, True, False]),
        ([0, 1, 59], [True, True, False]),
        ([0, 1, 60, 60], [True, True, True, False]),
        ([0, 1, 60, 61], [True, True, True, True]),
        ([0, 0, 0, 59, 61], [True, True, False, False, True]),
        ([100, 100, 40], [True, True, True]),  # the clock was set back: no minute lasts for ever
    ],
)
def test_two_a_minute(seconds: list[int], passed: list[bool]) -> None:
    cap = Cap(2)
    assert [cap.take(second * NS) for second in seconds] == passed
    assert cap.held == passed.count(False)


@given(st.integers(1, 5), st.lists(st.integers(0, MINUTE_NS), max_size=60))
def test_no_minute_sees_more(most: int, gaps: list[int]) -> None:
    cap, times = Cap(most), list(accumulate(gaps))
    passed = [time for time in times if cap.take(time)]
    for start in passed:
        assert sum(start <= time < start + MINUTE_NS for time in passed) <= most
    assert len(cap._passed) <= most
    assert len(passed) + cap.held == len(times)


def test_what_is_held_does_not_count() -> None:
    """A flood of orders must not keep the trunk from its share of the next minute."""
    cap = Cap(1)
    assert cap.take(0)
    assert not any(cap.take(second * NS) for second in range(1, 60))
    assert cap.take(60 * NS)
