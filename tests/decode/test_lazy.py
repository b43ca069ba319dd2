# SPDX-License-Identifier: Apache-2.0
"""Worked out once, and only if asked."""

from edge.decode.lazy import Lazy


class Thing:
    def __init__(self) -> None:
        self.asked = 0

    @Lazy
    def answer(self) -> list[int]:
        """The answer."""
        self.asked += 1
        return [42]


def test_it_is_worked_out_once_and_not_before_it_is_asked() -> None:
    thing, other = Thing(), Thing()
    assert thing.asked == 0
    assert thing.answer is thing.answer
    assert (thing.answer, thing.asked, other.asked) == ([42], 1, 0)
