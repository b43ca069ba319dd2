# SPDX-License-Identifier: Apache-2.0
"""What becomes of the findings in `core`: evidence is kept, the hub is told, the log is written.

All of it after the verdict, none of it waited for: a full disk costs a record, which is counted,
and the stop that would have rested on it; never a verdict.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from msgspec import structs

from edge import clock
from edge.counting import Numbers
from edge.enforce.rulings import Ruling, Rulings
from edge.enforce.waiting import Waiting
from edge.enforce.watch import Watch
from edge.evidence.journal import Journal, Kept, is_evidence
from edge.intake.ear import Ear
from edge.model.answer import GO_ON, Answer
from edge.model.event import CallReleased, TapBlind, shown
from edge.model.outcome import Outcome
from edge.model.unit import Unit
from edge.origin.suspects import Suspects
from edge.pipeline import Decide, Decided, Finding, Pipeline
from edge.report.telling import Teller
from edge.seen.figures import Counted
from edge.seen.recent import Recent
from edge.seen.tally import Tally
from edge.stopping import Stopping, sentence
from edge.verdict.guardrail import Alarm

NOTHING_KEPT = Kept("", -1)


class CoreHand:
    """Takes what the ears hear."""

    rulings: Rulings
    stopping: Stopping
    waiting: Waiting
    "Calls that an answer about roaming may still stop."
    suspects: Suspects | None = None
    "Who belongs together, if that is looked for."
    recent: Recent | None = None
    "The latest calls, if a page shows them."

    def __init__(self, journal: Journal, teller: Teller | None, numbers: Numbers) -> None:
        """Keep evidence in `journal`; without a `teller` nobody is told. `stop_by` comes next."""
        self.tally = Tally()
        self._journal = journal
        self._teller = teller
        self._counted = Counted(numbers)
        self._log = structlog.get_logger("core")

    def stop_by(self, rulings: Rulings, stopping: Stopping) -> None:
        """Stop calls by `stopping`, which tells us what became of them."""
        self.rulings, self.stopping = rulings, stopping
        self.waiting = Waiting(stopping.deadline_ns)

    def take(self, unit: Unit, found: list[Finding]) -> None:
        """Take what came of one unit."""
        for finding in found:
            self.tally.count(finding)
            self._counted.take(finding)
            if isinstance(finding, Decided):
                self._decided(finding)
                if self.suspects:
                    self.suspects.settle()
                continue
            if isinstance(finding, CallReleased) and self.suspects:
                self.suspects.released(finding)
            if isinstance(finding, TapBlind):
                self._log.warning("tap blind", **structs.asdict(finding))
            if self._teller:
                self._teller.tell(finding)
            self.stopping.follow(unit, finding)

    def _decided(self, decided: Decided) -> None:
        """Take a verdict on a call that a tap heard."""
        kept = NOTHING_KEPT
        offer = decided.offer
        if self.stopping.tells(offer.trunk.name):
            self.waiting.put(offer, decided.verdict, clock.now_ns())
        if is_evidence(decided.verdict):
            ruling = self.rulings.of(decided.offer)
            if ruling and ruling.record:  # a gate was asked first: it is kept and told
                self.stopping.heard(decided, Kept(ruling.record, ruling.leaf))
                return
            kept = self._keep(decided, ruling)
        if self._teller:
            self._teller.tell(decided, *kept)
        if kept.record:
            self.stopping.heard(decided, kept)
        if self.recent:
            self.recent.note(decided, kept.record)

    def asked(self, decided: Decided) -> Answer:
        """Take a verdict on a call that a gate asks about; return the answer."""
        if not is_evidence(decided.verdict):
            if self.recent:
                self.recent.note(decided, "")
            return GO_ON
        ruling = self.rulings.of(decided.offer)
        if ruling and ruling.record:
            return self.stopping.asked(decided, Kept(ruling.record, ruling.leaf))
        kept = self._keep(decided, ruling)
        if self._teller:
            self._teller.tell(decided, *kept)
        if self.recent:
            self.recent.note(decided, kept.record)
        return self.stopping.asked(decided, kept)

    def known(self, digits: str, judge: Decide) -> None:
        """Judge again what waited for an answer about a number; only a stop is news."""
        now = clock.now_ns()
        for offer in self.waiting.take(digits, now):
            self.rulings.drop(offer)
            decided = Decided(offer, judge.decide(offer, now), 0)
            if is_evidence(decided.verdict):
                self._decided(decided)

    def settle(self, outcome: Outcome, watch: Watch) -> None:
        """Take what became of a call that was to be stopped."""
        text = sentence(outcome, watch)
        kept = self._journal.settle(outcome, text, watch.units)
        self._counted.outcome(outcome)
        if self.recent:
            self.recent.settle(outcome)
        self._log.info(
            "outcome", result=outcome.result.value, trunk=outcome.trunk, record=outcome.record,
            text=text,
        )  # fmt: skip
        if self._teller:
            self._teller.outcome(outcome, kept.leaf)

    def _keep(self, decided: Decided, ruling: Ruling | None) -> Kept:
        kept = self._journal.keep(decided)
        if ruling:
            ruling.record, ruling.leaf = kept
        if self.suspects:
            self.suspects.note(decided.offer, *kept)
        offer, verdict = decided.offer, decided.verdict
        self._log.info(
            "verdict",
            action=verdict.action.value,
            wanted=verdict.wanted.value,
            rule=verdict.rule,
            trunk=offer.trunk.name,
            calling=shown(offer.calling.number),
            called=shown(offer.called.number),
            record=kept.record,
        )
        return kept

    def alarm(self, alarm: Alarm) -> None:
        """Take what people must look at now."""
        self.tally.alarm(alarm)
        self._counted.alarm(alarm)
        self._log.warning("alarm", name=alarm.name, trunk=alarm.trunk, text=alarm.text)
        if self._teller:
            self._teller.alarm(alarm)

    def close(self, pipeline: Pipeline, ears: Sequence[Ear]) -> None:
        """Log the balance of the run."""
        self.stopping.finish()
        if self.suspects:
            self.suspects.close()
        self._journal.close()
        self.tally.end(pipeline, sum((Counter(ear.lost) for ear in ears), Counter()))
        heard = {ear.name: ear.heard for ear in ears}
        self._log.info("ended", heard=heard, **self.tally.summary(self._journal))
