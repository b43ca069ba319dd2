# SPDX-License-Identifier: Apache-2.0
"""What the tap heard and what the switch said, in order, and what is said about it then."""

from typing import Any

import pytest
from msgspec.structs import replace

from edge.enforce.proof import NS, Proof
from edge.model.answer import Answer
from edge.model.event import UNKNOWN_TRUNK, CallOffered, CallReleased, Trunk, TrunkClass
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action
from tests.call.sip_talk import CALLER, SWITCH, Talk, write
from tests.enforce.talk import called_from, message, offer
from tests.verdict.calls import NOW

WITHIN, AGAIN = 10 * NS, 4 * NS
MS = 1_000_000
BLOCK = Answer(Action.BLOCK, 603, "Decline", cause=21)
DIVERT = Answer(Action.DIVERT, 302, "Moved Temporarily", contact="sip:desk@pbx.example", cause=21)

BOTH = ("caller", "callee")
TO_DESK = write("INVITE", via=("p", "a")).replace(b"+77172000001@s SIP", b"desk@PBX.example SIP")
MESSAGES = {
    "180": write("180", tags=BOTH),
    "200": write("200", tags=BOTH),
    "302": write("302", tags=BOTH),
    "486": write("486", tags=BOTH),
    "487": write("487", tags=BOTH),
    "603": write("603", tags=BOTH),
    "608": write("608", tags=BOTH),
    "403 with cause 21": write("403", tags=BOTH, extra="Reason: Q.850;cause=21\r\n"),
    "BYE": write("BYE", cseq="2", tags=BOTH),
    "CANCEL": write("CANCEL"),
    "desk": TO_DESK,
    "desk again": TO_DESK,
}
"What the tap hears of the call, by the word for it."

CIRCUIT = {"REL 21": 21, "DISCONNECT 21": 21, "REL 16": 16, "idle": 0, "evicted": 0}
"What is heard of a call on a circuit, or not heard any more; with its cause."

ON_ANOTHER_TRUNK = "again on another trunk"
CALL = "c1"


