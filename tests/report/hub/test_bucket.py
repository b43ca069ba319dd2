# SPDX-License-Identifier: Apache-2.0
"""Over any time no more goes through than the rate, a second's worth and one batch."""

import pytest
from hypothesis import given, strategies as st

from edge.report.hub.bucket import Bucket

WAITS = st.lists(st.floats(0, 5), min_size=1, max_size=30)


@given(st.integers(1, 10_000), st.integers(10, 1000), WAITS)
def test_the_rate_holds_over_any_time(kbit: int, share: int, waits: list[float]) -> None:
    bucket = Bucket(kbit)
    batch = kbit * share
    now_s, sent = 0.0, [(0.0, 0)]
    for wait_s in waits:
        now_s += wait_s
        while bucket.has(now_s):
            bucket.pay(batch, now_s)
            sent.append((now_s, batch))
    rate = kbit * 125
    for first, (begin_s, _) in enumerate(sent):
        octets = 0
        for end_s, more in sent[first:]:
            octets += more
            assert octets <= rate * (end_s - begin_s) + rate + batch + 1


@given(st.integers(1, 10_000), st.integers(1, 10_000_000), st.floats(0, 1e7))
def test_it_says_when_it_is_ready_and_is_ready_then(kbit: int, octets: int, now_s: float) -> None:
    bucket = Bucket(kbit)
    bucket.pay(octets, now_s)
    ready_s = bucket.ready_s(now_s)
    assert ready_s >= now_s
    assert bucket.has(ready_s + 1e-6)


def test_without_a_rate_everything_goes_through() -> None:
    bucket = Bucket(0)
    for now_s in range(3):
        bucket.pay(10**12, now_s)
        assert bucket.has(now_s)
        assert bucket.ready_s(now_s) == now_s


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Bucket(8)
    bucket.pay(3000, 100.0)
    assert not bucket.has(50.0)
    assert not bucket.has(101.9)
    assert bucket.has(102.1)


@pytest.mark.parametrize("idle_s", [1.0, 1e9])
def test_idle_time_is_saved_for_one_second_only(idle_s: float) -> None:
    bucket = Bucket(8)
    sent = 0
    while bucket.has(idle_s):
        bucket.pay(100, idle_s)
        sent += 100
    assert sent == 1000
