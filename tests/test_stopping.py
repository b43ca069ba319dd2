# SPDX-License-Identifier: Apache-2.0
"""From a verdict that acts to one answer or one order, and to what was heard of it."""

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from edge.enforce.answer import Answers, Terms
from edge.enforce.cap import Cap
from edge.enforce.post import DEPTH, Post
from edge.enforce.watch import Watch
from edge.evidence.journal import NOT_KEPT, Kept
from edge.model.answer import GO_ON, Answer
from edge.model.event import CallAnswered, CallOffered, CallReleased, Trunk, TrunkClass
from edge.model.number import Party, Refusal
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.pipeline import Decided
from edge.ports import Order, Receipt
from edge.settings.keys import Part
from edge.stopping import ALARM_EVERY_NS, NS, Ends, Stopping, Times, Way, sentence
from tests.call.sip_talk import write
from tests.enforce.talk import decided, offer, verdict
from tests.verdict.calls import ABROAD, CALLED, NATIONAL, NOW, call, refused

if TYPE_CHECKING:
    from edge.verdict.guardrail import Alarm

GATED, TOLD, BARE = ABROAD, NATIONAL, Trunk("bare", TrunkClass.PBX)
TIMES = Times(deadline=2 * NS, within=10 * NS, again=4 * NS)
KEPT = Kept("18c-1", 0)


class Nothing(BaseModel):
    """A driver with nothing to set."""


class House:
    """A trunk whose switch asks, one whose switch is told, and whoever hears of it all."""

    def __init__(self, most: int = 100, desk: str = "sip:desk@pbx.example") -> None:
        self.now = NOW
        self.settled: list[Outcome] = []
        self.alarms: list[Alarm] = []
        self.may = True
        ends = Ends(self._settle, self.alarms.append, self._may, lambda: self.now)
        self.post = Post("pbx", Part(driver="x", settings=Nothing()), lambda *_: None, bool)
        ways = {
            GATED.name: Way(gates=True, post=None, cap=Cap(most)),
            TOLD.name: Way(gates=False, post=self.post, cap=Cap(most)),
        }
        self.stopping = Stopping(Answers(Terms(desk=desk)), ways, TIMES, ends)

    def orders(self) -> list[Order]:
        return list(self.post._orders._items)

    def release(self, found: CallOffered, status: int = 603) -> None:
        """Have a tap hear that a call is over."""
        unit = Unit("mirror", LinkType.ETHERNET, self.now, b"")
        event = CallReleased(
            self.now, found.call, found.attempt, str(status), "called", False, 0, status
        )
        self.stopping.follow(unit, event)

    def wait(self, time: int = TIMES.within) -> list[Result]:
        """Let time pass; returns what was settled by then."""
        self.now += time
        self.stopping.pass_time()
        return [outcome.result for outcome in self.settled]

    def _settle(self, outcome: Outcome, _: Watch) -> None:
        self.settled.append(outcome)

    def _may(self, trunk: str) -> bool:
        return self.may and trunk == TOLD.name


def on(trunk: Trunk, number: int = 1, action: Action = Action.BLOCK) -> Decided:
    """Return a verdict on a call of its own."""
    return decided(action, offer(write("INVITE", call=f"c{number}"), trunk))


def test_a_gate_is_given_the_answer_and_the_tap_hears_it_happen() -> None:
    house, found = House(), on(GATED)
    answer = house.stopping.asked(found, KEPT)
    assert (answer.action, answer.status, answer.redress) == (Action.BLOCK, 603, "18c-1")
    house.stopping.heard(found, KEPT)
    house.release(found.offer)
    assert house.wait() == [Result.STOPPED]
    (outcome,) = house.settled
    assert (outcome.by, outcome.told) == ("here", "was answered 603 Decline")
    assert (house.stopping.counts, house.alarms) == ({"answered": 1}, [])


def test_a_tap_may_hear_it_first() -> None:
    house, found = House(), on(GATED)
    house.stopping.heard(found, KEPT)
    assert house.stopping.pending == 1
    house.stopping.asked(found, KEPT)
    house.release(found.offer)
    assert house.wait() == [Result.STOPPED]
    assert house.orders() == []  # its switch asks


