# SPDX-License-Identifier: Apache-2.0
"""The table of numbers: named as Prometheus asks, and in step with the words of other rooms."""

import re
from typing import get_args

import pytest

from edge import counters
from edge.counters import BY_NAME, TABLE, Counter, Declared, Histogram, Label
from edge.decode.signalling import FATES
from edge.model.verdict import Action
from edge.report import kinds, message
from edge.report.event import Class, Clock

LABELS = {
    "action", "alarm", "cause", "class", "fate", "kind", "layer", "list", "outcome", "part",
    "python", "quality", "reason", "rule", "state", "status", "tap", "trunk", "version", "wanted",
}  # fmt: skip
"What may tell series apart; `process` is added by the page. None can be a subscriber."

UNITS = {"seconds": "_seconds", "bytes": "_bytes"}
"Base units that a name must say."


def values(label: Label) -> set[str]:
    return set(label.values)


def label_of(declared: Declared, name: str) -> Label:
    (found,) = (label for label in declared.labels if label.name == name)
    return found


@pytest.mark.parametrize("declared", TABLE, ids=lambda declared: declared.name)
def test_every_number_is_named_and_described(declared: Declared) -> None:
    assert re.fullmatch("qalqan(_[a-z]+)+", declared.name)
    assert declared.name.endswith("_total") == isinstance(declared, Counter)
    assert re.fullmatch(r"[A-Z1].*\.", declared.meaning)
    assert UNITS.get(declared.unit, "") in declared.name
    assert {label.name for label in declared.labels} <= LABELS
    if isinstance(declared, Histogram):
        assert list(declared.bounds) == sorted(set(declared.bounds))
        assert declared.unit == "seconds"


def test_the_table_is_whole() -> None:
    assert len(BY_NAME) == len(TABLE) > 40
    assert counters.VERDICT_SECONDS.bounds[0] == 1e-6
    assert counters.VERDICT_SECONDS.bounds[-1] == 0.1


def test_closed_sets_are_those_of_the_rooms_that_count() -> None:
    events = {cls.value for cls in Class}
    for declared in TABLE:
        for label in declared.labels:
            if label.name == "class":
                assert values(label) == events
    assert values(label_of(counters.VERDICTS, "action")) == {action.value for action in Action}
    assert values(label_of(counters.UNITS_BECAME, "fate")) == set(FATES)
    assert values(label_of(counters.CLOCK_QUALITY, "quality")) == {clock.value for clock in Clock}
    reasons = get_args(kinds.GapEvent.model_fields["reason"].annotation)
    assert values(label_of(counters.OUTBOX_DROPPED, "reason")) == set(reasons)
    commands = get_args(message.Order.model_fields["kind"].annotation)
    assert values(label_of(counters.COMMANDS, "kind")) == set(commands)
    states = get_args(message.Result.model_fields["state"].annotation)
    assert values(label_of(counters.COMMANDS, "state")) == set(states)
