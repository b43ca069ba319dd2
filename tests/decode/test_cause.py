# SPDX-License-Identifier: Apache-2.0
"""Cause indicators (Q.850)."""

import pytest

from edge.decode.cause import read_cause
from edge.decode.cursor import Cursor, Short


@pytest.mark.parametrize(
    ("octets", "value", "location", "diagnostics"),
    [
        pytest.param("8090", 16, 0, "", id="two octets"),
        pytest.param("8495", 21, 4, "", id="location"),
        pytest.param("04809a", 26, 4, "", id="recommendation in octet 1a"),
        pytest.param("82e36c", 99, 2, "6c", id="diagnostics"),
    ],
)
def test_a_cause_names_value_and_place(octets, value, location, diagnostics):
    cause = read_cause(Cursor(bytes.fromhex(octets)))
    assert (cause.value, cause.location) == (value, location)
    assert cause.diagnostics.hex() == diagnostics


def test_a_cause_is_told_to_people():
    assert read_cause(Cursor(bytes.fromhex("e295"))).fields() == {
        "value": 21,
        "text": "call rejected",
        "location": "public network, local user",
        "coding": 3,
    }


@pytest.mark.parametrize("octets", ["", "80", "0490"])
def test_a_cause_that_ends_early_is_short(octets):
    with pytest.raises(Short):
        read_cause(Cursor(bytes.fromhex(octets)))
