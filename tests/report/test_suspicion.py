# SPDX-License-Identifier: Apache-2.0
"""What the hub is told of campaigns, read in the shapes of the contract, and within bounds."""

from typing import Any

from msgspec.structs import replace
from pydantic import TypeAdapter

from edge.detect.case import Case, Member, case_of
from edge.detect.countries import Nowhere
from edge.report.event import MOST_OCTETS, Class, Clock, Event, Moment, encode, numbered
from edge.report.kinds import AnyEvent
from edge.report.suspicion import MOST_LINES, campaign_event, clue_events
from tests.detect.test_case import WHOSE, found

READ: TypeAdapter[Any] = TypeAdapter(AnyEvent)
MOMENT = Moment(1_900_000_000 * 10**9, 5, "boot", Clock.SYNCED)


def read(event: Event) -> Any:
    octets = numbered(1, encode(event))
    assert len(octets) < MOST_OCTETS
    return READ.validate_json(octets)


def case() -> Case:
    return case_of(found(extra=WHOSE), Nowhere())


def test_a_campaign_is_told_with_reasons_members_and_marks() -> None:
    one = case()
    event = campaign_event(one, "open", MOMENT)
    assert event.cls is Class.BLOCK
    said = read(event)
    assert (said.kind, said.campaign, said.state, said.at) == (
        "campaign", one.id, "open", MOMENT.at,
    )  # fmt: skip
    assert (said.score, said.calls, said.hours) == (one.score, one.calls, one.hours)
    assert {reason.code for reason in said.reasons} >= {"rotation", "short"}
    assert all(reason.text.endswith(".") for reason in said.reasons)
    assert [(m.kind, m.value) for m in said.members] == [(m.kind, m.value) for m in one.members]
    assert {mark.kind for mark in said.marks} == {"media", "key", "origid"}
    assert said.members_left_out == 0


def test_what_is_too_much_for_an_event_is_left_out_and_said() -> None:
    many = tuple(Member("source", f"203.0.113.{n} {'x' * 500}") for n in range(200))
    said = read(campaign_event(replace(case(), members=many), "open", MOMENT))
    assert 0 < len(said.members) < 200
    assert said.members_left_out == 200 - len(said.members)


def test_a_line_is_told_with_the_records_it_stands_on() -> None:
    one = case()
    events = list(clue_events(one, 0, MOMENT))
    assert len(events) == len(one.lines)
    for event, line in zip(events, one.lines, strict=True):
        said = read(event)
        assert (said.kind, said.campaign, said.clue, said.value) == (
            "clue", one.id, line.kind, line.value,
        )  # fmt: skip
        assert (said.confidence, said.trust, said.calls) == (
            line.confidence, line.trust, line.calls,
        )  # fmt: skip
        assert [e.record for e in said.evidence] == [e.record for e in line.evidence]
        assert all(e.record and e.leaf >= 0 and e.tap for e in said.evidence)


def test_only_what_is_new_is_told_and_not_without_end() -> None:
    one = case()
    assert list(clue_events(one, one.last, MOMENT)) == []
    assert list(clue_events(one, one.last - 1, MOMENT))
    line = one.lines[0]
    many = replace(one, lines=tuple(replace(line, value=str(n)) for n in range(MOST_LINES + 9)))
    assert len(list(clue_events(many, 0, MOMENT))) == MOST_LINES
