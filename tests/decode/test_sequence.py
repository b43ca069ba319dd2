# SPDX-License-Identifier: Apache-2.0
"""Repeats and losses by number; `test_mtp2` and `test_lapd` say what follows from them."""

import pytest

from edge.decode.sequence import MEMORY_NS, REPEAT, Sequence


@pytest.mark.parametrize("modulus", [128, 4096])
def test_consecutive_numbers_miss_nothing(modulus):
    sequence = Sequence(modulus)
    judged = [sequence.judge(n % modulus, b"%d" % n, n) for n in range(3 * modulus)]
    assert set(judged) == {0}


@pytest.mark.parametrize(
    ("after", "judged"), [(0, REPEAT), (MEMORY_NS - 1, REPEAT), (MEMORY_NS, 0)]
)
def test_a_repeat_is_the_same_number_with_the_same_octets_within_seconds(after, judged):
    sequence = Sequence(128)
    assert sequence.judge(5, b"x", 0) == 0
    assert sequence.judge(5, b"x", after) == judged


def test_the_same_number_with_other_octets_is_no_repeat():
    sequence = Sequence(128)
    sequence.judge(5, b"x", 0)
    assert sequence.judge(5, b"y", 0) == 0


def test_a_sequence_started_anew_may_know_its_first_number():
    sequence = Sequence(128)
    sequence.judge(5, b"x", 0)
    sequence.restart(0)
    assert sequence.judge(2, b"x", 0) == 2


def test_where_both_sides_are_mixed_nothing_is_missed():
    sequence = Sequence(128, mixed=True)
    assert [sequence.judge(n, b"%d" % n, 0) for n in (1, 90, 2, 91)] == [0, 0, 0, 0]
