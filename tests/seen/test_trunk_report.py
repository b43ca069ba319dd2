# SPDX-License-Identifier: Apache-2.0
"""What would have been stopped is counted by rule, from records and numbers of any shape."""

import pytest

from edge import counters
from edge.counting import Numbers
from edge.seen.trunk_report import EXAMPLES, Report, Running, running

RECORD = {
    "id": "1-1", "trunk": "intl", "time": 100.5, "rule": "list.calling", "category": "bank",
    "wanted": "block", "action": "observe", "basis": "list", "calling": "+447700900123",
}  # fmt: skip


def report(*changes, since=0.0) -> Report:
    found = Report("intl", since)
    for number, change in enumerate(changes, start=1):
        found.add({**RECORD, "id": f"1-{number}", **change})
    return found


def test_nothing_is_nothing() -> None:
    found = report()
    assert (found.calls, found.groups, found.outcomes, found.unread) == (0, [], {}, 0)


def test_calls_of_a_rule_are_one_group_with_its_first_and_last_and_examples() -> None:
    found = report({"time": 50}, {"time": 20, "calling": "+447700900124"}, {"time": 30}, {})
    [group] = found.groups
    assert group.line() == {
        "rule": "list.calling", "category": "bank", "wanted": "block", "basis": "list",
        "calls": 4, "ordered": 0, "first": 20.0, "last": 100.5,
        "examples": ["1-2", "1-3", "1-4"], "callers": 2,
    }  # fmt: skip
    assert len(group.examples) == EXAMPLES


def test_categories_actions_and_rules_are_told_apart_and_the_busiest_is_first() -> None:
    found = report(
        {"category": "courier"}, {}, {}, {"wanted": "divert"}, {"rule": "cli.unallocated"}
    )
    assert [group.calls for group in found.groups] == [2, 1, 1, 1]
    assert found.groups[0].category == "bank"


def test_what_was_ordered_and_what_came_of_it() -> None:
    found = report(
        {"action": "block"}, {"action": "divert", "wanted": "divert"}, {},
        {"of": "1-1", "outcome": "stopped"}, {"of": "1-2", "outcome": "leaked"},
    )  # fmt: skip
    assert sum(group.ordered for group in found.groups) == 2
    assert (found.calls, found.outcomes) == (3, {"stopped": 1, "leaked": 1})


def test_another_trunk_and_what_is_older_do_not_count() -> None:
    found = report({"trunk": "natl"}, {"time": 9.9}, {"time": 10.0}, since=10.0)
    assert found.calls == 1


@pytest.mark.parametrize(
    "change", [{"time": "soon"}, {"time": None}, {"time": []}, {"of": "1-1"}], ids=str
)
def test_what_is_no_record_of_ours_is_counted_and_changes_nothing(change) -> None:
    found = report(change)
    assert (found.calls, found.unread) == (0, 1)
    for gone in ("rule", "wanted", "action", "calling", "id", "basis", "category", "trunk"):
        record = {name: value for name, value in RECORD.items() if name != gone}
        found.add(record)
    assert (found.calls, found.unread) == (0, 9)


def test_the_numbers_of_core_say_the_rest() -> None:
    numbers = Numbers()
    numbers[counters.PROCESS_START].of().value = 1000.5
    offered = numbers[counters.CALLS_OFFERED]
    offered["intl",].value, offered["natl",].value = 200, 7
    verdicts = numbers[counters.VERDICTS]
    verdicts["observe", "block", "list.calling", "intl"].value = 3
    verdicts["block", "block", "list.calling", "intl"].value = 4
    verdicts["divert", "divert", "list.called", "intl"].value = 1
    verdicts["allow", "allow", "guardrail.late", "intl"].value = 2
    verdicts["allow", "allow", "default", "intl"].value = 190
    verdicts["block", "block", "list.calling", "natl"].value = 50
    alarms = numbers[counters.ALARMS]
    alarms["breaker-open", "intl"].value, alarms["canary-wanted", "intl"].value = 2, 9
    outcomes = numbers[counters.OUTCOMES]
    outcomes["stopped", "intl"].value, outcomes["diverted", "intl"].value = 3, 1
    outcomes["leaked", "intl"].value = 1
    found = running("intl", numbers.series())
    assert found == Running(
        1000.5, 200, {"list.calling": 7, "list.called": 1}, 5, 4, {"guardrail.late": 2}, 2
    )
    assert found.share == 0.04
    assert found.line()["share"] == 0.04
    none = running("none", numbers.series())
    assert (none.calls, none.share, none.since_s) == (0, 0.0, 1000.5)
