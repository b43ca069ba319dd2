# SPDX-License-Identifier: Apache-2.0
"""Memory is bounded, what is dear stays, and what falls out is told."""

from concurrent.futures import Future

import pytest

from edge.report.event import Class, Moment
from edge.report.outbox.outbox import Kept, OutboxFull
from edge.report.outbox.ring import Item, Lost, Ring, settle


def item(cls: Class, number: int, size: int = 10) -> Item:
    return Item(cls, Moment(1000 + number, number, "b"), b"x" * size)


def test_the_dearest_are_taken_first_each_class_in_its_order():
    ring = Ring(10, 1000)
    for number, cls in enumerate([Class.CALL, Class.DEBUG, Class.AUDIT, Class.CALL]):
        assert ring.put(item(cls, number)) == []
    assert [one.moment.mono for one in ring.take(3, 1000)] == [2, 0, 3]
    assert len(ring) == 1


def test_one_at_least_is_taken():
    ring = Ring(10, 1000)
    for number in range(3):
        ring.put(item(Class.CALL, number, 100))
    assert len(ring.take(10, 1)) == 1
    assert len(ring.take(10, 200)) == 2
    assert ring.take(10, 200) == []


def test_audit_records_can_be_left_where_they_are():
    ring = Ring(10, 1000)
    ring.put(item(Class.AUDIT, 1))
    ring.put(item(Class.DEBUG, 2))
    assert [one.cls for one in ring.take(10, 1000, audit=False)] == [Class.DEBUG]
    assert len(ring) == 1


@pytest.mark.parametrize("bounds", [(4, 1000), (100, 49)])
def test_when_it_is_full_the_least_dear_goes_the_oldest_first(bounds):
    ring = Ring(*bounds)
    for number in range(4):
        ring.put(item(Class.CALL if number % 2 else Class.DEBUG, number))
    assert [one.moment.mono for one in ring.put(item(Class.BLOCK, 4))] == [0]
    assert [one.moment.mono for one in ring.put(item(Class.DEBUG, 5))] == [2]
    assert [one.moment.mono for one in ring.put(item(Class.DEBUG, 6))] == [5]
    assert [one.moment.mono for one in ring.put(item(Class.AUDIT, 7))] == [6]
    assert [one.moment.mono for one in ring.put(item(Class.AUDIT, 8))] == [1]
    assert ring.lost[Class.DEBUG] == Lost(4, 1000, Moment(1006, 6, "b"))
    assert ring.lost[Class.CALL].n == 1
    assert len(ring) == 4


def test_what_is_given_back_comes_first_again():
    ring = Ring(3, 1000)
    for number in range(3):
        ring.put(item(Class.CALL, number))
    taken = ring.take(2, 1000)
    ring.put(item(Class.CALL, 3))
    assert [one.moment.mono for one in ring.give_back(taken)] == [0]
    assert [one.moment.mono for one in ring.take(10, 1000)] == [1, 2, 3]


def test_losses_are_told_together_in_whatever_order_they_come():
    ring = Ring(3, 1000)
    ring.lose(Class.CALL, Lost(2, 50, Moment(60, 6, "b")))
    ring.lose(Class.CALL, Lost(1, 40, Moment(45, 5, "b")))
    assert ring.lost == {Class.CALL: Lost(3, 40, Moment(60, 6, "b"))}


def test_who_waits_is_told():
    futures: list[Future[Kept]] = [Future() for _ in range(3)]
    items = [item(Class.CALL, 1)._replace(future=future) for future in futures]
    futures[2].cancel()
    settle(items[0], Kept("a", 1))
    settle(items[1], OutboxFull("no"))
    settle(items[2], Kept("a", 2))
    settle(item(Class.CALL, 1), Kept("a", 3))
    assert futures[0].result() == Kept("a", 1)
    assert isinstance(futures[1].exception(), OutboxFull)
    assert futures[2].cancelled()
