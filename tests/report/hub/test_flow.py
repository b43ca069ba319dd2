# SPDX-License-Identifier: Apache-2.0
"""A stream is read once, in order, without what the hub has; a hole is always told."""

from hypothesis import given, strategies as st

from edge.report.event import Class
from edge.report.hub.flow import Flow
from edge.report.outbox.stored import Stored
from tests.report.shelf import Shelf

MANY, MOST = 1 << 20, 1000


def flow(shelf: Shelf) -> Flow:
    (info,) = shelf.streams()
    return Flow(info, shelf)


def seqs(rows: tuple[Stored, ...]) -> list[int]:
    return [row.seq for row in rows]


def shelf(count: int) -> Shelf:
    made = Shelf([Class.CALL])
    made.put(Class.CALL, count)
    return made


def everything(read: Flow, octets: int = MANY, rows: int = MOST) -> list[int]:
    found: list[int] = []
    while taken := read.take(octets, rows):
        found += seqs(taken)
    return found


def test_all_is_read_once_in_order() -> None:
    read = flow(shelf(50))
    assert everything(read, octets=500, rows=7) == list(range(1, 51))
    assert read.take(MANY, MOST) == ()
    assert read.dry


def test_a_batch_is_bounded_by_octets_and_rows_and_holds_any_event() -> None:
    read = flow(shelf(10))
    one = len(read.take(MANY, 1)[0].body)
    assert len(read.take(MANY, 3)) == 3
    assert len(read.take(2 * one, MOST)) == 2
    assert len(read.take(1, MOST)) == 1


def test_it_is_not_read_while_it_is_dry_and_goes_on_when_there_is_more() -> None:
    kept = shelf(3)
    read = flow(kept)
    assert everything(read) == [1, 2, 3]
    reads = kept.reads
    assert read.take(MANY, MOST) == ()
    read.seen(kept.streams()[0])
    assert read.take(MANY, MOST) == ()
    assert kept.reads == reads, "its number says that there is nothing"
    kept.put(Class.CALL)
    read.seen(kept.streams()[0])
    assert everything(read) == [4]


def test_what_the_hub_has_is_passed_over() -> None:
    read = flow(shelf(20))
    assert read.acked(4, [(8, 10), (15, 15)])
    assert everything(read) == [5, 6, 7, 11, 12, 13, 14, 16, 17, 18, 19, 20]


def test_an_old_word_of_the_hub_is_still_true() -> None:
    read = flow(shelf(20))
    read.acked(10, [(15, 16)])
    assert not read.acked(3, [(18, 18)])
    assert read.through == 10
    assert everything(read) == [11, 12, 13, 14, 17, 19, 20]


def test_a_range_backwards_is_none() -> None:
    read = flow(shelf(6))
    read.acked(0, [(5, 2), (3, 3)])
    assert everything(read) == [1, 2, 4, 5, 6]


def test_a_gap_record_is_told_although_the_hub_has_its_number() -> None:
    kept = shelf(10)
    kept.drop(Class.CALL, 6)  # 1..6 are told by the record at 6
    read = flow(kept)
    read.acked(0, [(5, 8)])  # the hub had 5..8, before the rows went
    assert everything(read) == [6, 9, 10]


def test_what_stands_behind_a_hole_is_told_whatever_it_is() -> None:
    kept = shelf(10)
    del kept.rows[Class.CALL][1], kept.rows[Class.CALL][2]
    read = flow(kept)
    read.acked(0, [(3, 5)])
    assert everything(read) == [3, 6, 7, 8, 9, 10]


def test_rows_that_are_given_back_come_first() -> None:
    read = flow(shelf(9))
    first, second = read.take(MANY, 3), read.take(MANY, 3)
    assert read.lowest() == 7
    read.give_back(second)
    read.give_back(first)
    assert read.lowest() == 1
    read.acked(2, [])
    assert read.lowest() == 3
    assert everything(read, rows=4) == [3, 4, 5, 6, 7, 8, 9]


def test_a_new_connection_begins_where_the_hub_is() -> None:
    read = flow(shelf(9))
    everything(read)
    read.acked(4, [(6, 7)])
    read.forget()
    assert everything(read) == [5, 6, 7, 8, 9], "what it had beyond a hole it must say again"
    read.restart()
    read.acked(4, [(6, 7)])
    assert everything(read) == [5, 8, 9]


def test_it_looks_again_below_a_number_for_what_the_hub_misses() -> None:
    kept = shelf(12)
    read = flow(kept)
    everything(read)
    read.acked(2, [(5, 12)])
    assert read.look_below(13, MANY, MOST)
    assert everything(read) == [3, 4]
    kept.let_go(Class.CALL, 4)
    assert not read.look_below(5, MANY, MOST)


RANGES = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda r: (r[0], sum(r))))


@given(st.integers(0, 60), RANGES, RANGES, st.integers(1, 9))
def test_no_row_is_skipped_that_the_hub_has_not_named(
    through: int, early: list[tuple[int, int]], late: list[tuple[int, int]], rows: int
) -> None:
    read = flow(shelf(60))
    found: list[int] = []
    read.acked(0, early)
    for _ in range(2):
        found += seqs(read.take(MANY, rows))
    read.acked(through, late)
    found += everything(read, rows=rows)
    named = {seq for low, high in (*early, *late) for seq in range(low, high + 1)}
    missed = set(range(1, 61)) - set(found)
    assert missed <= named | set(range(1, through + 1))
    assert len(found) == len(set(found))
    assert found == sorted(found)
