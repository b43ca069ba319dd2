# SPDX-License-Identifier: Apache-2.0
"""Transactions: all or nothing, on disk when they end, and never two that write at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from hil.hub.store import NOTES, STREAMS, TABLES, WORDS, Store, sqlite_url


def test_all_tables_are_there(store: Store) -> None:
    assert set(sa.inspect(store.engine).get_table_names()) >= set(TABLES.tables)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            connection.execute(sa.insert(WORDS).values(name="one", value=1))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        fail()
    with store.reading() as connection:
        assert not connection.execute(sa.select(WORDS)).all()


def test_a_row_that_is_there_stays_as_it_is(store: Store) -> None:
    for value in (1, 2):
        with store.writing() as connection:
            connection.execute(store.put(WORDS).values(name="one", value=value))
    with store.reading() as connection:
        assert connection.execute(sa.select(WORDS.c.value)).scalars().all() == [1]


def test_a_note_is_said_once(store: Store) -> None:
    for at in (5, 6):
        with store.writing() as connection:
            store.note(connection, "n1", "version", "speaks version 2", at)
    with store.reading() as connection:
        assert connection.execute(sa.select(NOTES.c.at)).scalars().all() == [5]


def test_counting_at_once_loses_nothing(store: Store) -> None:
    """Read, add, write: what a lock is for."""
    with store.writing() as connection:
        values = {"node": "n1", "stream": "s", "cls": "call"}
        connection.execute(sa.insert(STREAMS).values(values))
    begin = threading.Barrier(4)

    def count() -> None:
        begin.wait()
        for _ in range(25):
            with store.writing() as connection:
                found = sa.select(STREAMS.c.through).with_for_update()
                through = connection.execute(found).scalar_one()
                connection.execute(sa.update(STREAMS).values(through=through + 1))

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(count) for _ in range(4)]:
            one.result()
    with store.reading() as connection:
        assert connection.execute(sa.select(STREAMS.c.through)).scalar_one() == 100


def test_who_reads_waits_for_nobody(store: Store) -> None:
    with store.writing() as writing:
        writing.execute(sa.insert(WORDS).values(name="one", value=1))
        with store.reading() as reading:
            assert not reading.execute(sa.select(WORDS)).all()


def test_a_file_is_kept_so_that_a_cut_loses_nothing_committed(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


@pytest.mark.parametrize("again", range(10))  # one time in a hundred SQLite let one not wait
def test_many_that_open_an_empty_database_at_once(tmp_path: Path, again: int) -> None:
    url = sqlite_url(tmp_path / f"hub-{again}.db")
    with ThreadPoolExecutor(6) as pool:
        for store in pool.map(Store, [url] * 6):
            store.close()
