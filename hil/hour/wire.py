# SPDX-License-Identifier: Apache-2.0
"""What the wires show of the calls by Kamailio: a witness that does not ask the box."""

from collections import Counter
from collections.abc import Iterable

from hil.region.tables import ABROAD, DIVERTED, HELP, LISTED, SPOOFED
from hil.region.watch import NS, STOPS, Seen
from hil.scenarios.look import answered, rang

SETTLES_NS = 10 * NS
"After its beginning a call has gone its way: they talk two seconds."
LASTS_NS = 5 * NS
"Calls that began so short before their caller was ended are cut off, by nobody's fault."
SWITCH_WAITS_MS = 500
"For the box's answer (`drivers/README.md`); then the call goes on without."


def kind_of(one: Seen) -> str:
    """Return of which kind a call is."""
    if one.called == HELP:
        return "help"
    if one.calling in {LISTED, DIVERTED}:
        return {LISTED: "listed", DIVERTED: "diverted"}[one.calling]
    return "spoofed" if one.calling.startswith(SPOOFED[:-1]) else "honest"


class Wire:
    """Counts calls, once each, when they have gone their way."""

    def __init__(self) -> None:
        """Begin."""
        self.kinds: Counter[str] = Counter()
        self.refused: set[str] = set()
        "Calls that were heard to be refused by the switch."
        self.waits_ms: list[float] = []
        "That the switch waited for the box's answer."
        self.harmed: list[str] = []
        "Honest calls that did not go through, a word each."
        self.help_stopped = 0
        self.rang = 0
        "Calls that the box refused in time, and for which a telephone rang."
        self.unasked = 0
        "Calls to be stopped that it did not refuse: it was away, or could keep no evidence."
        self.over_ns: int | None = None
        "When their caller was ended."
        self._until_ns = 0

    def take(self, calls: Iterable[Seen], now_ns: int) -> None:
        """Take the calls that were seen so far; those that are too young wait."""
        before_ns = now_ns - SETTLES_NS
        for one in calls:
            at_ns = one.at_ns
            if self._until_ns < at_ns <= before_ns and one.messages[0].source == ABROAD:
                self._one(one)
        self._until_ns = max(self._until_ns, before_ns)

    def _one(self, one: Seen) -> None:
        kind, said = kind_of(one), answered(one)
        self.kinds[kind] += 1
        if one.result == "stopped" or one.first("302"):
            self.refused.add(one.call)
        if self.over_ns and one.at_ns > self.over_ns - LASTS_NS:
            return
        if said.label:
            self.waits_ms.append(said.after_ms)
        if kind == "help":
            self.help_stopped += one.result not in {"ended", "talks"}
        elif kind == "honest":
            if one.result not in {"ended", "talks"}:
                self.harmed.append(one.result)
        elif kind != "diverted":
            told = said.label[:3] in STOPS and said.after_ms < SWITCH_WAITS_MS
            self.rang += told and bool(rang([one]))
            self.unasked += not told
