# SPDX-License-Identifier: Apache-2.0
"""A rollout goes on when enough is confirmed, and halts when too much is not."""

import pytest

from hil.hub.rollout_plan import Box, Decision, Terms, decide


def boxes(*groups: str) -> list[Box]:
    """Return appliances: confirmed, failed, rolled (`b`) back, withdrawn, `.` under way."""
    said = {
        "c": ("confirmed", ""), "f": ("failed", "wrong-key"), "b": ("rolled_back", "taps"),
        "w": ("failed", "withdrawn"), ".": ("downloading", ""), "-": ("", ""),
    }  # fmt: skip
    return [Box(at, *said[one]) for at, group in enumerate(groups) for one in group]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (("---", "-----"), Decision(1)),
        (("cc.", "-----"), Decision(1)),
        (("ccc", "-----"), Decision(2)),
        (("ccc", "cccc."), Decision(2)),
        (("ccc", "ccccc"), Decision(2, done=True)),
        (("c", "cccccccccf"), Decision(2, "group 2: 1 of 10 failed")),
        (("c", "ccccccccccf"), Decision(2, "group 2: only 10 of 11 are confirmed")),
        (("c", ".........f."), Decision(2)),
        (("b..", "-----"), Decision(1, "group 1: 1 of 3 failed")),
        (("w..", "-----"), Decision(1)),
        (("c", "c", "-"), Decision(3)),
    ],
)
def test_all_of_a_group_must_be_confirmed_where_nothing_else_is_said(
    groups: tuple[str, ...], expected: Decision
) -> None:
    assert decide(boxes(*groups), Terms(len(groups))) == expected


@pytest.mark.parametrize(
    ("group", "success", "error", "expected"),
    [
        ("ccccccccff", 0.8, 0.3, Decision(2)),
        ("cccccccfff", 0.8, 0.3, Decision(1, "group 1: 3 of 10 failed")),
        ("cccccccff.", 0.8, 0.3, Decision(1)),
        ("cccccccff.", 0.7, 0.3, Decision(2)),
        ("ccccccccc.", 0.9, 0.0, Decision(2)),
        ("ccccccccf.", 0.5, 0.0, Decision(1, "group 1: 1 of 10 failed")),
        ("fffffffff.", 0.1, 1.0, Decision(1)),
    ],
)
def test_what_is_enough_and_what_is_too_much_is_said(
    group: str, success: float, error: float, expected: Decision
) -> None:
    assert decide(boxes(group, "-"), Terms(2, success, error)) == expected


def test_failures_that_were_forgiven_count_no_more() -> None:
    terms = Terms(2, 1.0, 0.1, forgiven=(2, 0))
    assert decide(boxes("ccff", "---"), terms) == Decision(2)
    assert decide(boxes("cfff", "---"), terms).halt == "group 1: 1 of 4 failed"
    assert decide(boxes("ccff", "ccc"), terms) == Decision(2, done=True)
