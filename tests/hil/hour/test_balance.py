# SPDX-License-Identifier: Apache-2.0
"""Balance over lives, on tables of counts: whatever no life tells of is bounded, or missing."""

import pytest

from hil.hour.balance import Balance, Count, balance


def counts(*rows: tuple[int, ...]) -> list[Count]:
    """Make counts of: process, sent, heard, lost, and 0 where its tap is away."""
    return [
        Count(pid, not up or bool(up[0]), sent, heard, lost) for pid, sent, heard, lost, *up in rows
    ]


ONE_LIFE = counts((1, 0, 0, 0), (1, 100, 90, 0), (1, 200, 195, 0), (1, 300, 300, 0))
"Counts are late while all goes on; at the end, when it is quiet, they are not."
LOSSES = counts((1, 0, 0, 0), (1, 100, 60, 30), (1, 300, 250, 50))
KILLED = counts(
    (1, 0, 0, 0), (1, 100, 90, 0), (1, 200, 190, 0), (1, 300, 290, 0), (2, 500, 10, 0),
    (2, 600, 105, 0), (2, 700, 200, 10), (2, 700, 210, 10),
)  # fmt: skip
PULLED = counts(
    (1, 0, 0, 0), (1, 100, 100, 0), (1, 110, 110, 0, 0), (1, 110, 110, 0, 0), (1, 150, 110, 0, 0),
    (1, 250, 205, 0), (1, 300, 260, 0),
)  # fmt: skip
LEAKS = counts(
    (1, 0, 0, 0), *((1, 100 * n, 90 * n, 0) for n in range(1, 9)), (2, 1000, 90, 0),
    *((2, 1000 + 100 * n, 90 + 90 * n, 0) for n in range(1, 9)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ONE_LIFE, Balance(300, 300, 0, 0, 0)),
        (LOSSES, Balance(300, 250, 50, 0, 0)),
        (KILLED, Balance(700, 500, 10, 190, 0)),
        (PULLED, Balance(300, 260, 0, 40, 0)),
        ([*ONE_LIFE, Count(1, True, 400, 399, 0)], Balance(400, 399, 0, 0, 1)),
        ([*ONE_LIFE, Count(1, True, 400, 403, 0)], Balance(400, 403, 0, 0, -3)),
        ([], Balance(0, 0, 0, 0, 0)),
    ],
    ids=["one life", "losses", "killed", "cable pulled", "one lost", "heard twice", "nothing"],
)
def test_a_balance(rows, expected):
    assert balance(rows) == expected


def test_a_kill_does_not_hide_what_leaks_all_the_time():
    found = balance(LEAKS)
    assert found.untold <= 400, "what was sent around the kill"
    assert found.missing >= 10
