# SPDX-License-Identifier: Apache-2.0
"""An urgent record is the same behind the wire, and what is none is None."""

import json

import msgspec
import pytest
from hypothesis import given, strategies as st

from edge.blocklist.manifest import Record, Signed
from edge.errors import ListError
from edge.report.lists.urgent import MOST_OCTETS, read_urgent, write_urgent
from tests.blocklist.images import entry

SIGNED = Signed(
    msgspec.json.encode(Record("fraud", 7, 1, 2, (entry("447700900001"),))), (("ab", "cd"),)
)


def test_a_record_comes_through_to_the_octet():
    assert read_urgent(write_urgent(SIGNED)) == SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"list": "spam"}, {"record": "no base64!"}, {"record": ""}, {"record": "e30="},
        {"record": "\u0416"}, {"signatures": [["ab"]]}, {"v": 2}, {"v": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_record_is_none(change):
    message = json.loads(write_urgent(SIGNED)) | change
    assert read_urgent(json.dumps(message).encode()) is None


def test_a_message_of_any_length_is_none():
    assert read_urgent(write_urgent(SIGNED) + b" " * MOST_OCTETS) is None
    with pytest.raises(ListError, match="no urgent record"):
        write_urgent(Signed(b"{}", ()))


@given(st.binary(max_size=100))
def test_noise_is_none(octets):
    assert read_urgent(octets) is None
