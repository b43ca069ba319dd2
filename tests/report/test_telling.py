# SPDX-License-Identifier: Apache-2.0
"""What `core` finds is told in the shapes of the contract, and no honest called number with it."""

from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import TypeAdapter

from edge.model.event import CallAnswered, CallReleased, TapBlind
from edge.model.message import Malformed, Message
from edge.model.number import Number
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.pipeline import Decided, Finding
from edge.report.event import Class, Clock, Event, Moment, encode, numbered
from edge.report.kinds import AnyEvent
from edge.report.retelling import MOST_TEXT
from edge.report.telling import EVERY_NS, MOST_KINDS, Hashing, Teller
from edge.report.trace import labels_of
from edge.verdict.guardrail import Alarm
from tests.call.circuit_talk import IAM, isup_message
from tests.detect.box import message, octets
from tests.verdict.calls import FIXED, NOW, call

READ: TypeAdapter[Any] = TypeAdapter(AnyEvent)
HASHING = Hashing(lambda text, at: f"hash({len(text)},{at})", lambda at: "2026Q1-test")


class Desk:
    """A teller, and what it told."""

    def __init__(self, hashing: Hashing | None = HASHING, most: int = 100) -> None:
        self.told: list[Event] = []
        self.teller = Teller(
            self.told.append, lambda at: Moment(at, 5, "boot", Clock.SYNCED), hashing, most
        )

    def read(self) -> list[Any]:
        """Return what was told as the hub reads it, and forget it."""
        told, self.told[:] = list(self.told), []
        return [READ.validate_json(numbered(n, encode(e))) for n, e in enumerate(told, start=1)]


def decided(action: Action, number: int = 1, heard: Message | None = None) -> Decided:
    verdict = Verdict(action, action, Basis.LIST, "list.calling", Mode.ENFORCE, (), 7, "AST-1")
    offer = replace(call(), call=f"c{number}", message=heard or message(octets()))
    return Decided(offer, verdict, 1500)


def released(number: int = 1, *, answered: bool = True) -> CallReleased:
    return CallReleased(NOW + 9, f"c{number}", 1, "BYE", "calling", answered, 5_000_000_000)


def test_a_stopped_call_is_told_at_once_and_in_full() -> None:
    desk = Desk()
    desk.teller.tell(decided(Action.BLOCK), record="r-1", leaf=4)
    desk.teller.tell(released())
    (event,) = desk.told
    assert event.cls is Class.BLOCK
    (said,) = desk.read()
    assert (said.kind, said.record, said.leaf, said.at) == ("verdict", "r-1", 4, NOW)
    assert (said.calling, said.called) == ("+447700900123", "+77172000001")
    assert (said.rule, said.list_version, said.legal_basis) == ("list.calling", 7, "AST-1")
    assert (said.mono, said.boot, said.clock, said.took_us) == (5, "boot", "synced", 1.5)


def test_a_call_let_through_is_told_when_it_is_over_without_who_was_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.call.compact.LEAST", 0)
    desk = Desk()
    desk.teller.tell(decided(Action.ALLOW))
    desk.teller.tell(CallAnswered(NOW + 1, "c1", 1, 1))
    desk.teller.compact()
    assert desk.told == []
    desk.teller.tell(released())
    assert FIXED.e164 not in str(desk.told)
    (said,) = desk.read()
    assert (said.kind, said.calling, said.answered, said.cause) == (
        "call", "+447700900123", True, "BYE"
    )  # fmt: skip
    assert (said.call, said.called) == (f"hash(2,{NOW})", f"hash(12,{NOW})")
    assert (said.key, said.offered, said.lasted_ms) == ("2026Q1-test", NOW, 5000)


@pytest.mark.parametrize("calling", ["", "ұялы", "a\nb", "😀" * 2 * MOST_TEXT], ids=len)
@pytest.mark.parametrize("called", ["", "қала", "b" * 2 * MOST_TEXT, "\udc80"], ids=len)
def test_numbers_that_are_none_are_told_as_they_were_heard(calling: str, called: str) -> None:
    desk = Desk(Hashing(lambda text, _at: ascii(text), lambda _at: "2026Q1-test"))
    found = decided(Action.ALLOW)
    refused = [replace(found.offer.calling, number=Number(raw)) for raw in (calling, called)]
    offer = replace(found.offer, calling=refused[0], called=refused[1])
    desk.teller.tell(Decided(offer, found.verdict, 1500))
    desk.teller.tell(released())
    (said,) = desk.read()
    assert said.calling == (calling or "(none)")[:MOST_TEXT]
    assert said.called == ascii(called or "(none)")


