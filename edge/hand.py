# SPDX-License-Identifier: Apache-2.0
"""What becomes of the findings in `core`: evidence is kept, the hub is told, the log is written.

All of it after the verdict, none of it waited for: a full disk costs a record, which is counted,
and never a verdict.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from msgspec import structs

from edge.counting import Numbers
from edge.ear import Ear
from edge.evidence.journal import Journal, Kept, is_evidence
from edge.figures import Counted
from edge.model.event import TapBlind, shown
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding, Pipeline
from edge.report.telling import Teller
from edge.tally import Tally
from edge.verdict.guardrail import Alarm

NOTHING_KEPT = Kept("", -1)


class CoreHand:
    """Takes what the ears hear."""

    def __init__(self, journal: Journal, teller: Teller | None, numbers: Numbers) -> None:
        """Keep evidence in `journal`; without a `teller` nobody is told."""
        self.tally = Tally()
        self._journal = journal
        self._teller = teller
        self._counted = Counted(numbers)
        self._log = structlog.get_logger("core")

    def take(self, unit: Unit, found: list[Finding]) -> None:  # noqa: ARG002 - shape of a Hand
        """Take what came of one unit."""
        for finding in found:
            self.tally.count(finding)
            self._counted.take(finding)
            kept = NOTHING_KEPT
            if isinstance(finding, TapBlind):
                self._log.warning("tap blind", **structs.asdict(finding))
            elif isinstance(finding, Decided) and is_evidence(finding.verdict):
                kept = self._keep(finding)
            if self._teller:
                self._teller.tell(finding, *kept)

    def _keep(self, decided: Decided) -> Kept:
        kept = self._journal.keep(decided)
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
        self._journal.close()
        self.tally.end(pipeline, sum((Counter(ear.lost) for ear in ears), Counter()))
        heard = {ear.name: ear.heard for ear in ears}
        self._log.info("ended", heard=heard, **self.tally.summary(self._journal))