def test_a_switch_that_asks_again_is_answered_alike_and_it_is_one_stop() -> None:
    house, found = House(most=1), on(GATED)
    answers = [house.stopping.asked(found, KEPT) for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert (house.stopping.pending, house.alarms) == (1, [])


def test_a_switch_is_told_once_what_it_needs_to_know() -> None:
    house, found = House(), on(TOLD)
    for _ in range(3):
        house.stopping.heard(found, KEPT)
    (order,) = house.orders()
    assert (order.id, order.call, order.verdict) == ("18c-1", found.offer, found.verdict)
    assert (order.answer.status, order.answer.cause) == (603, 21)
    assert order.deadline_ns == NOW + TIMES.deadline
    assert house.stopping.counts == {"ordered": 1}


@pytest.mark.parametrize(
    ("accepted", "count", "result"),
    [(True, "accepted", Result.STOPPED), (False, "refused", Result.ENDED)],
)
def test_what_the_switch_said_is_in_the_outcome(accepted: bool, count: str, result: Result) -> None:
    house, found = House(), on(TOLD)
    house.stopping.heard(found, KEPT)
    (order,) = house.orders()
    house.stopping.told(order, Receipt(order.id, accepted, "as it says"))
    house.release(found.offer)
    assert house.wait() == [result]
    assert (house.settled[0].by, house.settled[0].told) == ("pbx", "as it says")
    assert house.stopping.counts == {"ordered": 1, count: 1}


# A call goes on, and is not waited for, where nothing can or may stop it.
NO_BASIS = Verdict(Action.BLOCK, Action.BLOCK, Basis.NONE, "default", Mode.ENFORCE)
GOES_ON: dict[str, tuple[Verdict, Kept]] = {
    "only observed": (verdict(Action.OBSERVE, Action.BLOCK), KEPT),
    "allowed": (verdict(Action.ALLOW), KEPT),
    "no basis to answer by": (NO_BASIS, KEPT),
    "nobody could prove why": (verdict(), Kept("18c-1", NOT_KEPT)),
}


@pytest.mark.parametrize(("found", "kept"), GOES_ON.values(), ids=GOES_ON)
@pytest.mark.parametrize("trunk", [GATED, TOLD], ids=["gated", "told"])
def test_what_goes_on(trunk: Trunk, found: Verdict, kept: Kept) -> None:
    house = House()
    goes_on = replace(on(trunk), verdict=found)
    assert house.stopping.asked(goes_on, kept) is GO_ON
    house.stopping.heard(goes_on, kept)
    assert (house.stopping.pending, house.orders(), house.wait()) == (0, [], [])


def test_a_trunk_without_a_way_to_its_switch_is_only_observed() -> None:
    house = House()
    assert house.stopping.asked(on(BARE), KEPT) is GO_ON
    house.stopping.heard(on(BARE), KEPT)
    assert (house.stopping.pending, house.stopping.counts) == (0, {})


def test_a_gate_of_a_trunk_whose_switch_is_told_only_lets_go_on() -> None:
    house, found = House(), on(TOLD)
    assert house.stopping.asked(found, KEPT) is GO_ON
    house.stopping.heard(found, KEPT)
    assert len(house.orders()) == 1


@pytest.mark.parametrize("desk", ["", "sip:desk@pbx.example"])
def test_a_call_is_diverted_where_there_is_a_desk(desk: str) -> None:
    house, found = House(desk=desk), on(GATED, action=Action.DIVERT)
    answer = house.stopping.asked(found, KEPT)
    assert (answer.stops, answer.contact) == (bool(desk), desk)
    assert house.stopping.counts == ({"answered": 1} if desk else {"no answer for it": 1})


@pytest.mark.parametrize("trunk", [GATED, TOLD])
def test_no_more_than_a_trunk_allows_in_a_minute(trunk: Trunk) -> None:
    house = House(most=2)
    for number in range(5):
        found, kept = on(trunk, number), Kept(f"r-{number}", number)
        if trunk is GATED:
            assert house.stopping.asked(found, kept).stops == (number < 2)
        house.stopping.heard(found, kept)
    assert house.stopping.pending == 2
    assert house.stopping.counts["capped"] >= 3
    (alarm,) = house.alarms
    assert (alarm.name, alarm.trunk, alarm.at) == ("stops-capped", trunk.name, NOW)
    assert alarm.text == "more than 2 stops in a minute"
    house.now += 60 * NS
    house.stopping.heard(on(trunk, 9), Kept("r-9", 9))
    assert house.stopping.pending == 3


def test_while_a_switch_is_away_calls_go_through_and_it_is_said() -> None:
    house, found = House(), on(TOLD)
    house.post.there.away = "connection refused"
    house.stopping.heard(found, KEPT)
    assert (house.orders(), house.stopping.counts) == ([], {"not put": 1})
    assert house.wait() == [Result.FAILED]
    (alarm,) = house.alarms
    assert (alarm.name, alarm.trunk) == ("call-failed", TOLD.name)
    assert alarm.text == "failed: +447700900123 to +77172000001, pbx: connection refused"


def test_a_switch_that_is_too_slow_loses_no_memory() -> None:
    house = House(most=1 << 20)
    for number in range(DEPTH + 1):
        house.stopping.heard(on(TOLD, number), Kept(f"r-{number}", number))
    assert house.stopping.counts == {"ordered": DEPTH, "not put": 1}
    house.wait()
    assert house.settled[-1].told == "too many orders wait for the switch"


def test_an_order_may_be_held_back_until_it_is_told() -> None:
    house = House()
    house.stopping.heard(on(TOLD), KEPT)
    (order,) = house.orders()
    assert house.stopping.may(order)
    house.may = False
    assert not house.stopping.may(order)


def test_what_comes_again_on_another_trunk_is_an_alarm() -> None:
    house, found, again = House(), on(GATED), on(TOLD, 2)
    house.stopping.asked(found, KEPT)
    house.stopping.heard(found, KEPT)
    house.release(found.offer)
    house.stopping.follow(Unit("t", LinkType.ETHERNET, NOW, b""), again.offer)
    assert house.wait() == [Result.REROUTED]
    (alarm,) = house.alarms
    assert alarm.name == "call-rerouted"
    said = "heard 603, here: was answered 603 Decline, came again as c2 on AST-NAT"
    assert alarm.text.endswith(said)


def test_a_flood_of_alarms_is_one_in_a_while() -> None:
    house = House()

    def fail(*numbers: int) -> None:
        for number in numbers:
            house.stopping.heard(on(GATED, number), Kept(f"r-{number}", number))
        house.wait()

    fail(*range(50))
    assert len(house.alarms) == 1
    house.now -= TIMES.within
    fail(50)  # within the while
    assert len(house.alarms) == 1
    house.now += ALARM_EVERY_NS
    fail(51)
    first, second = house.alarms
    assert "more like it" not in first.text
    assert second.text.endswith("; 50 more like it since the last")
    house.now -= 3600 * NS  # the clock is set back
    fail(52)
    assert len(house.alarms) == 3


def test_the_end_of_the_process_settles_all() -> None:
    house = House()
    house.stopping.asked(on(GATED), KEPT)
    house.stopping.heard(on(TOLD, 2), Kept("r-2", 1))
    house.stopping.finish()
    assert [outcome.result for outcome in house.settled] == [Result.UNPROVEN, Result.UNPROVEN]
    assert house.stopping.pending == 0


def test_findings_of_calls_that_go_on_cost_nothing() -> None:
    house, unit = House(), Unit("t", LinkType.ETHERNET, NOW, b"")
    house.stopping.follow(unit, offer())
    house.stopping.follow(unit, CallAnswered(NOW, "c1", 1, 1))
    house.stopping.heard(on(GATED), KEPT)
    house.stopping.follow(unit, on(GATED))  # a verdict comes by `heard`
    assert house.stopping.pending == 1


OUTCOME = Outcome(NOW, Result.STOPPED, "c1", 1, "intl", "r-1", "pbx", "done", "603", 250_000_000)
SHORT = {"heard": "", "after_ns": 0}
SENTENCES: list[tuple[dict[str, Any], str]] = [
    ({}, "stopped: A to B, 250 ms after it was offered, heard 603, pbx: done"),
    (
        {"result": Result.STOPPED_RINGING},
        "stopped after ring: A to B, 250 ms after it was offered, heard 603, pbx: done",
    ),
    (SHORT | {"told": ""}, "stopped: A to B, pbx: no answer"),
    (SHORT | {"by": ""}, "stopped: A to B"),
    (SHORT | {"by": "", "again": "c2 on x"}, "stopped: A to B, came again as c2 on x"),
    # What switches and strangers say must not reach a terminal.
    (SHORT | {"told": "\x1b[2J\nno"}, "stopped: A to B, pbx: \ufffd[2J\ufffdno"),
]


@pytest.mark.parametrize(("changed", "text"), SENTENCES)
def test_an_outcome_for_people(changed: dict[str, Any], text: str) -> None:
    watch = Watch(call(), Answer(Action.BLOCK), "r-1", 0)
    whole = text.replace("A to B", "+447700900123 to +77172000001")
    assert sentence(replace(OUTCOME, **changed), watch) == whole


def test_a_number_that_is_none_is_safe_to_print() -> None:
    hostile = Party("from", refused("\x1b]0;x\x07", Refusal.ABSENT))
    watch = Watch(call(hostile, CALLED), Answer(Action.BLOCK), "r-1", 0)
    assert sentence(OUTCOME, watch).isprintable()


def test_a_call_that_was_settled_is_answered_alike_and_not_watched_again() -> None:
    house, found = House(), on(GATED)
    first = house.stopping.asked(found, KEPT)
    house.wait()
    assert house.stopping.asked(found, KEPT) == first
    house.stopping.heard(found, KEPT)
    assert (house.stopping.pending, len(house.settled)) == (0, 1)
