# SPDX-License-Identifier: Apache-2.0
"""Silence is measured against the time that the owner says."""

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
