# SPDX-License-Identifier: Apache-2.0
"""Several lists answer as one list of all their entries would."""

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.entry import Listed
from edge.blocklist.several import several
from edge.blocklist.simple import SimpleBlocklist
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action
from tests.blocklist.images import entry

NUMBER = "447700900123"


def hit(one, digits=NUMBER):
    return one.find(digits, Listed.CALLING, UNKNOWN_TRUNK, 100)


def lists(*groups):
    return [SimpleBlocklist(f"list-{at}", at, group) for at, group in enumerate(groups)]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (entry(NUMBER), entry("447700900123*", action=Action.ALLOW)),
        (entry("44770090*"), entry("4477*", action=Action.ALLOW)),
        (entry("44*"), entry("447700900123..447700900123", action=Action.ALLOW)),
        (entry("447700900120..447700900129"), entry("447700900100..447700900199")),
        (entry(NUMBER, action=Action.ALLOW), entry(NUMBER)),
        (entry("447*", action=Action.BLOCK), entry("447*", action=Action.OBSERVE)),
    ],
)
def test_the_most_specific_of_all_speaks_whichever_list_holds_it(narrow, wide):
    first, second = several(lists([narrow], [wide])), several(lists([wide], [narrow]))
    assert (hit(first).entry, hit(first).list_name) == (narrow, "list-0")
    assert (hit(second).entry, hit(second).list_name) == (narrow, "list-1")


def test_one_list_is_itself_and_several_have_the_highest_version():
    one, other = lists([entry(NUMBER)], [entry("1*"), entry("2*")])
    assert several([one]) is one
    both = several([other, one])
    assert (both.name, both.version, len(both)) == ("list-1+list-0", 1, 3)
    assert hit(both, "3") is None


digits = st.text("12", min_size=1, max_size=3)
ranges = st.tuples(digits, digits).filter(lambda ends: len(ends[0]) == len(ends[1]))
patterns = digits | digits.map("{}*".format) | ranges.map(lambda ends: "..".join(sorted(ends)))
entries = st.lists(st.builds(entry, patterns, action=st.sampled_from(Action)), max_size=5)


@given(entries, entries, digits)
def test_it_answers_as_one_list_of_all_entries(first, second, number):
    whole = hit(SimpleBlocklist("whole", 1, [*first, *second]), number)
    found = hit(several(lists(first, second)), number)
    assert (found and found.entry) == (whole and whole.entry)