@pytest.mark.parametrize(
    ("heard", "peer"),
    [(message(octets()), "192.0.2.20"), (isup_message(bytes(IAM)), "OPC 100")],
    ids=["INVITE", "IAM"],
)
def test_who_handed_it_to_us_is_told_and_by_what_others_know_the_call(
    heard: Message, peer: str
) -> None:
    desk = Desk()
    desk.teller.tell(decided(Action.BLOCK, heard=heard), record="r-1")
    desk.teller.tell(decided(Action.ALLOW, 2, heard))
    desk.teller.tell(released(2))
    stopped, passed = desk.read()
    assert stopped.peer == passed.peer == peer
    assert stopped.trace == passed.trace == labels_of("+77172000001", NOW, HASHING.of)


def test_without_a_key_no_call_is_told() -> None:
    desk = Desk(hashing=None)
    desk.teller.tell(decided(Action.ALLOW))
    desk.teller.tell(released())
    assert desk.told == []


def test_calls_that_never_end_are_bounded() -> None:
    desk = Desk(most=10)
    for number in range(25):
        desk.teller.tell(decided(Action.ALLOW, number))
    assert len(desk.teller._passed) == 10
    desk.teller.tell(released(3))
    assert desk.told == []  # given up
    desk.teller.tell(released(24))
    assert [event.kind for event in desk.told] == ["call"]


@pytest.mark.parametrize(
    ("finding", "cls", "kind"),
    [
        (TapBlind(NOW, "mirror", ("world",), "kernel ring full", 9), Class.BLOCK, "tap-blind"),
        (CallAnswered(NOW, "nobody", 1, 0), None, ""),
        (released(99), None, ""),
    ],
)
def test_other_findings(finding: Finding, cls: Class | None, kind: str) -> None:
    desk = Desk()
    desk.teller.tell(finding)
    assert [(event.cls, event.kind) for event in desk.told] == ([(cls, kind)] if cls else [])
    assert len(desk.read()) == bool(cls)


def test_an_alarm_is_told_at_once_and_bounded() -> None:
    desk = Desk()
    desk.teller.alarm(Alarm("breaker-open", "world", NOW, "x" * 10_000))
    assert desk.told[0].cls is Class.AUDIT
    (said,) = desk.read()
    assert (said.name, said.trunk, len(said.text)) == ("breaker-open", "world", MOST_TEXT)


@pytest.mark.parametrize("result", Result)
def test_an_outcome_is_told_at_once_under_the_record_of_its_verdict(result: Result) -> None:
    desk = Desk()
    outcome = Outcome(
        NOW, result, "c1", 2, "world", "r-1", "pbx", "done", "603", 250_000_000, "c2 on other"
    )
    desk.teller.outcome(outcome, leaf=5)
    assert desk.told[0].cls is Class.BLOCK
    (said,) = desk.read()
    assert (said.kind, said.record, said.leaf, said.at) == ("outcome", "r-1", 5, NOW)
    assert (said.call, said.attempt, said.trunk, said.result) == ("c1", 2, "world", result.value)
    assert (said.by, said.told, said.heard) == ("pbx", "done", "603")
    assert (said.after_ms, said.again) == (250, "c2 on other")


def test_what_others_say_of_an_outcome_does_not_fill_the_line() -> None:
    desk, long = Desk(), "x" * 10_000
    desk.teller.outcome(
        Outcome(NOW, Result.FAILED, long, 1, "world", "r-1", "pbx", long, long, 0, long), -1
    )
    (said,) = desk.read()
    assert {len(text) for text in (said.call, said.told, said.heard, said.again)} == {MOST_TEXT}


def malformed(why: str) -> Malformed:
    return Malformed("sip", 3, why, b"x", Unit("mirror", LinkType.ETHERNET, NOW, b"x", 1))


def test_numbers_and_the_unreadable_are_told_once_a_minute() -> None:
    desk = Desk()
    desk.teller.tell(malformed("no CSeq"))
    desk.teller.tell(malformed("no CSeq"))
    assert desk.told == []
    for at in (NOW, NOW + 1, NOW + EVERY_NS - 1):
        desk.teller.pass_time(at, lambda: {"calls_total": 3.0, "lost": 0})
    assert [event.cls for event in desk.told] == [Class.METRIC, Class.DEBUG]
    counters, unread = desk.read()
    assert (counters.process, counters.values) == ("core", {"calls_total": 3.0})
    assert (unread.tap, unread.layer, unread.why, unread.count) == ("mirror", "sip", "no CSeq", 2)
    desk.teller.pass_time(NOW - EVERY_NS, dict)  # the clock was set back an hour
    assert len(desk.told) == 1


def test_made_up_reasons_do_not_fill_memory_or_the_line() -> None:
    desk = Desk()
    for number in range(10 * MOST_KINDS):
        desk.teller.tell(malformed(f"{number}" * 1000))
    desk.teller.pass_time(NOW, dict)
    assert len(desk.told) == MOST_KINDS + 2
    assert max(len(event.fields["why"]) for event in desk.told[1:]) == MOST_TEXT  # type: ignore[arg-type]
    assert sum(said.count for said in desk.read()[1:]) == 10 * MOST_KINDS
