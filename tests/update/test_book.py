# SPDX-License-Identifier: Apache-2.0
"""How an update stands is on disk before it is told, and told once."""

from pathlib import Path

import pytest
from typing_extensions import override

from edge.report.event import Clock, Event, Moment
from edge.report.message import Campaign
from edge.update.book import Book
from edge.update.state import Failed, Folder, State, Update, Why

CAMPAIGN = Campaign(id="spring", version="1.2.0")
MOMENT = Moment(1_900_000_000 * 10**9, 1, "boot1", Clock.SYNCED)


class Full(Folder):
    """A folder on a disk that takes nothing more."""

    full = False

    @override
    def keep(self, update: Update) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().keep(update)


def opened(folder: Folder) -> tuple[Book, list[Event]]:
    told: list[Event] = []
    return Book(folder, told.append, lambda: MOMENT), told


def test_each_decade_of_percents_is_told_once(tmp_path: Path) -> None:
    book, told = opened(Folder(tmp_path))
    book.percent(50)
    assert told == []
    book.begin(CAMPAIGN, "1.1.0")
    book.enter(State.DOWNLOADING)
    for percent in (0, 3, 9, 10, 11, 19, 25, 25, 100):
        book.percent(percent)
    percents = [one.fields["percent"] for one in told if one.fields["state"] == "downloading"]
    assert percents == [0, 10, 25, 100]


def test_what_is_waited_for_is_told_once(tmp_path: Path) -> None:
    book, told = opened(Folder(tmp_path))
    book.begin(CAMPAIGN, "1.1.0")
    for _ in range(3):
        book.wait(State.WAITING, Why.WINDOW, "soon")
    assert [one.fields["why"] for one in told] == ["", "window"]
    book.enter(State.INSTALLING)
    assert told[-1].fields["why"] == ""


def test_an_update_that_is_over_does_not_fail_again(tmp_path: Path) -> None:
    book, told = opened(Folder(tmp_path))
    book.fail(Failed(Why.OLDER, "no"))
    assert told == []
    book.begin(CAMPAIGN, "1.1.0")
    for why in ("older", "deadline"):
        book.fail(Failed(why, "x" * 1000))
    assert [one.fields["why"] for one in told] == ["", "older"]
    assert len(str(told[-1].fields["text"])) <= 256


def test_an_alarm_stands_beside_what_may_be_an_attempt(tmp_path: Path) -> None:
    book, told = opened(Folder(tmp_path))
    book.begin(CAMPAIGN, "1.1.0")
    book.fail(Failed("wrong-key", "signed by nobody that is known"))
    assert [one.kind for one in told] == ["update", "update", "alarm"]
    assert told[-1].fields["name"] == "wrong-key"


def test_a_full_disk_keeps_a_step_from_being_made_and_an_end_is_told_nevertheless(
    tmp_path: Path,
) -> None:
    folder = Full(tmp_path)
    book, told = opened(folder)
    book.begin(CAMPAIGN, "1.1.0")
    folder.full = True
    with pytest.raises(OSError, match="No space"):
        book.enter(State.INSTALLING)
    assert told[-1].fields["state"] == "queued"
    book.fail(Failed(Why.NO_SPACE, "the disk is full"))
    assert told[-1].fields["why"] == "no-space"
