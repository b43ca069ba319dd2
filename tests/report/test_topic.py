# SPDX-License-Identifier: Apache-2.0
"""Topics are made and taken apart alike; an appliance's two patterns hold all that is its own."""

import pytest

from edge.report import topic
from edge.report.event import CLASSES, Class


def test_direction_is_first() -> None:
    assert topic.up("astana-1", topic.STATE) == "qalqan/v1/up/astana-1/state"
    assert topic.events("astana-1", Class.BLOCK) == "qalqan/v1/up/astana-1/ev/block"
    assert topic.down(topic.ALL, topic.HUB) == "qalqan/v1/dn/all/hub"
    assert topic.heard_by("astana-1") == ("qalqan/v1/dn/astana-1/#", "qalqan/v1/dn/all/#")
    assert topic.heard_by_hub() == "qalqan/v1/up/+/#"
    assert topic.enrolment("astana-1", "request") == "qalqan/v1/enrol/astana-1/request"


@pytest.mark.parametrize("cls", CLASSES)
def test_made_and_taken_apart(cls: Class) -> None:
    assert topic.split(topic.events("a", cls)) == ("up", "a", f"ev/{cls.value}")
    assert topic.split(topic.down("a", topic.ACK)) == ("dn", "a", "ack")


@pytest.mark.parametrize(
    "name",
    ["", "qalqan/v1", "qalqan/v1/up/a", "qalqan/v2/up/a/state", "x/qalqan/v1/up/a/state", "/", "#"],
)
def test_what_is_none_of_ours(name: str) -> None:
    assert topic.split(name) == ("", "", "")
