# SPDX-License-Identifier: Apache-2.0
"""A table through which many calls went takes no more room than those that are left."""

import sys

import pytest

from edge.call.compact import LEAST, compacted


@pytest.mark.parametrize("left", [60_000, 90_000, 120_000])
def test_a_table_of_calls_that_come_and_go_is_half_as_large(left: int) -> None:
    table: dict[int, int] = {}
    largest = 0
    for number in range(4 * left):
        table[number] = -number
        if len(table) > left:
            del table[number - left]
        largest = max(largest, sys.getsizeof(table))
    kept = compacted(table)
    assert list(kept.items()) == list(table.items())
    assert sys.getsizeof(kept) <= 0.51 * largest


def test_what_an_empty_table_took_is_given_back_and_a_small_one_stays_as_it_is() -> None:
    table = dict.fromkeys(range(20_000))
    assert sys.getsizeof(table) > LEAST
    for number in range(20_000):
        del table[number]
    assert sys.getsizeof(table) > LEAST
    kept = compacted(table)
    assert (kept, sys.getsizeof(kept)) == ({}, sys.getsizeof({}))
    assert compacted(kept) is kept
