# SPDX-License-Identifier: Apache-2.0
"""Different things are counted: exactly when few, and near enough when many."""

import pytest
from hypothesis import given, strategies as st

from edge.detect.sketch import EXACT, REGISTERS, Distinct, mixed


def counted(numbers) -> int:
    some = Distinct()
    for number in numbers:
        some.add(mixed(number, 42))
    return len(some)


@given(st.lists(st.integers(0, 2**63), max_size=EXACT))
def test_few_are_counted_exactly(numbers: list[int]) -> None:
    assert counted(numbers) == len(set(numbers))


@pytest.mark.parametrize("many", [25, 100, 1000, 30_000, 300_000])
def test_many_are_counted_within_a_tenth(many: int) -> None:
    first = 77_172_900_000
    assert counted(range(first, first + many)) == pytest.approx(many, rel=0.1)


def test_the_error_is_what_is_said() -> None:
    errors = []
    for secret in range(200):
        some = Distinct()
        for number in range(2000):
            some.add(mixed(number, secret * 7919))
        errors.append(len(some) / 2000 - 1)
    mean = sum(errors) / len(errors)
    deviation = (sum((error - mean) ** 2 for error in errors) / len(errors)) ** 0.5
    assert abs(mean) < 0.01
    assert deviation < 0.035  # 2.6 % in theory


@given(st.lists(st.integers(0, 5000), max_size=400))
def test_it_never_shrinks_and_repeats_add_nothing(numbers: list[int]) -> None:
    some, before = Distinct(), 0
    for number in numbers:
        some.add(mixed(number, 1))
        assert len(some) >= before
        before = len(some)
        some.add(mixed(number, 1))
        assert len(some) == before


def test_memory_is_bounded() -> None:
    some = Distinct()
    for number in range(100_000):
        some.add(mixed(number, 3))
    assert some._registers is not None
    assert (len(some._registers), len(some._few)) == (REGISTERS, 0)


def test_a_secret_decides_what_falls_together() -> None:
    assert mixed(77172000001, 1) != mixed(77172000001, 2)
    assert len({mixed(number, 5) for number in range(10_000)}) == 10_000
