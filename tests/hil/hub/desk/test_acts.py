# SPDX-License-Identifier: Apache-2.0
"""The table of acts is added to, by any number at once; a change in it is seen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from edge.errors import InputError
from hil.hub.desk.acts import ACTS, MOST_TEXT, Act, Acts
from hil.hub.store import Store

NOW_S = 1_900_000_000


@pytest.fixture
def acts(store: Store) -> Acts:
    store.make()
    made = Acts(store)
    for number in range(3):
        made.put(Act(NOW_S + number, "asel", f"did {number}", "because", "10.0.0.7"))
    return made


def changed(store: Store, number: int, **values: str) -> None:
    with store.writing() as connection:
        connection.execute(sa.update(ACTS).where(ACTS.c.number == number).values(**values))


def test_what_was_done_is_there_the_latest_first(acts: Acts) -> None:
    lines = acts.latest(2)
    assert [(line.number, line.act.text) for line in lines] == [(3, "did 2"), (2, "did 1")]
    assert lines[0].act == Act(NOW_S + 2, "asel", "did 2", "because", "10.0.0.7")
    assert all(line.is_whole for line in lines)
    assert all(line.is_whole for line in acts.latest(3))


@pytest.mark.parametrize("column", ["person", "text", "reason", "address", "hash"])
def test_a_line_that_was_changed_is_seen(acts: Acts, store: Store, column: str) -> None:
    changed(store, 2, **{column: "another"})
    assert not all(line.is_whole for line in acts.latest(3))


@pytest.mark.parametrize("number", [1, 2])
def test_a_line_that_was_taken_out_is_seen(acts: Acts, store: Store, number: int) -> None:
    with store.writing() as connection:
        connection.execute(sa.delete(ACTS).where(ACTS.c.number == number))
    assert not all(line.is_whole for line in acts.latest(3))


def test_what_no_database_keeps_is_kept_otherwise(acts: Acts) -> None:
    acts.put(Act(NOW_S, "asel", "a\0b", "r" * 9999))
    line = acts.latest(1)[0]
    assert line.act.text == "a\N{REPLACEMENT CHARACTER}b"
    assert len(line.act.reason) == MOST_TEXT
    assert line.is_whole


def test_those_who_write_at_once_write_one_after_another(acts: Acts) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: acts.put(Act(NOW_S, "asel", f"at once {n}")), range(40)))
    lines = acts.latest(100)
    assert [line.number for line in lines] == list(range(43, 0, -1))
    assert all(line.is_whole for line in lines)


def test_what_cannot_be_recorded_is_said(acts: Acts, store: Store) -> None:
    with store.writing() as connection:
        ACTS.drop(connection)
    with pytest.raises(InputError, match="could not be recorded"):
        acts.put(Act(NOW_S, "asel", "did"))
    store.make()
