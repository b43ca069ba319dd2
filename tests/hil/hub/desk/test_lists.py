# SPDX-License-Identifier: Apache-2.0
"""The lists of a repository as the desk works on them; large ones are shown in part."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.errors import ConfigError, ListError
from hil.hub.desk import lists as module
from hil.hub.desk.lists import Lists
from tests.blocklist.images import entry
from tests.trust.centre import NOW, Centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = Centre(tmp_path / "repository", ("fraud",))
    made.add("77172000001", "77172000002")
    made.publish()
    return made


@pytest.fixture
def lists(centre: Centre) -> Lists:
    return Lists(centre.folder, centre.online)


def test_where_no_repository_is_there_are_no_lists(tmp_path: Path) -> None:
    lists = Lists(tmp_path, None)
    assert lists.names() == []
    with pytest.raises(ListError, match="no list fraud"):
        lists.standing("fraud")


def test_what_is_drafted_is_told_from_what_is_in_force(lists: Lists) -> None:
    lists.add("fraud", entry("77172000003"))
    assert [one.text() for one in lists.remove("fraud", "+77172000001")] == ["+77172000001"]
    standing, changes = lists.standing("fraud"), lists.changes("fraud")
    assert (standing.version, standing.entries, standing.drafted) == (1, 2, 2)
    assert (changes.added, changes.removed) == (1, 1)
    marks = {number: lists.covering("fraud", f"7717200000{number}")[0][0] for number in (1, 2, 3)}
    assert marks == {1: "-", 2: "=", 3: "+"}


def test_more_than_can_be_shown_is_counted(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 5)
    for number in range(10, 18):
        lists.add("fraud", entry(f"771720000{number}"))
    lists.remove("fraud", "+77172000001")
    changes = lists.changes("fraud")
    assert (len(changes.shown), changes.added, changes.removed) == (5, 8, 1)
    assert lists.changes("fraud") is changes, "compared once"


def test_those_who_edit_at_once_lose_nothing(lists: Lists) -> None:
    with ThreadPoolExecutor(6) as pool:
        numbers = [f"771720001{number:02}" for number in range(30)]
        list(pool.map(lambda number: lists.add("fraud", entry(number)), numbers))
    assert lists.standing("fraud").drafted == 32


def test_what_was_published_elsewhere_waits_no_more(lists: Lists, centre: Centre) -> None:
    lists.add("fraud", entry("77172000003"))
    lists.prepare("fraud", 30, NOW)
    pending = lists.standing("fraud").pending
    assert pending
    assert (pending.file, pending.missing) == ("fraud-2.json", ["operator", "prosecutor"])
    assert pending.numbers == {"operator": 2, "prosecutor": 2}
    centre.publish()
    assert lists.standing("fraud").pending is None
    with pytest.raises(ListError, match="nothing waits"):
        lists.publish("fraud", NOW)


def test_without_the_online_key_nothing_is_put_in_force(centre: Centre) -> None:
    lists = Lists(centre.folder, None)
    assert not lists.standing("fraud").can_publish
    with pytest.raises(ConfigError, match="not here"):
        lists.publish("fraud", NOW)
