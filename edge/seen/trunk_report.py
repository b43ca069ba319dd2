# SPDX-License-Identifier: Apache-2.0
"""What would have been stopped on a trunk, by rule: what an engineer enforces by. Pure counting.

From two sources that are not mixed: the records of evidence, which go back for months, and the
numbers of the running `core`, which alone know how many calls there were beside those.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from edge import counters
from edge.counting import Series
from edge.model.outcome import STOPS

EXAMPLES = 3
STOPPING = ("block", "divert")
_STOPS = frozenset(result.value for result in STOPS)


class Group(msgspec.Struct):
    """The calls of one rule; of a list's rule, those of one category."""

    rule: str
    category: str
    wanted: str
    basis: str
    calls: int = 0
    ordered: int = 0
    "Of these, while the trunk was in `enforce`: their stop was asked for."
    first: float = 0.0
    "Epoch seconds."
    last: float = 0.0
    examples: list[str] = msgspec.field(default_factory=list)
    "Ids of records, the newest last, for `qalqan explain`."
    callers: set[str] = msgspec.field(default_factory=set)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count a record."""
        at = float(record["time"])
        self.first = min(self.first, at) if self.calls else at
        self.last = max(self.last, at)
        self.calls += 1
        self.ordered += record["action"] in STOPPING
        self.callers.add(str(record["calling"]))
        self.examples = [*self.examples, str(record["id"])][-EXAMPLES:]

    def line(self) -> dict[str, object]:
        """Return it ready for JSON."""
        return {**msgspec.structs.asdict(self), "callers": len(self.callers)}


class Report:
    """All that was to be stopped on one trunk since a time."""

    def __init__(self, trunk: str, since_s: float) -> None:
        """Count nothing yet."""
        self.trunk = trunk
        self.since_s = since_s
        self.outcomes: Counter[str] = Counter()
        "What was heard to become of those whose stop was asked for (`edge.model.outcome`)."
        self.unread = 0
        "Records that say neither a verdict nor an outcome."
        self._groups: dict[tuple[str, str, str], Group] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Count a record of evidence if it is of this trunk and not older."""
        try:
            if record["trunk"] != self.trunk or float(record["time"]) < self.since_s:
                return
            if "of" in record:
                self.outcomes[str(record["outcome"])] += 1
                return
            key = str(record["rule"]), str(record["category"]), str(record["wanted"])
            group = self._groups.get(key) or Group(*key, str(record["basis"]))
            group.add(record)
        except (KeyError, TypeError, ValueError):
            self.unread += 1
            return
        self._groups[key] = group

    @property
    def groups(self) -> list[Group]:
        """Return the rules that spoke, the busiest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.calls, group.rule))

    @property
    def calls(self) -> int:
        """Return the calls that were to be stopped."""
        return sum(group.calls for group in self._groups.values())


class Running(NamedTuple):
    """What the running `core` has counted of a trunk since it was started."""

    since_s: float
    calls: int
    "Call attempts heard."
    wanted: dict[str, int]
    "By rule: those that were to be stopped."
    ordered: int
    "Of these, those whose stop was asked for."
    stopped: int
    "Of these, those that were heard to be stopped or diverted."
    guardrails: dict[str, int]
    "By guardrail: calls it has let through."
    breaker_opened: int

    @property
    def share(self) -> float:
        """Return the share of the calls that was to be stopped, 0 to 1."""
        return sum(self.wanted.values()) / self.calls if self.calls else 0.0

    def line(self) -> dict[str, object]:
        """Return it ready for JSON."""
        return {**self._asdict(), "share": round(self.share, 6)}


def running(trunk: str, series: Iterable[Series]) -> Running:
    """Return what the numbers of `core` say of a trunk."""
    since = 0.0
    counted: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    guardrails: Counter[str] = Counter()
    for one in series:
        labels, count = one.labels, int(one.values[0])
        if one.declared is counters.PROCESS_START:
            since = one.values[0]
        if trunk not in labels:
            continue
        if one.declared is counters.VERDICTS:
            action, meant, rule, _ = labels
            counted["ordered"] += count if action in STOPPING else 0
            if meant in STOPPING:
                wanted[rule] += count
            elif rule.startswith("guardrail."):
                guardrails[rule] += count
        else:
            counted[_counts_as(one)] += count
    return Running(
        since, counted["calls"], dict(wanted), counted["ordered"], counted["stopped"],
        dict(guardrails), counted["opened"],
    )  # fmt: skip


def _counts_as(one: Series) -> str:
    """Return what a series that names a trunk is counted as here."""
    if one.declared is counters.CALLS_OFFERED:
        return "calls"
    if one.declared is counters.ALARMS and one.labels[0] == "breaker-open":
        return "opened"
    if one.declared is counters.OUTCOMES and one.labels[0] in _STOPS:
        return "stopped"
    return ""
