# SPDX-License-Identifier: Apache-2.0
"""Lines of the doctor, their levels, and the JSON that others rely on."""

import pytest

from edge.doctor.finding import Counts, Finding, Level, as_json, fail, ok, warn, worst


@pytest.mark.parametrize(
    ("findings", "level"),
    [
        ([], Level.OK),
        ([ok("a", "")], Level.OK),
        ([ok("a", ""), warn("b", "", "")], Level.WARN),
        ([fail("a", "", ""), warn("b", "", "")], Level.FAIL),
    ],
)
def test_the_worst_counts(findings: list[Finding], level: Level) -> None:
    assert worst(findings) is level


def test_a_sentence_names_its_values() -> None:
    lost = Counts({"ring full": 7, "unread": 1})
    one = warn("drops:e1", "lost: {lost}", "{share:.0%} is much", lost=lost, share=0.25)
    assert (one.text, one.hint) == ("lost: ring full × 7, unread × 1", "25% is much")
    assert ok("temperature", "{hot:.0f} °C", hot=41.2).text == "41 °C"


def test_braces_of_a_value_are_no_names() -> None:
    assert fail("list:x", "cannot be used: {why}", "see {why}", why="{check} {0}").text == (
        "cannot be used: {check} {0}"
    )


def test_the_shape_that_is_promised() -> None:
    """Whoever changes this raises `SCHEMA_VERSION`, unless it only adds."""
    found = as_json("astana-1", [ok("clock", "is kept"), fail("hub", "is away", "see the cable")])
    assert found == {
        "v": 1,
        "node": "astana-1",
        "level": "fail",
        "findings": [
            {"check": "clock", "level": "ok", "text": "is kept", "hint": ""},
            {"check": "hub", "level": "fail", "text": "is away", "hint": "see the cable"},
        ],
    }
