# SPDX-License-Identifier: Apache-2.0
"""An entry is shown in one line, with all that it says, and nothing that a terminal obeys."""

import pytest

from edge.blocklist.manifest import Record
from edge.cli.entries import entry_text, moment, show_record
from edge.model.verdict import Action
from tests.blocklist.images import entry


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (entry("77172000001"), "+77172000001  block  calling  fraud  order-1"),
        (entry("4477009*", action=Action.ALLOW), "+4477009*  allow  calling  fraud  order-1"),
        (
            entry("4477009*", valid_until=120, scope="trunk:intl"),
            "+4477009*  block  calling  fraud  order-1  until 1970-01-01 00:02 UTC  trunk:intl",
        ),
        (
            entry("4477009*", valid_from=60),
            "+4477009*  block  calling  fraud  order-1  from 1970-01-01 00:01 UTC",
        ),
        (
            entry("77172000001", basis="\x1b[2Korder\n9"),
            "+77172000001  block  calling  fraud  \ufffd[2Korder\ufffd9",
        ),
    ],
)
def test_all_that_an_entry_says_is_shown(shown, text):
    assert entry_text(shown) == text


def test_a_moment_is_told_to_the_minute():
    assert moment(1_900_000_000) == "2030-03-17 17:46 UTC"


def test_a_record_is_shown_whole(capsys):
    numbers = [entry(f"77172000{number:03}") for number in range(500)]
    show_record(Record("fraud", 1, 0, 1, tuple(numbers), (entry("4477009*"),)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 501
    assert lines[499].startswith("+ +77172000499  block")
    assert lines[500].startswith("- +4477009*  block")
