# SPDX-License-Identifier: Apache-2.0
"""Why people must look at an appliance, and who comes first."""

from typing import Any

import msgspec
import pytest

from hil.hub.desk.health import BEHIND, DAY_S, NS, first_who_needs_people, health_of, worst
from hil.hub.fleet import Member

NOW_S = 1_900_000_000
WELL = Member("n1", "ready", NOW_S * NS, "1.4.0", "b", {}, [], 0, {}, {}, 0, 0, [])


def health(**more: Any):
    return health_of(msgspec.structs.replace(WELL, **more), NOW_S)


def test_one_that_is_well_needs_nobody() -> None:
    assert (health().level, health().needs) == ("ok", ())
    assert health(certificate_ends=NOW_S + 60 * DAY_S, behind=10).level == "ok"


@pytest.mark.parametrize(("more", "level", "need"), [
    ({"state": "lost"}, "fail", "lost"), ({"state": "offline"}, "fail", "offline"),
    ({"state": "unknown", "heard_ns": 0}, "fail", "unknown"),
    ({"heard_ns": (NOW_S - 91) * NS}, "fail", "silent"),
    ({"certificate_ends": NOW_S}, "fail", "certificate-ended"),
    ({"certificate_ends": NOW_S + DAY_S}, "warn", "certificate-ends"),
    ({"state": "alert"}, "warn", "alarms"), ({"alarms": ["breaker-open"]}, "warn", "alarms"),
    ({"behind": BEHIND + 1}, "warn", "behind"), ({"unread": 1}, "warn", "unread"),
    ({"notes": [((NOW_S - DAY_S) * NS, "went-back", "x")]}, "warn", "notes"),
])  # fmt: skip
def test_each_reason_is_named(more: dict, level: str, need: str) -> None:
    assert (health(**more).level, health(**more).needs) == (level, (need,))


def test_what_the_hub_remarked_long_ago_is_no_news() -> None:
    assert health(notes=[((NOW_S - 30 * DAY_S) * NS, "went-back", "x")]).level == "ok"


def test_who_needs_people_comes_first() -> None:
    found = [
        health(node="a"), health(node="b", unread=1), health(node="c", state="lost"),
        health(node="d", unread=1, alarms=["x"]), health(node="e"),
    ]  # fmt: skip
    assert [one.member.node for one in first_who_needs_people(found)] == ["c", "d", "b", "a", "e"]


def test_a_region_stands_as_its_worst_box() -> None:
    assert worst([]) == "none"
    assert worst(["ok", "ok"]) == "ok"
    assert worst(["ok", "fail", "warn"]) == "fail"
