# SPDX-License-Identifier: Apache-2.0
"""A list is as old as the time since it was signed, to the second."""

import pytest

from edge.blocklist.entry import Listed
from edge.blocklist.simple import SimpleBlocklist
from edge.blocklist.stale import Age, age_of, aged, changes_at
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action
from tests.blocklist.images import entry

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-DAY, Age.FRESH),
        (DAY, Age.FRESH),
        (DAY + 1, Age.STALE),
        (30 * DAY, Age.STALE),
        (30 * DAY + 1, Age.OLD),
    ],
)
def test_ages(seconds, age):
    assert age_of(1000, 1000 + seconds) is age


def test_it_is_told_when_the_age_changes():
    ages = [(age_of(5, at - 1), age_of(5, at)) for at in changes_at(5)]
    assert ages == [(Age.FRESH, Age.STALE), (Age.STALE, Age.OLD)]


@pytest.mark.parametrize("action", Action)
def test_an_old_list_stops_nothing_and_still_says_what_it_holds(action):
    under = SimpleBlocklist("fraud", 7, [entry("44*", action=action)])
    assert aged(under, Age.FRESH) is under
    assert aged(under, Age.STALE) is under
    old = aged(under, Age.OLD)
    hit = old.find("4477", Listed.CALLING, UNKNOWN_TRUNK, 0)
    assert hit.entry.action is (Action.ALLOW if action is Action.ALLOW else Action.OBSERVE)
    assert (hit.entry.basis, hit.list_version) == ("order-1", 7)
    assert old.find("1", Listed.CALLING, UNKNOWN_TRUNK, 0) is None
    assert (old.name, old.version, len(old)) == ("fraud", 7, 1)