class Line:
    """A tap that hears one call, a switch that is told, and what is proved in the end."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.now = NOW
        self.settled: list[Outcome] = []
        self.proof = Proof(lambda outcome, _: self.settled.append(outcome), WITHIN, AGAIN)
        self.calls = Talk().calls
        self.calls.desks = frozenset({("desk", "pbx.example")})
        self.steps = {
            "INVITE": self._invite,
            "order": lambda: self.proof.asked("r-1", "pbx", self.now),
            "agreed": lambda: self.proof.answered("r-1", "done", accepted=True),
            "refused": lambda: self.proof.answered("r-1", "no such call", accepted=False),
            "gate": self._gate,
            "again": lambda: self._again("here"),
            ON_ANOTHER_TRUNK: lambda: self._again("abroad"),
            "gate asks again": lambda: self.proof.watch(self._offer("abroad"), BLOCK, "r-2", 0),
            "later": lambda: self._pass(AGAIN),
        }

    def play(self, story: str) -> Outcome:
        """Return what came of a story in the end."""
        self.tell(story)
        self._pass(WITHIN)
        (outcome,) = (outcome for outcome in self.settled if outcome.record == "r-1")
        return outcome

    def tell(self, story: str) -> None:
        """Go through a story; its steps are a millisecond apart."""
        for step in story.split(", "):
            self._pass(MS)
            if step in self.steps:
                self.steps[step]()
            elif step in MESSAGES:
                self._hear(MESSAGES[step])
            else:
                by = "us" if step in {"idle", "evicted"} else "network"
                self._follow(
                    CallReleased(self.now, CALL, 1, step, by, False, 0, q850_cause=CIRCUIT[step])
                )

    def _pass(self, time: int) -> None:
        self.now += time
        self.proof.expire(self.now)

    def _offer(self, tap: str) -> CallOffered:
        (found,) = self.calls.feed(message(write("INVITE", call="c2"), self.now, tap))
        assert isinstance(found, CallOffered)
        return found

    def _again(self, tap: str) -> None:
        self.proof.offered(self._offer(tap))

    def _gate(self) -> None:
        """Ask at the gate: it is answered in the same tick."""
        self.proof.watch(offer(at=self.now, tap="gate"), self.answer, "r-1", self.now)
        self.proof.asked("r-1", "gate", self.now)
        self.proof.answered("r-1", "was answered", accepted=True)

    def _invite(self) -> None:
        (found,) = self.calls.feed(message(write("INVITE"), self.now))
        assert isinstance(found, CallOffered)
        self.proof.offered(found)
        self.proof.watch(found, self.answer, "r-1", self.now)
        self.proof.heard("r-1", found)

    def _hear(self, octets: bytes) -> None:
        heard = message(octets, self.now)
        for event in self.calls.feed(heard):
            self._follow(event, heard.unit)

    def _follow(self, event: Any, unit: Unit | None = None) -> None:
        unit = unit or Unit("e1", LinkType.MTP2, self.now, b"")
        self.proof.follow(event, unit, self.now)


BLOCKED = [
    # The order of what the tap hears and whom the gate answers is chance.
    ("gate, INVITE, 603", Result.STOPPED),
    ("INVITE, gate, 603", Result.STOPPED),
    ("INVITE, order, agreed, 603", Result.STOPPED),
    ("INVITE, order, 603, agreed", Result.STOPPED),
    ("INVITE, order, 603", Result.STOPPED),
    ("INVITE, order, agreed, 403 with cause 21", Result.STOPPED),
    ("INVITE, order, agreed, REL 21", Result.STOPPED),
    ("INVITE, order, agreed, DISCONNECT 21", Result.STOPPED),
    # How far it had come.
    ("INVITE, order, 180, agreed, 603", Result.STOPPED_RINGING),
    ("INVITE, 180, order, agreed, 603", Result.STOPPED_RINGING),
    ("INVITE, order, agreed, 180, CANCEL, 487", Result.STOPPED_RINGING),
    ("INVITE, order, agreed, 200, BYE", Result.STOPPED_TALKING),
    ("INVITE, order, agreed, 200, later, BYE", Result.LEAKED),  # they have hung up by themselves
    ("INVITE, 180, 200, order, agreed, BYE", Result.STOPPED_TALKING),
    # CANCEL and BYE are a stop only if the switch had agreed by then.
    ("INVITE, order, agreed, CANCEL, 487", Result.STOPPED),
    ("INVITE, order, CANCEL, 487", Result.ENDED),
    ("INVITE, CANCEL, 487, order, agreed", Result.ENDED),
    ("INVITE, order, refused, CANCEL, 487", Result.ENDED),
    ("INVITE, order, refused, 200, BYE", Result.FAILED),
    ("INVITE, 200, BYE, order, agreed", Result.LEAKED),
    # One of the ends ended it.
    ("INVITE, order, agreed, 486", Result.ENDED),
    ("INVITE, order, agreed, REL 16", Result.ENDED),
    ("INVITE, order, agreed, 608", Result.ENDED),
    ("INVITE, order, refused, 603", Result.ENDED),
    ("INVITE, 603", Result.ENDED),
    ("INVITE, 603, later", Result.ENDED),
    # It comes again.
    (f"INVITE, order, agreed, 603, {ON_ANOTHER_TRUNK}", Result.REROUTED),
    (f"gate, INVITE, 603, {ON_ANOTHER_TRUNK}", Result.REROUTED),
    ("gate, INVITE, 603, gate asks again", Result.REROUTED),
    ("INVITE, order, agreed, 603, again", Result.STOPPED),
    (f"INVITE, order, agreed, 603, later, {ON_ANOTHER_TRUNK}", Result.STOPPED),
    (f"INVITE, order, agreed, 486, {ON_ANOTHER_TRUNK}", Result.ENDED),
    (f"INVITE, order, refused, 603, {ON_ANOTHER_TRUNK}", Result.ENDED),
    # It goes on.
    ("INVITE, order, agreed", Result.LEAKED),
    ("INVITE, order, agreed, 180, 200", Result.LEAKED),
    ("INVITE, order, agreed, 200, REL 16", Result.LEAKED),
    ("INVITE, order, refused", Result.FAILED),
    ("INVITE, order, refused, 180, 200", Result.FAILED),
    ("INVITE, order, 200", Result.FAILED),
    ("INVITE", Result.FAILED),
    ("INVITE, 180, 200", Result.FAILED),
    # Nothing was heard, or not any more.
    ("gate", Result.UNPROVEN),
    ("INVITE, order, agreed, idle", Result.LEAKED),
    ("INVITE, order, refused, evicted", Result.FAILED),
    ("INVITE, order, agreed, evicted, REL 21", Result.STOPPED),
    ("INVITE, order, agreed, idle, later, REL 21", Result.STOPPED),
    # Who was to be blocked and dials the desk is not diverted.
    ("INVITE, order, agreed, desk, 603", Result.STOPPED),
    ("INVITE, order, agreed, desk, later, 603", Result.STOPPED),
    ("INVITE, order, agreed, desk", Result.LEAKED),
]


@pytest.mark.parametrize(("story", "result"), BLOCKED, ids=[story for story, _ in BLOCKED])
def test_a_call_that_is_to_be_blocked(story: str, result: Result) -> None:
    line = Line(BLOCK)
    outcome = line.play(story)
    assert outcome.result is result
    assert bool(outcome.again) == (result is Result.REROUTED)
    line.proof.finish(line.now)
    assert {outcome.record for outcome in line.settled} <= {"r-1", "r-2"}
    assert (len(line.proof), line.proof._by_call, line.proof._by_pair) == (0, {}, {})


DIVERTED = [
    ("gate, INVITE, desk", Result.DIVERTED),
    ("INVITE, gate, desk, desk again", Result.DIVERTED),
    ("INVITE, order, desk, agreed", Result.DIVERTED),
    ("INVITE, order, agreed, desk, 180, 200, BYE", Result.DIVERTED),
    ("INVITE, 180, order, agreed, desk", Result.DIVERTED),
    ("INVITE, gate, 302", Result.DIVERTED),
    # A switch that makes two calls of one, or whatever it did: this end says nothing.
    ("INVITE, order, agreed", Result.UNPROVEN),
    ("INVITE, order, agreed, 200, BYE", Result.UNPROVEN),
    ("INVITE, order, agreed, CANCEL, 487", Result.UNPROVEN),
    ("INVITE, order, agreed, 486", Result.UNPROVEN),
    ("gate", Result.UNPROVEN),
    # The switch did not agree: whatever is heard, it was not its doing.
    ("INVITE, order, refused, desk", Result.FAILED),
    ("INVITE, order, refused, 200", Result.FAILED),
    ("INVITE, order, refused, 486", Result.ENDED),
    ("INVITE, desk", Result.FAILED),
    ("INVITE", Result.FAILED),
]


@pytest.mark.parametrize(("story", "result"), DIVERTED, ids=[story for story, _ in DIVERTED])
def test_a_call_that_is_to_be_diverted(story: str, result: Result) -> None:
    assert Line(DIVERT).play(story).result is result


def test_what_is_told_of_a_stop() -> None:
    """Times are those on the wire: of the offer and of the end, a millisecond a step."""
    assert Line(BLOCK).play("gate, INVITE, 180, 603") == Outcome(
        at=NOW + 4 * MS + WITHIN, result=Result.STOPPED_RINGING, call=CALL, attempt=1,
        trunk="unknown", record="r-1", by="gate", told="was answered", heard="603",
        after_ns=2 * MS,
    )  # fmt: skip
    rerouted = Line(BLOCK).play(f"INVITE, order, agreed, REL 21, {ON_ANOTHER_TRUNK}")
    assert (rerouted.again, rerouted.heard, rerouted.told) == ("c2 on intl", "REL 21", "done")
    diverted = Line(DIVERT).play("INVITE, order, agreed, desk, 200, BYE")
    assert (diverted.heard, diverted.after_ns) == ("diverted", 3 * MS)


@pytest.mark.parametrize(
    ("answer", "story", "at"),
    [
        (BLOCK, "INVITE, order, agreed", MS + WITHIN),
        (BLOCK, "INVITE, order, agreed, 180, 200", MS + WITHIN),
        (BLOCK, "INVITE, order, agreed, idle", MS + WITHIN),
        (BLOCK, "INVITE, order, agreed, 603", 4 * MS + AGAIN),
        (BLOCK, "INVITE, order, agreed, later, later, 603", MS + WITHIN),
        (DIVERT, "INVITE, gate, desk", 3 * MS + AGAIN),
        (DIVERT, "INVITE, gate, desk, desk again", 3 * MS + AGAIN),
    ],
)
def test_when_it_is_settled(answer: Answer, story: str, at: int) -> None:
    line = Line(answer)
    line.tell(story)
    line.proof.expire(NOW + at - 1)
    assert line.settled == []
    line.proof.expire(NOW + at)
    assert len(line.settled) == 1


def test_what_waits_at_the_end_is_settled_as_it_stands() -> None:
    line = Line(BLOCK)
    line.tell("INVITE, order, agreed, 603")
    line.proof.finish(line.now)
    line.proof.finish(line.now)
    assert [outcome.result for outcome in line.settled] == [Result.STOPPED]


def test_a_record_is_watched_once() -> None:
    proof = Proof(lambda *_: None, WITHIN, AGAIN)
    watch = proof.watch(offer(), BLOCK, "r-1", NOW)
    assert proof.watch(offer(), DIVERT, "r-1", NOW + 1) is watch
    assert (len(proof), proof.of("r-1"), proof.of("r-2")) == (1, watch, None)


def test_where_there_is_no_room_the_oldest_is_settled_as_it_stands() -> None:
    settled: list[Outcome] = []
    proof = Proof(lambda outcome, _: settled.append(outcome), WITHIN, AGAIN, most=2)
    for number in range(5):
        proof.watch(offer(write("INVITE", call=f"c{number}")), BLOCK, f"r-{number}", NOW)
    assert [outcome.record for outcome in settled] == ["r-0", "r-1", "r-2"]
    assert len(proof) == 2


def test_a_gate_that_was_shown_other_numbers_leaves_nothing_behind() -> None:
    """A switch may write numbers anew before it asks; the tap hears them as they came."""
    proof = Proof(lambda *_: None, WITHIN, AGAIN)
    proof.watch(offer(called_from("+447700900777")), BLOCK, "r-1", NOW)
    proof.heard("r-1", offer())
    assert len(proof._by_pair) == 1
    proof.finish(NOW)
    assert proof._by_pair == {}


def test_calls_of_others_and_of_nobody_change_nothing() -> None:
    line = Line(BLOCK)
    unit = Unit("e1", LinkType.MTP2, NOW, b"")
    line.proof.follow(CallReleased(NOW, "c9", 1, "603", "called", False, 0, 603), unit, NOW)
    for step in ("order", "agreed", "refused"):
        line.steps[step]()
    line.proof.heard("r-1", offer())
    line.proof.finish(NOW)
    assert line.settled == []


def test_two_who_hide_their_numbers_are_not_one() -> None:
    settled: list[Outcome] = []
    proof = Proof(lambda outcome, _: settled.append(outcome), WITHIN, AGAIN)
    hidden = called_from("")
    first = offer(hidden)
    proof.watch(first, BLOCK, "r-1", NOW)
    proof.heard("r-1", first)
    proof.asked("r-1", "gate", NOW)
    unit = Unit("e1", LinkType.MTP2, NOW, b"")
    proof.follow(CallReleased(NOW, CALL, 1, "603", "called", False, 0, 603), unit, NOW)
    proof.offered(offer(hidden.replace(b"c1", b"c2"), Trunk("other", TrunkClass.NATIONAL)))
    proof.finish(NOW)
    assert [outcome.result for outcome in settled] == [Result.STOPPED]


def test_what_is_cut_off_while_the_call_is_up_is_unproven() -> None:
    line = Line(BLOCK)
    line.tell("INVITE, order, agreed, 180")
    line.proof.finish(line.now)
    assert [outcome.result for outcome in line.settled] == [Result.UNPROVEN]
    assert line.proof.done("r-1") == BLOCK
    assert line.proof.done("r-2") is None


@pytest.mark.parametrize(("trunk", "source", "result"), [
    (UNKNOWN_TRUNK, SWITCH, Result.STOPPED),  # the leg of a switch that makes two calls of one
    (UNKNOWN_TRUNK, CALLER, Result.REROUTED),
    (Trunk("other", TrunkClass.NATIONAL), SWITCH, Result.REROUTED),
])  # fmt: skip
def test_a_leg_of_the_switch_itself_is_no_new_attempt(
    trunk: Trunk, source: bytes, result: Result
) -> None:
    settled: list[Outcome] = []
    proof, first = Proof(lambda outcome, _: settled.append(outcome), WITHIN, AGAIN), offer()
    proof.watch(first, BLOCK, "r-1", NOW)
    proof.heard("r-1", first)
    proof.asked("r-1", "gate", NOW)
    unit = Unit("e1", LinkType.MTP2, NOW, b"")
    proof.follow(CallReleased(NOW, CALL, 1, "603", "called", False, 0, 603), unit, NOW)
    leg = offer(write("INVITE", call="b2b"), trunk)
    leg.message.flow = replace(leg.message.flow, source=source)
    proof.offered(leg)
    proof.finish(NOW)
    assert [outcome.result for outcome in settled] == [result]
