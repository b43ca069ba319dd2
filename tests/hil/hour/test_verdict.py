# SPDX-License-Identifier: Apache-2.0
"""What is said of the hour at its end: sums in words, from where counting began."""

import pytest

from hil.hour.balance import Balance, Count, balance
from hil.hour.flat import Flat
from hil.hour.verdict import flatness, from_zero, in_words

BEFORE = [
    Count(1, is_up=True, sent=30, heard=10, lost=0),
    Count(1, is_up=True, sent=80, heard=60, lost=0),
    Count(2, is_up=True, sent=90, heard=5, lost=5),
]


def test_what_was_heard_before_the_hour_is_no_part_of_it():
    found = [(one.pid, one.sent, one.heard, one.lost) for one in from_zero(BEFORE)]
    assert found == [(1, 0, 0, 0), (1, 50, 50, 0), (2, 60, 5, 5)]
    assert balance(from_zero(BEFORE)) == Balance(60, 55, 5, 0, 0)
    assert from_zero([]) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Balance(10, 9, 1, 0, 0), ("10 frames sent", "9 heard", "1 counted as lost", "0 missing")),
        (Balance(10, 11, 0, 0, -1), ("11 heard", "-1 missing")),
    ],
)
def test_a_balance_in_words(found, words):
    assert all(word in in_words(found) for word in words)


def test_each_life_has_a_line():
    lines = list(flatness([("core", 7, Flat(1.25, -0.5, 0, 1))]))
    assert lines == ["core 7: memory grew +1.2 MB, rose -0.5 MB; files +0, threads +1"]
