# SPDX-License-Identifier: Apache-2.0
"""An entry says its numbers as people write them, and as a table is read back."""

import pytest

from edge.blocklist.csvfile import entry_of
from tests.blocklist.images import entry


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("447700900123", "+447700900123"),
        ("4477009*", "+4477009*"),
        ("77172000000..77172000099", "+77172000000..+77172000099"),
    ],
)
def test_text(digits, text):
    one = entry(digits)
    assert one.text() == text
    row = {"pattern": text, "party": "calling", "action": "block"}
    assert entry_of(row | {"category": "fraud", "basis": "order-1"}) == one
