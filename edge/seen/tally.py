# SPDX-License-Identifier: Apache-2.0
"""Counts what a run heard and decided, for the summary and the board."""

from collections import Counter, deque
from collections.abc import Mapping

from edge.evidence.journal import Journal
from edge.model.event import CallAnswered, CallOffered, CallReleased, TapBlind
from edge.model.message import Malformed
from edge.model.verdict import Action, Verdict
from edge.pipeline import Decided, Finding, Pipeline
from edge.verdict.guardrail import Alarm

KEPT = 65_536
"Verdicts whose times are kept, the last ones: a run may go on for years."

ALARMS_KEPT = 100
"Alarms kept for the summary, the last ones; all are counted."

STOPS = {Action.BLOCK: "blocked", Action.DIVERT: "diverted"}


class Tally:
    """Numbers of one run."""

    def __init__(self) -> None:
        """Start at zero."""
        self.frames = 0
        self.malformed = 0
        self.calls: Counter[str] = Counter()
        "offered, answered, released, blocked, would_block, diverted, would_divert, noted, allowed"
        self.by_rule: Counter[str] = Counter()
        self.by_trunk: dict[str, Counter[str]] = {}
        self.alarms: deque[Alarm] = deque(maxlen=ALARMS_KEPT)
        self.by_alarm: Counter[str] = Counter()
        self.took_ns: deque[int] = deque(maxlen=KEPT)
        "Time to each verdict, nanoseconds."
        self.blind: Counter[str] = Counter()
        "What was lost that may have been the offer of a call, by cause."
        self._heard: tuple[int, dict[str, int]] = (0, {})
        self._balance: dict[str, int] = {}
        self._other: dict[str, int] = {}
        self._lost: dict[str, int] = {}

    def count(self, finding: Finding) -> None:
        """Count one finding."""
        match finding:
            case Decided():
                self._verdict(finding)
            case CallOffered():
                self.calls["offered"] += 1
                self._trunk(finding.trunk.name)["offered"] += 1
            case CallAnswered():
                self.calls["answered"] += 1
            case CallReleased():
                self.calls["released"] += 1
            case Malformed():
                self.malformed += 1
            case TapBlind():
                self.blind[finding.cause] += finding.lost
            case _:
                self.calls["progressed"] += 1

    def _verdict(self, decided: Decided) -> None:
        name = outcome(decided.verdict)
        self.calls[name] += 1
        self._trunk(decided.offer.trunk.name)[name] += 1
        self.took_ns.append(decided.took_ns)
        if decided.verdict.reasons:
            self.by_rule[decided.verdict.rule] += 1

    def alarm(self, alarm: Alarm) -> None:
        """Count an alarm of the guardrail."""
        self.alarms.append(alarm)
        self.by_alarm[alarm.name] += 1

    def _trunk(self, name: str) -> Counter[str]:
        return self.by_trunk.setdefault(name, Counter())

    def end(self, pipeline: Pipeline, lost: Mapping[str, int]) -> None:
        """Take over the counts of the parts when the run is over; `lost` is that of all taps."""
        self._heard = sum(lost.values()), dict(pipeline.decoder.became)
        self.frames = sum(pipeline.decoder.became.values())
        self._other = pipeline.decoder.others()
        self._lost = dict(Counter(lost) + Counter(pipeline.decoder.losses()))
        self._balance = pipeline.tracker.counts() | {"up": pipeline.tracker.up}

    def balance(self) -> dict[str, dict[str, int]]:
        """Return for each stage what went in and what became of it; both sides are equal."""
        lost, became = self._heard
        calls = {name: self.calls[name] for name in OUTCOMES}
        return {
            "tap": {"offered": self.frames + lost, "heard": self.frames, "lost": lost},
            "decode": {"heard": self.frames, **became},
            "verdict": {"offered": self.calls["offered"], **calls},
            "call": {
                "offered": self.calls["offered"],
                "released": self.calls["released"],
                "up": self._balance.get("up", 0),
            },
        }

    def summary(self, journal: Journal | None) -> dict[str, object]:
        """Return everything, ready for JSON."""
        took = sorted(self.took_ns)
        summary: dict[str, object] = {
            "version": 1,
            "frames": self.frames,
            "malformed": self.malformed,
            "other": self._other,
            "lost": self._lost,
            **{name: self.calls[name] for name in NAMES},
            "by_rule": dict(self.by_rule.most_common()),
            "by_trunk": {name: dict(counts) for name, counts in self.by_trunk.items()},
            "calls": self._balance,
            "balance": self.balance(),
            "by_alarm": dict(self.by_alarm),
            "alarms": [{"name": a.name, "trunk": a.trunk, "text": a.text} for a in self.alarms],
        }
        if took:
            summary["verdict_us"] = {
                "p50": took[len(took) // 2] / 1000,
                "p99": took[len(took) * 99 // 100] / 1000,
            }
        if journal:
            folder, records, lost = str(journal.folder), journal.records, journal.lost
            summary["evidence"] = {"folder": folder, "records": records, "lost": lost}
        return summary


OUTCOMES = ("allowed", "noted", "blocked", "would_block", "diverted", "would_divert")
"What a verdict can be counted as."

NAMES = (
    "offered",
    "answered",
    "released",
    *OUTCOMES,
)


def outcome(verdict: Verdict) -> str:
    """Return what a verdict is counted as: `noted` is let through with a remark."""
    if verdict.acts:
        return STOPS[verdict.action]
    if verdict.wanted in STOPS:
        return "would_block" if verdict.wanted is Action.BLOCK else "would_divert"
    return "noted" if verdict.action is Action.OBSERVE else "allowed"
