# SPDX-License-Identifier: Apache-2.0
"""Whether a new version may stay: decided from facts and time alone.

    probation ──all well for `settle_s`────────────────────────► confirmed
        └──not by `deadline_s`, or a unit failed for good──────► rolled back

What is asked for: every process runs and is not started again and again, every tap is open, every
list is loaded and valid, the hub was reached (or need not be), the data partition takes files, no
unit has failed.
"""

from collections.abc import Iterator, Mapping

import msgspec

from edge.update.state import State


class Rules(msgspec.Struct, frozen=True):
    """What is asked for; times in seconds."""

    settle_s: float = 60.0
    "All must have been well for so long, without a break."
    deadline_s: float = 600.0
    "Since the watch began."
    grace: bool = True
    "Whether the hub need not be reached if it was not before the update either ..."
    grace_s: float = 300.0
    "... once it was waited for so long."


class Facts(msgspec.Struct, frozen=True):
    """How the box stands at one moment."""

    config: str = ""
    "What is wrong with the configuration; empty if this version can read it."
    expected: tuple[str, ...] = ()
    "Processes that this configuration asks for."
    pids: Mapping[str, int] = {}
    "Of the processes that wrote their numbers a moment ago."
    taps: Mapping[str, bool] = {}
    "Whether each tap of the configuration is open."
    lists: Mapping[str, str] = {}
    "What is wrong with each list that is followed; empty if nothing is."
    hub: bool | None = None
    "Whether the hub takes events; None where there is no hub."
    hub_before: bool = True
    "Whether it was reached in the hour before this start of the machine."
    disk: str = ""
    "Why the data partition takes no file; empty if it does."
    failed: tuple[str, ...] | None = ()
    "Units that have failed; None if systemd cannot be asked."


class Ruling(msgspec.Struct, frozen=True):
    """What the facts come to."""

    state: State
    reasons: tuple[str, ...]
    "What is not well now; empty if all is."
    left_s: float = 0.0
    "Until it is confirmed, if all stays well; else until it is given back."


class Watch:
    """A version on probation."""

    def __init__(self, rules: Rules, began_s: float) -> None:
        """Begin to watch."""
        self.rules = rules
        self._began_s = began_s
        self._well_s: float | None = None
        "Since when all is well."
        self._failed_s: float | None = None
        "Since when a unit has failed: it does not get well by waiting."
        self._pids: dict[str, int] = {}
        "Of each process when it was seen last."

    def look(self, facts: Facts, now_s: float) -> Ruling:
        """Return what the facts of now come to."""
        rules, waited_s = self.rules, now_s - self._began_s
        reasons = (*wrong(facts, rules, waited_s), *self._anew(facts))
        self._well_s = None if reasons else _since(self._well_s, now_s)
        self._failed_s = _since(self._failed_s, now_s) if facts.failed else None
        if self._well_s is not None and now_s - self._well_s >= rules.settle_s:
            return Ruling(State.CONFIRMED, ())
        hopeless = self._failed_s is not None and now_s - self._failed_s >= rules.settle_s
        if hopeless or (reasons and waited_s >= rules.deadline_s):
            return Ruling(State.ROLLED_BACK, reasons)
        if waited_s >= rules.deadline_s + rules.settle_s:  # it was well of late, never for long
            return Ruling(State.ROLLED_BACK, ("all was never well for long enough",))
        begun_s, length_s = (
            (self._began_s, rules.deadline_s)
            if self._well_s is None
            else (self._well_s, rules.settle_s)
        )
        return Ruling(State.PROBATION, reasons, begun_s + length_s - now_s)

    def _anew(self, facts: Facts) -> Iterator[str]:
        """Yield the processes that died since the last look, and came back."""
        for name, pid in facts.pids.items():
            before = self._pids.get(name, pid)
            self._pids[name] = pid
            if before != pid:
                yield f"{name} was started anew"


def _since(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s


def wrong(facts: Facts, rules: Rules, waited_s: float) -> Iterator[str]:
    """Yield what is not well, in the order in which people mend it."""
    if facts.config:
        yield f"the configuration cannot be used: {facts.config}"
    if facts.disk:
        yield f"the data partition takes no file: {facts.disk}"
    if facts.failed is None:
        yield "systemd does not answer"
    yield from (f"unit {unit} has failed" for unit in facts.failed or ())
    yield from (f"{name} does not run" for name in facts.expected if name not in facts.pids)
    yield from (f"tap {name} does not hear" for name, hears in facts.taps.items() if not hears)
    yield from (f"list {name}: {why}" for name, why in facts.lists.items() if why)
    if facts.hub is False and not _may_do_without(facts, rules, waited_s):
        yield "the hub is not reached"


def _may_do_without(facts: Facts, rules: Rules, waited_s: float) -> bool:
    """Whether the hub is not missed: a line that is down for days must not stop updates."""
    return rules.grace and not facts.hub_before and waited_s >= rules.grace_s
