# SPDX-License-Identifier: Apache-2.0
"""How a file is opened, what its errors mean, and how a damaged one is moved out of the way."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.outbox import database
from edge.report.outbox.database import (
    Ballast,
    Damaged,
    Fault,
    claim,
    connect,
    damaged,
    fault,
    identity,
    open_durable,
    pragma,
    set_aside,
)
from edge.report.outbox.quota import PAGE, plan
from tests.report.kept import ROOMY, SMALL


def make(link):
    link.execute("CREATE TABLE one(x)")


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "one.db"


def test_what_is_asked_for_is_in_force(path):
    with closing(open_durable(path, plan(ROOMY), connect)) as link:
        wanted = {
            "page_size": PAGE, "journal_mode": "wal", "synchronous": 2,
            "max_page_count": plan(ROOMY).pages, "wal_autocheckpoint": plan(ROOMY).wal,
            "journal_size_limit": plan(ROOMY).wal * PAGE,
        }  # fmt: skip
        assert {name: pragma(link, name) for name in wanted} == wanted


class Deaf:
    """A connection that passes over what it is asked to be."""

    def __init__(self, link):
        self._link = link

    def execute(self, sql, values=(), /):
        return self._link.execute("SELECT 1" if "synchronous=" in sql else sql, values)

    def executemany(self, sql, rows, /):
        return self._link.executemany(sql, rows)

    def close(self):
        self._link.close()


def test_a_file_that_is_not_synced_is_refused(path):
    def lax(path):
        link = connect(path)
        link.execute("PRAGMA synchronous=NORMAL")
        return Deaf(link)

    with pytest.raises(sqlite3.NotSupportedError, match="synchronous is 1, not 2"):
        open_durable(path, plan(ROOMY), lax)


def test_a_new_file_is_claimed_once(path):
    for new in (True, False):
        with closing(open_durable(path, plan(ROOMY), connect)) as link:
            assert claim(link, 1, make) is new
    with (
        closing(open_durable(path, plan(ROOMY), connect)) as link,
        pytest.raises(Damaged, match="another program or version"),
    ):
        claim(link, 2, make)


def error_of(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (Damaged(""), Fault.DAMAGED),
        (sqlite3.ProgrammingError(""), Fault.FAILING),
        (error_of(sqlite3.SQLITE_FULL), Fault.FULL),
        (error_of(sqlite3.SQLITE_CORRUPT), Fault.DAMAGED),
        (error_of(sqlite3.SQLITE_CORRUPT_INDEX), Fault.DAMAGED),
        (error_of(sqlite3.SQLITE_NOTADB), Fault.DAMAGED),
        (error_of(sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Fault.DAMAGED),
        (error_of(sqlite3.SQLITE_IOERR_SHORT_READ), Fault.DAMAGED),
        (error_of(sqlite3.SQLITE_IOERR_SHMSIZE), Fault.FULL),
        (error_of(sqlite3.SQLITE_IOERR_FSYNC), Fault.FAILING),
        (error_of(sqlite3.SQLITE_READONLY), Fault.FAILING),
        (error_of(sqlite3.SQLITE_BUSY), Fault.FAILING),
    ],
)
def test_what_can_be_done_about_an_error(error, means):
    assert fault(error) is means


def test_sqlite_itself_says_full_and_no_database(path):
    with closing(open_durable(path, plan(SMALL), connect)) as link:
        make(link)
        with pytest.raises(sqlite3.OperationalError) as full:
            link.execute("INSERT INTO one VALUES(zeroblob(?))", (plan(SMALL).pages * PAGE,))
    assert fault(full.value) is Fault.FULL
    path.write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(sqlite3.DatabaseError) as other:
        open_durable(path, plan(SMALL), connect)
    assert fault(other.value) is Fault.DAMAGED


def test_the_newest_damaged_files_are_kept(path):
    assert damaged(path) == []
    for text in "abcd":
        path.write_text(text)
        path.with_name("one.db-wal").write_text(f"log of {text}")
        set_aside(path)
        assert identity(path) is None
    assert [(number, one.read_text()) for number, one in damaged(path)] == [(4, "d"), (3, "c")]
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "one.db.damaged-3", "one.db.damaged-3-wal", "one.db.damaged-4", "one.db.damaged-4-wal",
    ]  # fmt: skip


def test_a_file_that_is_replaced_is_another(path):
    path.touch()
    before = identity(path)
    path.with_name("new").touch()
    path.with_name("new").replace(path)
    assert identity(path) not in {before, None}
    assert identity(path / "below a file") is None


def test_ballast_is_really_held(path):
    ballast = Ballast(path.with_suffix(".ballast"), 1 << 20)
    assert not ballast.held
    assert ballast.take()
    assert path.with_suffix(".ballast").stat().st_blocks * 512 >= 1 << 20
    assert Ballast(path.with_suffix(".ballast"), 1 << 20).held
    ballast.give_up()
    assert not ballast.held
    assert not path.with_suffix(".ballast").exists()


def test_ballast_is_not_taken_of_a_disk_that_has_little(path):
    assert not Ballast(path, 1 << 60).take()
    assert not path.exists()


def test_ours_can_be_told_from_others():
    assert database.APPLICATION.to_bytes(4, "big") == b"QALQ"
