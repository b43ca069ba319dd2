# SPDX-License-Identifier: Apache-2.0
"""Lines of the doctor, their levels, and the JSON that others rely on."""

import pytest

from edge.doctor.finding import Finding, Level, as_json, fail, ok, warn, worst


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
