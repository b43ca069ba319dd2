# SPDX-License-Identifier: Apache-2.0
"""Rows and their book change together or not at all; a book that lies is damage."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import CLASSES, Class, Moment
from edge.report.outbox.database import Damaged, connect, open_durable
from edge.report.outbox.quota import plan
from edge.report.outbox.streams import Streams, on
from tests.report.kept import ROOMY, held, row

LAST = Moment(9, 9, "b")


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "outbox.db"


@pytest.fixture
def link(path):
    with closing(open_durable(path, plan(ROOMY), connect)) as made:
        yield made


def add(streams, cls, *numbers):
    with streams.transaction():
        return streams.add(cls, [row(cls, number)[1:] for number in numbers])


def test_a_transaction_that_fails_leaves_nothing(path, link):
    streams = Streams(link)
    assert streams.new
    assert add(streams, Class.CALL, 1, 2) == 1
    before = streams[Class.CALL]

    def fail() -> None:
        with streams.transaction():
            streams.add(Class.CALL, [(1, b"{}")])
            streams.lose(Class.CALL, 1, 1, LAST, "quota")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert streams[Class.CALL] == before
    assert not streams.dropped
    assert add(streams, Class.CALL, 3) == 3
    assert held(path)[Class.CALL].events.keys() == {1, 2, 3}


def test_the_book_is_read_back(link):
    streams = Streams(link)
    add(streams, Class.CALL, 1, 2)
    again = Streams(link)
    assert not again.new
    assert {cls: again[cls] for cls in CLASSES} == {cls: streams[cls] for cls in CLASSES}


@pytest.mark.parametrize(
    "lie",
    [
        "DELETE FROM stream WHERE cls = 'call'",
        "UPDATE stream SET last = 1 WHERE cls = 'call'",
        "UPDATE stream SET rows = 0 WHERE cls = 'call'",
        "DELETE FROM call",
    ],
)
def test_a_book_that_does_not_agree_is_damage(link, lie):
    add(Streams(link), Class.CALL, 1, 2)
    link.execute(lie)
    with pytest.raises(Damaged, match="its book"):
        Streams(link)


def test_a_number_is_not_given_twice(link):
    streams = Streams(link)
    add(streams, Class.CALL, 1, 2)
    streams._book[Class.CALL] = streams[Class.CALL]._replace(last=1)
    with pytest.raises(sqlite3.IntegrityError):
        add(streams, Class.CALL, 3)


def test_the_oldest_are_chosen_by_what_they_take(link):
    streams = Streams(link)
    add(streams, Class.CALL, *range(10))
    assert [one.seq for one in streams.oldest(Class.CALL, 0)] == [1]
    assert len(streams.oldest(Class.CALL, streams[Class.CALL].octets // 2)) == 5
    assert len(streams.oldest(Class.CALL, 10**9)) == 10
    assert streams.oldest(Class.DEBUG, 10**9) == []
    assert streams.oldest_at(Class.DEBUG) is None


def test_a_chosen_gap_has_an_event_beside_it(path, link):
    streams = Streams(link)
    with streams.transaction():
        streams.lose(Class.CALL, 5, 1, LAST, "queue-full")
    add(streams, Class.CALL, 1, 2)
    rows = streams.oldest(Class.CALL, 1)
    assert [(one.seq, one.gap) for one in rows] == [(1, 1), (2, 0)]
    with streams.transaction():
        streams.drop(Class.CALL, rows, "quota")
    (gap,) = held(path)[Class.CALL].gaps
    assert (gap.lo, gap.hi, gap.n, gap.first, gap.reason) == (1, 2, 6, 1, "quota")
    assert streams.dropped == {(Class.CALL, "queue-full"): 5, (Class.CALL, "quota"): 1}
    assert streams[Class.CALL].rows == 2


def test_a_statement_names_the_table_of_a_class():
    assert on(Class.CALL, "SELECT 1 FROM @") == "SELECT 1 FROM call"
