# SPDX-License-Identifier: Apache-2.0
"""From a verdict that acts to a stop that was heard.

    verdict ─┬─ a gate asks ────► answer ───► the switch ─┐
             └─ a tap heard ──► order ─► post ─► the switch ─┴─► the tap hears ─► proof ─► outcome

One order, or one answer, for each call. What may not be stopped now goes on: the emergency stop, a
trunk put back to `observe`, more stops a minute than its trunk allows, a switch that is away, and a
disk that takes no evidence: no stop without a record of it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from edge.enforce.answer import Answers
from edge.enforce.cap import Cap
from edge.enforce.post import Post
from edge.enforce.proof import Proof
from edge.enforce.watch import Watch
from edge.evidence.journal import NOT_KEPT, Kept
from edge.model.answer import GO_ON, Answer
from edge.model.event import CallAnswered, CallOffered, CallProgressed, CallReleased, shown
from edge.model.outcome import ALARMING, Outcome
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding
from edge.ports import Order, Receipt
from edge.verdict.guardrail import Alarm

NS = 1_000_000_000
ALARM_EVERY_NS = 10 * NS
"Between two alarms of a kind on a trunk; those within are counted in the next."

Settle = Callable[[Outcome, Watch], None]


class Way(NamedTuple):
    """How the switch of a trunk is made to stop a call."""

    gates: bool
    "It asks."
    post: Post | None
    "It is told."
    cap: Cap


class Ends(NamedTuple):
    """Whom what is told."""

    settle: Settle
    "Takes an outcome and what proves it."
    alarm: Callable[[Alarm], None]
    may: Callable[[str], bool]
    "Whether verdicts on a trunk act now."
    now_ns: Callable[[], int]


class Times(NamedTuple):
    """How long what is waited for, nanoseconds."""

    deadline: int
    within: int
    again: int


class Stopping:
    """All calls that are to be stopped."""

    def __init__(self, answers: Answers, ways: Mapping[str, Way], times: Times, ends: Ends) -> None:
        """Stop calls of the trunks in `ways`, by name; those of others can only be observed."""
        self.counts: Counter[str] = Counter()
        "Orders and answers by what became of them before a switch heard of them."
        self._answers = answers
        self._ways = ways
        self._times = times
        self._ends = ends
        self._proof = Proof(self._settled, times.within, times.again)
        self._alarms: dict[tuple[str, str], tuple[int, int]] = {}
        "By name and trunk: when it was last said, and how many were not since."

    @property
    def pending(self) -> int:
        """Calls whose end is waited for."""
        return len(self._proof)

    @property
    def deadline_ns(self) -> int:
        """How long after its verdict a call can still be stopped, nanoseconds."""
        return self._times.deadline

    def tells(self, trunk: str) -> bool:
        """Whether the switch of a trunk is told, and does not ask."""
        way = self._ways.get(trunk)
        return way is not None and way.post is not None

    def asked(self, decided: Decided, kept: Kept) -> Answer:
        """Return what a gate is to say to the call of a verdict."""
        offer, record, now = decided.offer, kept.record, self._ends.now_ns()
        way = self._way(decided, kept)
        if way is None or not way.gates:
            return GO_ON
        if done := self._proof.done(record):
            return done
        if known := self._proof.of(record):
            self._proof.asked(record, offer.message.unit.tap, now)
            answer = known.answer
        else:
            answer = self._answer(offer, decided, record, way)
            if answer.stops:
                self._proof.watch(offer, answer, record, now)
                self._proof.asked(record, offer.message.unit.tap, now)
        if answer.stops:
            self.counts["answered"] += 1
            said = f"{answer.status} {answer.phrase}"
            self._proof.answered(record, f"was answered {said}", accepted=True)
        return answer

    def heard(self, decided: Decided, kept: Kept) -> None:
        """Take a verdict on a call that a tap heard: the switch is told, unless it asks."""
        offer, record, now = decided.offer, kept.record, self._ends.now_ns()
        way = self._way(decided, kept)
        if way is None or self._proof.done(record):
            return
        if self._proof.of(record) is None:
            answer = self._answer(offer, decided, record, way)
            if not answer.stops:
                return
            self._proof.watch(offer, answer, record, now)
            if way.post:
                self._order(way.post, decided, answer, record)
        self._proof.heard(record, offer)

    def _way(self, decided: Decided, kept: Kept) -> Way | None:
        """Return how a call can be stopped; None if it is not to be."""
        trunk = decided.offer.trunk.name
        way = self._ways.get(trunk)
        if not decided.verdict.acts or way is None:
            return None
        if kept.leaf == NOT_KEPT:
            self.counts["no evidence"] += 1
            self._alarm("evidence-lost", trunk, "calls go through: no record of them can be kept")
            return None
        return way

    def _answer(self, offer: CallOffered, decided: Decided, record: str, way: Way) -> Answer:
        """Return how a call is stopped; to go on where it may not be."""
        answer = self._answers.answer(offer, decided.verdict, record)
        if not answer.stops:
            self.counts["no answer for it"] += 1
        elif not way.cap.take(self._ends.now_ns()):
            self.counts["capped"] += 1
            most = way.cap.most
            self._alarm("stops-capped", offer.trunk.name, f"more than {most} stops in a minute")
            return GO_ON
        return answer

    def _order(self, post: Post, decided: Decided, answer: Answer, record: str) -> None:
        now = self._ends.now_ns()
        order = Order(record, decided.offer, decided.verdict, answer, now + self._times.deadline)
        self._proof.asked(record, post.name, now)
        if post.put(order):
            self.counts["ordered"] += 1
            return
        self.counts["not put"] += 1
        why = post.there.away or "too many orders wait for the switch"
        self._proof.answered(record, why, accepted=False)

    def told(self, order: Order, receipt: Receipt) -> None:
        """Take what a switch said to an order."""
        self.counts["accepted" if receipt.accepted else "refused"] += 1
        self._proof.answered(order.id, receipt.answer, accepted=receipt.accepted)

    def may(self, order: Order) -> bool:
        """Whether an order may still be told to its switch."""
        return self._ends.may(order.call.trunk.name)

    def follow(self, unit: Unit, finding: Finding) -> None:
        """Take whatever a tap found."""
        if not len(self._proof):
            return
        if isinstance(finding, CallOffered):
            self._proof.offered(finding)
        elif isinstance(finding, CallProgressed | CallAnswered | CallReleased):
            self._proof.follow(finding, unit, self._ends.now_ns())

    def pass_time(self) -> None:
        """Settle what is due."""
        self._proof.expire(self._ends.now_ns())

    def finish(self) -> None:
        """Settle everything as it stands."""
        self._proof.finish(self._ends.now_ns())

    def _settled(self, outcome: Outcome, watch: Watch) -> None:
        self._ends.settle(outcome, watch)
        if outcome.result in ALARMING:
            name = f"call-{outcome.result.value}"
            self._alarm(name, outcome.trunk, sentence(outcome, watch))

    def _alarm(self, name: str, trunk: str, text: str) -> None:
        """Say an alarm, the first at once and then one in a while."""
        now = self._ends.now_ns()
        said_at, unsaid = self._alarms.get((name, trunk), (-ALARM_EVERY_NS, 0))
        if 0 <= now - said_at < ALARM_EVERY_NS:
            self._alarms[name, trunk] = said_at, unsaid + 1
            return
        self._alarms[name, trunk] = now, 0
        more = f"; {unsaid} more like it since the last" if unsaid else ""
        self._ends.alarm(Alarm(name, trunk, now, text + more))


def sentence(outcome: Outcome, watch: Watch) -> str:
    """Return an outcome for people, safe to print: what the wire said may hold escape sequences."""
    offer = watch.offer
    calling, called = shown(offer.calling.number), shown(offer.called.number)
    words = [f"{outcome.result.value.replace('-', ' ')}: {calling} to {called}"]
    if outcome.after_ns:
        words.append(f"{outcome.after_ns / 1e6:.0f} ms after it was offered")
    if outcome.heard:
        words.append(f"heard {outcome.heard}")
    if outcome.by:
        words.append(f"{outcome.by}: {outcome.told or 'no answer'}")
    if outcome.again:
        words.append(f"came again as {outcome.again}")
    text = ", ".join(words)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
