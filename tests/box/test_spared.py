# SPDX-License-Identifier: Apache-2.0
"""What is spared is let through as long as it is, and nothing else is."""

import pytest

from edge.blocklist.entry import Listed
from edge.blocklist.several import several
from edge.blocklist.simple import SimpleBlocklist
from edge.box.spared import Spared, list_of, read_spared, write_spared
from edge.errors import ConfigError
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action
from tests.blocklist.images import entry

NUMBER, NEXT = "447700900123", "447700900124"
ONE = Spared(1000, 2000, "a-1")


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "spared.json"
    assert read_spared(path) == {}
    write_spared(path, {NUMBER: ONE})
    assert read_spared(path) == {NUMBER: ONE}


@pytest.mark.parametrize("octets", [b"", b"[]", b'{"numbers": {"1": 2}}', b"\xff"])
def test_a_damaged_file_is_named(tmp_path, octets):
    path = tmp_path / "spared.json"
    path.write_bytes(octets)
    with pytest.raises(ConfigError, match=r"spared\.json: "):
        read_spared(path)


@pytest.mark.parametrize(
    ("digits", "party", "at_s", "expected"),
    [
        (NUMBER, Listed.CALLING, 1000, Action.ALLOW),
        (NUMBER, Listed.CALLING, 1999, Action.ALLOW),
        (NUMBER, Listed.CALLING, 2000, Action.BLOCK),
        (NUMBER, Listed.CALLING, 999, Action.BLOCK),
        (NEXT, Listed.CALLING, 1500, Action.BLOCK),
        (NUMBER, Listed.CALLED, 1500, Action.BLOCK),
    ],
)
def test_only_that_number_as_caller_and_only_so_long(digits, party, at_s, expected):
    listed = [entry("4477*"), entry(NUMBER), entry(NUMBER, party=Listed.CALLED)]
    asked = several([SimpleBlocklist("fraud", 7, listed), list_of({NUMBER: ONE})])
    hit = asked.find(digits, party, UNKNOWN_TRUNK, at_s)
    assert hit.entry.action is expected
    assert (hit.list_name == "spared") is (expected is Action.ALLOW)
    assert asked.version == 7
