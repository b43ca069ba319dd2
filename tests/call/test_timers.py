# SPDX-License-Identifier: Apache-2.0
"""Silence is measured against the time that the owner says."""

from collections import OrderedDict

from hypothesis import given, strategies as st

from edge.call.timers import NEVER, IdleLine, Silent


class One(Silent):
    """Stands in a line under a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def names(ones: list[One]) -> str:
    return "".join(one.name for one in ones)


def test_expires_exactly_when_the_patience_is_used_up() -> None:
    line: IdleLine[One] = IdleLine(10)
    a, b = One("a"), One("b")
    line.touch(a, 0)
    line.touch(b, 5)
    line.touch(a, 6)
    assert line.next_due() == 15
    assert names(line.expire(14)) == ""
    assert names(line.expire(16)) == "ba"
    assert (len(line), line.next_due()) == (0, NEVER)


def test_oldest_goes_first_and_a_dropped_one_never() -> None:
    line: IdleLine[One] = IdleLine(10)
    a, b, c = map(One, "abc")
    for at, one in enumerate((a, b, c)):
        line.touch(one, at)
    line.drop(a)
    line.drop(a)
    line.drop(One("stands in none"))
    assert [line.pop_oldest() for _ in range(3)] == [b, c, None]


def test_who_left_one_line_stands_in_another() -> None:
    setup: IdleLine[One] = IdleLine(10)
    talk: IdleLine[One] = IdleLine(20)
    a, b = One("a"), One("b")
    for one in (a, b):
        setup.touch(one, 0)
    setup.drop(a)
    talk.touch(a, 1)
    assert (len(setup), len(talk)) == (1, 1)
    assert (names(setup.expire(30)), names(talk.expire(30))) == ("b", "a")


WORDS = st.lists(
    st.tuples(st.sampled_from(("touch", "touch", "drop", "pop", "expire")), st.integers(0, 40)),
    max_size=300,
)


@given(WORDS, st.integers(1, 100))
def test_it_is_a_line_in_the_order_of_hearing(words: list[tuple[str, int]], patience: int) -> None:
    """Beside the plain way to keep such a line."""
    line: IdleLine[One] = IdleLine(patience)
    plain: OrderedDict[One, int] = OrderedDict()
    ones = [One(str(number)) for number in range(41)]
    for now, (word, number) in enumerate(words):
        one = ones[number]
        if word == "touch":
            line.touch(one, now)
            plain[one] = now
            plain.move_to_end(one)
        elif word == "drop":
            line.drop(one)
            plain.pop(one, None)
        elif word == "pop":
            assert line.pop_oldest() is (plain.popitem(last=False)[0] if plain else None)
        else:
            due = [one for one, heard in plain.items() if heard + patience <= now]
            assert line.expire(now) == due
            for gone in due:
                del plain[gone]
        assert len(line) == len(plain)
        assert line.next_due() == next((h + patience for h in plain.values()), NEVER)
