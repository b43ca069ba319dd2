# SPDX-License-Identifier: Apache-2.0
"""Ranges of numbers: any order, any copies, any gaps come to the same, and nothing is rescanned."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings, strategies as st

from hil.hub import held
from hil.hub.batch import MOST_SEQ, Batch
from hil.hub.held import MOST_SACK, joined, runs
from hil.hub.madeup import fresh_stream
from hil.hub.store import HELD, STREAMS, Store, sqlite_url

SPANS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1])),
    min_size=1, max_size=12,
)  # fmt: skip


def spelled(spans: list[tuple[int, int]]) -> set[int]:
    return {number for lo, hi in spans for number in range(lo, hi + 1)}


@given(SPANS)
def test_ranges_are_joined_as_sets_are(spans: list[tuple[int, int]]) -> None:
    apart = joined(spans)
    assert spelled(apart) == spelled(spans)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(apart))


@given(st.lists(st.integers(1, 30), max_size=12))
@example([4, 1, 6])
@example([3, 1, 2, 2])
def test_numbers_are_ranges(numbers: list[int]) -> None:
    assert runs(numbers) == joined((one, one) for one in numbers)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(sqlite_url(Path(tmp_path_factory.mktemp("held")) / "hub.db"))
    yield made
    made.close()


def taken(store: Store, name: str, spans: list[tuple[int, int]]) -> None:
    """Hold these numbers in a transaction of its own, as a batch does."""
    with store.writing() as connection:
        stream = held.lock(store, connection, "n1", Batch(name, "call", [], [], [], []), 5)
        held.hold(connection, stream, joined(spans), 5)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SPANS, st.randoms(use_true_random=False))
def test_what_is_acknowledged_is_what_is_held(store: Store, spans, shuffle) -> None:
    name = fresh_stream()
    copies = [*spans, *spans[::2]]
    shuffle.shuffle(copies)
    for span in copies:
        taken(store, name, [span])
    numbers = spelled(spans)
    through = next(n for n in range(1, 99) if n not in numbers) - 1
    with store.reading() as connection:
        acks = {ack.stream: ack for ack in held.acknowledged(connection, "n1", [name])}
        row = connection.execute(sa.select(STREAMS).where(STREAMS.c.stream == name)).one()
    assert acks[name].through == row.through == through
    assert spelled(list(acks[name].sack)) == {n for n in numbers if n > through}
    assert row.top == row.last == max(numbers)


def test_numbers_in_order_are_one_row(store: Store) -> None:
    name = fresh_stream()
    for first in range(1, 2000, 100):
        taken(store, name, [(first, first + 99)])
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(HELD.c.lo, HELD.c.hi).join(STREAMS).where(STREAMS.c.stream == name)
        ).all()
    assert [tuple(row) for row in rows] == [(1, 2000)]


def test_the_highest_number_there_is_can_be_held(store: Store) -> None:
    name = fresh_stream()
    taken(store, name, [(MOST_SEQ, MOST_SEQ)])
    taken(store, name, [(1, MOST_SEQ)])
    with store.reading() as connection:
        assert held.acknowledged(connection, "n1", [name])[0].through == MOST_SEQ


def test_a_sack_is_bounded_and_tells_the_lowest(store: Store) -> None:
    name = fresh_stream()
    taken(store, name, [(number, number) for number in range(2, 400, 2)])
    with store.reading() as connection:
        ack = held.acknowledged(connection, "n1", [name])[0]
    assert ack.through == 0
    assert ack.sack == tuple((n, n) for n in range(2, 2 + 2 * MOST_SACK, 2))


def test_streams_that_were_never_heard_of_are_at_nought(store: Store) -> None:
    name = fresh_stream()
    with store.reading() as connection:
        acks = held.acknowledged(connection, "nobody", [name])
    assert [(ack.stream, ack.through, ack.sack) for ack in acks] == [(name, 0, ())]
