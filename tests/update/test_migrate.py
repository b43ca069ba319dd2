# SPDX-License-Identifier: Apache-2.0
"""A state folder goes forward with a new version, and back with the old one, cut off anywhere."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.errors import InputError
from edge.update import migrate as room
from edge.update.migrate import STEPS, Schema, Step, migrate, read_schema


class Cut(BaseException):
    """The power is gone: nobody tidies up."""


def book(state: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(state / "book.db", isolation_level=None)) as link:
        return link.execute(sql).fetchall()


def columns(state: Path) -> list[object]:
    return [row[1] for row in book(state, "PRAGMA table_info(event)")]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """What the first version leaves: a database whose last row is in its log alone, and a file."""
    book(tmp_path, "PRAGMA journal_mode=wal")
    book(tmp_path, "CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT)")
    book(tmp_path, "INSERT INTO event VALUES (1, 'old')")
    (tmp_path / "modes.json").write_text("{}")
    return tmp_path


def rename_body(state: Path) -> None:
    book(state, "ALTER TABLE event RENAME COLUMN body TO octets")
    (state / "modes.json").write_text('{"v":2}')
    (state / "made.json").write_text("new")


def add_column(state: Path) -> None:
    book(state, "ALTER TABLE event ADD COLUMN crc INTEGER")


FILES = ("book.db", "modes.json", "made.json")
ADDS = Step("a column more", ("book.db",), add_column, readable_by=1)
RENAMES = Step("another name", FILES, rename_body, readable_by=2)


def is_old(state: Path) -> bool:
    return (
        columns(state) == ["seq", "body"]
        and book(state, "SELECT body FROM event WHERE seq = 1") == [("old",)]
        and (state / "modes.json").read_text() == "{}"
        and not (state / "made.json").exists()
    )


def test_this_version_changes_nothing(state: Path) -> None:
    assert migrate(state) == []
    assert (read_schema(state).v, is_old(state)) == (1 + len(STEPS), True)


def test_old_then_new_then_back_and_forward_again(state: Path) -> None:
    assert migrate(state, [RENAMES]) == ["1 to 2: another name"]
    assert columns(state) == ["seq", "octets"]
    book(state, "INSERT INTO event VALUES (2, 'of the new version')")
    assert migrate(state, [RENAMES]) == []

    (said,) = migrate(state, [])
    assert (is_old(state), read_schema(state)) == (True, Schema())
    assert "after-1" in said
    with closing(sqlite3.connect(state / "update" / "after-1" / "book.db")) as kept:
        assert kept.execute("SELECT octets FROM event WHERE seq = 2").fetchall() == [
            ("of the new version",)
        ]

    book(state, "INSERT INTO event VALUES (3, 'while back')")
    migrate(state, [RENAMES])
    assert book(state, "SELECT octets FROM event ORDER BY seq") == [("old",), ("while back",)]


def test_what_only_adds_need_not_be_put_back(state: Path) -> None:
    migrate(state, [ADDS])
    book(state, "INSERT INTO event (seq, body) VALUES (2, 'new')")
    assert migrate(state, []) == []
    assert book(state, "SELECT body FROM event ORDER BY seq") == [("old",), ("new",)]


def test_several_versions_are_gone_back_one_by_one(state: Path) -> None:
    migrate(state, [ADDS, RENAMES])
    assert read_schema(state) == Schema(3, 2)
    assert len(migrate(state, [])) == 1
    assert columns(state) == ["seq", "body", "crc"], "of version 2, which version 1 can read"


def test_a_step_that_fails_leaves_all_as_it_was(state: Path) -> None:
    def fail(at: Path) -> None:
        rename_body(at)
        raise ValueError("no room")

    with pytest.raises(InputError, match="another name: no room; the state is as it was"):
        migrate(state, [RENAMES._replace(act=fail)])
    assert (is_old(state), read_schema(state)) == (True, Schema())


def cutting(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> Callable[[], int]:
    """Cut the power at a call of a function of the room, before it does anything."""
    calls = 0
    real = getattr(room, name)

    def cut(*words: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Cut
        return real(*words, **more)

    monkeypatch.setattr(room, name, cut)
    return lambda: calls


POINTS = [("replace", n) for n in range(1, 5)] + [("_copy_file", n) for n in range(1, 3)]


@pytest.mark.parametrize(("name", "at"), POINTS)
def test_cut_off_on_the_way_forward_it_is_done_again(
    state: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    with monkeypatch.context() as patch:
        cutting(patch, name, at)
        with pytest.raises(Cut):
            migrate(state, [RENAMES])
    migrate(state, [RENAMES])
    assert (columns(state), read_schema(state).v) == (["seq", "octets"], 2)
    migrate(state, [])
    assert is_old(state)


@pytest.mark.parametrize(("name", "at"), POINTS)
def test_cut_off_on_the_way_forward_the_old_version_finds_its_own(
    state: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    with monkeypatch.context() as patch:
        cutting(patch, name, at)
        with pytest.raises(Cut):
            migrate(state, [RENAMES])
    migrate(state, [])
    assert (is_old(state), read_schema(state)) == (True, Schema())


@pytest.mark.parametrize(("name", "at"), [*POINTS, ("_as_owned", 4), ("_as_owned", 5)])
def test_cut_off_on_the_way_back_it_is_done_again(
    state: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int
) -> None:
    migrate(state, [RENAMES])
    with monkeypatch.context() as patch:
        cutting(patch, name, at)
        with pytest.raises(Cut):
            migrate(state, [])
    migrate(state, [])
    assert (is_old(state), read_schema(state)) == (True, Schema())
    assert (state / "update" / "after-1" / "made.json").read_text() == "new"


def test_within_a_step_the_power_may_go_too(state: Path) -> None:
    def half(at: Path) -> None:
        rename_body(at)
        raise Cut

    with pytest.raises(Cut):
        migrate(state, [RENAMES._replace(act=half)])
    assert "cut off" in migrate(state, [])[0]
    assert is_old(state)


@pytest.fixture
def power(state: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Cuts it: what is new and was not told to be on disk is empty (ext4 allocates late)."""
    on_disk = {path.stat().st_ino for path in state.rglob("*")}
    real = os.fsync

    def sync(opened: int) -> None:
        on_disk.add(os.fstat(opened).st_ino)
        real(opened)

    def cut() -> None:
        for path in state.rglob("*"):
            if path.is_file() and path.stat().st_ino not in on_disk and not _is_sqlite(path):
                os.truncate(path, 0)

    monkeypatch.setattr(os, "fsync", sync)
    return cut


