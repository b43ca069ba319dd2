# SPDX-License-Identifier: Apache-2.0
"""Worked out once, and only if asked; in C as in Python."""

import pytest

from edge.decode.lazy import InPython, Lazy


@pytest.mark.parametrize("kind", [Lazy, InPython])
def test_it_is_worked_out_once_and_not_before_it_is_asked(kind: type[InPython[list[int]]]) -> None:
    class Thing:
        def __init__(self) -> None:
            self.asked = 0

        @kind
        def answer(self) -> list[int]:
            """The answer."""
            self.asked += 1
            return [42]

    thing, other = Thing(), Thing()
    assert thing.asked == 0
    assert thing.answer is thing.answer
    assert (thing.answer, thing.asked, other.asked) == ([42], 1, 0)


@pytest.mark.parametrize("kind", [Lazy, InPython])
def test_what_cannot_be_worked_out_is_asked_again(kind: type[InPython[int]]) -> None:
    class Thing:
        @kind
        def half(self) -> int:
            """The half of nothing."""
            return 1 // 0

    thing = Thing()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            thing.half  # noqa: B018 - asked, and nothing else
