# SPDX-License-Identifier: Apache-2.0
"""How far the hub was told stands in the outbox or its archive, or cannot be known."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import Class, Event, encode
from edge.report.outbox.archive import beside
from edge.report.outbox.outbox import Outbox
from edge.report.outbox.told import MOST, told
from tests.report.kept import AT, ROOMY, event, row


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "outbox.db"


def block(leaf: int) -> tuple[Class, int, bytes]:
    """An event that rests on a record."""
    moment = event(Class.BLOCK, leaf).moment
    return Class.BLOCK, AT, encode(Event(Class.BLOCK, "verdict", moment, {"leaf": leaf}))


BLIND = row(Class.BLOCK, 1)
"A block that rests on none."


def test_nothing_is_known_without_a_file_or_an_event(path: Path) -> None:
    assert told(path) is None
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        assert told(path) is None
        outbox.keep([row(Class.CALL, 1), row(Class.AUDIT, 2)])
        assert told(path) is None
        outbox.keep([BLIND])
        assert told(path) is None
    assert told(path) is None


@pytest.mark.parametrize("is_open", [True, False], ids=["written", "closed"])
@pytest.mark.parametrize(
    ("kept", "leaf"),
    [
        ([block(0)], 0),
        ([block(0), block(1), block(2)], 2),
        ([block(7), BLIND, BLIND], 7),
        ([block(7), block(-1)], 7),  # a record that the disk had no room for
        ([BLIND, block(7), row(Class.CALL, 9)], 7),
        ([block(7), *[BLIND] * MOST], None),
    ],
    ids=["one", "three", "then deaf", "then not kept", "calls too", "too far back"],
)
def test_the_last_leaf_that_is_named(
    path: Path, kept: list[tuple[Class, int, bytes]], leaf: int | None, is_open: bool
) -> None:
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep(kept)
        if is_open:
            assert told(path) == leaf
    if not is_open:
        assert told(path) == leaf


@pytest.mark.parametrize("through", range(5))
def test_what_the_hub_has_is_looked_for_in_the_archive(path: Path, through: int) -> None:
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([block(5), block(6), BLIND, BLIND])
        outbox.retire({outbox.streams[Class.BLOCK]: through}, AT)
        assert told(path) == 6


def test_what_was_dropped_is_stepped_over(path: Path) -> None:
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([block(5)])
        outbox.drop(Class.BLOCK, 9, AT, event(Class.BLOCK, 1).moment, "queue-full")
        assert told(path) == 5


def test_without_the_archive_it_is_not_guessed(path: Path) -> None:
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([block(5), block(6)])
        outbox.retire({outbox.streams[Class.BLOCK]: 2}, AT)
        outbox.keep([BLIND])
    beside(path).unlink()
    assert told(path) is None


@pytest.mark.parametrize("wrong", ["{", "[]", '{"leaf":"7"}', ""])
def test_a_damaged_event_is_not_guessed_past(path: Path, wrong: str) -> None:
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([block(5), block(6)])
    with closing(sqlite3.connect(path)) as link, link:
        link.execute("UPDATE block SET body = ? WHERE seq = 2", (wrong.encode(),))
    assert told(path) is None


def test_a_file_that_is_no_outbox_is_none(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    assert told(path) is None