def _is_sqlite(path: Path) -> bool:
    """Whether SQLite writes it: it sees itself to what is on disk."""
    return path.name.startswith("book.db")


def test_the_copies_are_on_disk_before_anything_is_changed(
    state: Path, power: Callable[[], None]
) -> None:
    def half(at: Path) -> None:
        rename_body(at)
        power()
        raise Cut

    with pytest.raises(Cut):
        migrate(state, [RENAMES._replace(act=half)])
    migrate(state, [])
    power()
    assert is_old(state)


def test_what_a_step_has_made_is_on_disk_before_it_is_noted(
    state: Path, power: Callable[[], None]
) -> None:
    migrate(state, [RENAMES])
    power()
    assert (state / "made.json").read_text() == "new"
    migrate(state, [])
    power()
    assert is_old(state)
    assert (state / "update" / "after-1" / "made.json").read_text() == "new"


def test_a_newer_folder_without_copies_is_left_alone(state: Path) -> None:
    (state / "schema.json").write_text('{"v":5,"readable_by":4}')
    with pytest.raises(InputError, match=r"of a newer version \(5\), and no copy"):
        migrate(state, [])
    (state / "schema.json").write_text("{")
    with pytest.raises(InputError, match=r"schema\.json"):
        migrate(state, [])


def test_what_an_image_says_of_itself_is_what_a_folder_says_that_it_has_brought(
    state: Path,
) -> None:
    """The initial RAM disk compares the two, and spares the start this step."""
    migrate(state, (RENAMES,))
    assert (state / "schema.json").read_bytes() == room.written(room.own_schema((RENAMES,)))
    assert room.own_schema(()) == Schema()
