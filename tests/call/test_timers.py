# SPDX-License-Identifier: Apache-2.0
"""Silence is measured against the time that the owner says."""

from collections import OrderedDict
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from edge.call.timers import NEVER, IdleQueue


def test_expires_exactly_when_the_patience_is_used_up() -> None:
    queue: IdleQueue[str] = IdleQueue(10)
    queue.touch("a", 0)
    queue.touch("b", 5)
    queue.touch("a", 6)
    assert queue.next_due() == 15
    assert queue.expire(14) == []
    assert queue.expire(16) == ["b", "a"]
    assert (len(queue), queue.next_due()) == (0, NEVER)


def test_oldest_goes_first_and_a_dropped_key_never() -> None:
    queue: IdleQueue[str] = IdleQueue(10)
    for at, key in enumerate("abc"):
        queue.touch(key, at)
    queue.drop("a")
    queue.drop("unknown")
    assert [queue.pop_oldest() for _ in range(3)] == ["b", "c", None]


WORDS = st.lists(
    st.tuples(
        st.sampled_from(("touch", "touch", "drop", "pop", "expire", "compact")), st.integers(0, 400)
    ),
    max_size=1200,
)


@pytest.fixture(scope="module", autouse=True)
def _every_table_is_copied() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.call.compact.LEAST", 0)
        yield


@given(WORDS, st.integers(1, 500))
def test_it_is_a_line_in_the_order_of_hearing(words: list[tuple[str, int]], patience: int) -> None:
    """Beside the plain way to keep such a line, over more keys than are looked at at once."""
    queue: IdleQueue[int] = IdleQueue(patience)
    line: OrderedDict[int, int] = OrderedDict()
    for key in range(300):
        queue.touch(key, 0)
        line[key] = 0
    for now, (word, key) in enumerate(words, 1):
        if word == "touch":
            queue.touch(key, now)
            line[key] = now
            line.move_to_end(key)
        elif word == "drop":
            queue.drop(key)
            line.pop(key, None)
        elif word == "pop":
            assert queue.pop_oldest() == (line.popitem(last=False)[0] if line else None)
        elif word == "compact":
            queue.compact()
        else:
            due = [one for one, heard in line.items() if heard + patience <= now]
            assert queue.expire(now) == due
            for one in due:
                del line[one]
        assert len(queue) == len(line)
        assert queue.next_due() == next((h + patience for h in line.values()), NEVER)
