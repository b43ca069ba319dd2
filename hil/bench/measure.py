# SPDX-License-Identifier: Apache-2.0
"""What is measured, and the promises it is measured against; what a run of the rig has found.

A limit is what the product promises (`Promise`), not what happened to come out. Figures that
depend on how fast the machine is are judged on real hardware; software emulation is 15 to 25
times slower, so there they are shown beside the limit and judged by the reader.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from edge import clock

NS = 10**9
Outcome = Literal["passed", "failed", "skipped"]


class OverLimit(AssertionError):
    """A scenario measured something that breaks a promise; the text says which."""


class Promise(StrEnum):
    """Where the product promises it: sections of DESIGN.md, each once."""

    SPEED = "Numbers to reach (section 12)"
    BAD_INPUT = "Bad input (section 13)"
    STOPPING = "Stopping, and proving it (section 9)"
    NEVER = "What it never does (section 15)"
    START = "The way to hearing (40 s)"
    DEFAULTS = "What a box does if nobody sets it up otherwise"


class Measure(NamedTuple):
    """Something that is measured."""

    name: str
    unit: str
    limit: float
    promise: Promise
    better: Literal["less", "more"] = "less"
    "Whether the limit is the most or the least that is allowed."
    of_hardware: bool = False
    "Whether it is a matter of how fast the machine is."
    says: str = ""
    "What it is, for a reader who does not know the product."

    def keeps(self, value: float) -> bool:
        """Return whether a value keeps the promise."""
        return value <= self.limit if self.better == "less" else value >= self.limit


START_S, WATCHDOG_S = 40, 14
"Of the image: from power to hearing; `RuntimeWatchdogSec`, and a watchdog has two stages."
ASKED_MS, SILENT_S, TRIAL_S = 200, 30, 600
"""Defaults: a call that waited so long goes on unasked (`gate.overload_ms`); a probe that said
nothing so long is missed (`tap.silence_s`); a version that is not well by then is given back
(`health.deadline_s`)."""

BOOT_TO_HEARING = Measure(
    "power to hearing", "s", START_S, Promise.START, of_hardware=True,
    says="From the moment it is switched on until its taps hear.",
)  # fmt: skip
INVITE_TO_STOPPED = Measure(
    "INVITE to stopped", "ms", ASKED_MS, Promise.DEFAULTS, of_hardware=True,
    says="From the INVITE of a call that is to be stopped to the 603 that ends it.",
)  # fmt: skip
URGENT_TO_EFFECT = Measure(
    "urgent block to effect", "s", 2, Promise.SPEED, of_hardware=True,
    says="From the centre's order to block a number everywhere to the first call that is refused.",
)  # fmt: skip
GATE_P99 = Measure(
    "switch asks, p99", "ms", 5, Promise.SPEED, of_hardware=True,
    says="How long a switch waits for an answer; 99 of 100 wait no longer.",
)  # fmt: skip
CALLS_FAILED = Measure(
    "calls failed because of the box", "calls", 0, Promise.SPEED,
    says="Calls that should have gone through and did not.",
)  # fmt: skip
RANG = Measure(
    "scam calls that rang", "calls", 0, Promise.STOPPING,
    says="Calls of a blocked caller that a telephone rang for.",
)  # fmt: skip
UNHEARD = Measure(
    "messages neither heard nor counted", "messages", 0, Promise.SPEED,
    says="Sent on the trunk, less heard, less counted as lost.",
)  # fmt: skip
RECORDS_LOST = Measure(
    "records lost", "records", 0, Promise.BAD_INPUT,
    says="Numbers missing in the box's streams at the hub.",
)  # fmt: skip
RECORDS_TWICE = Measure(
    "records told twice", "records", 0, Promise.BAD_INPUT,
    says="Numbers that the hub has taken more than once.",
)  # fmt: skip
EMERGENCY_STOPPED = Measure(
    "emergency calls stopped", "calls", 0, Promise.NEVER,
    says="Calls to 101, 102, 103, 104 or 112 that did not go through.",
)  # fmt: skip
ALARM_AFTER = Measure(
    "cable pulled to noticed", "s", SILENT_S, Promise.DEFAULTS,
    says="From a cable that is pulled until the box itself says that it does not hear.",
)  # fmt: skip
BACK_AFTER = Measure(
    "fail-over", "s", START_S + 2 * WATCHDOG_S, Promise.START, of_hardware=True,
    says="From a fault that needs a restart to hearing again.",
)  # fmt: skip
UPDATE = Measure(
    "update", "s", TRIAL_S, Promise.DEFAULTS, of_hardware=True,
    says="From the order to the new version being confirmed.",
)  # fmt: skip
MEMORY = Measure(
    "memory", "MB", 150, Promise.SPEED,
    says="Private memory of the process that hears and decides.",
)  # fmt: skip
CPU = Measure(
    "CPU", "%", 100, Promise.SPEED, of_hardware=True,
    says="Of one core, by the process that hears and decides, under the scenario's load.",
)  # fmt: skip
CALLS_A_SECOND = Measure(
    "calls", "calls/s", 1000, Promise.SPEED, better="more",
    says="Calls that began on the trunk, a second, all kinds and senders.",
)  # fmt: skip
BURST_MB, FLAT_MB = 16, 4
"""A heap keeps what it had to take once, beside calls that are up: lists, events that wait for a
disk. Twice what a flood of 5,000 calls takes is allowed. Nor does it go on: a rise is a leak."""
MEMORY_GROWTH = Measure(
    "memory grows", "MB", BURST_MB, Promise.BAD_INPUT,
    says="From when a process has settled to the end of its life; the process that grew most.",
)  # fmt: skip
MEMORY_RISE = Measure(
    "memory rises", "MB", FLAT_MB, Promise.BAD_INPUT,
    says="The straight line through the second half of a life; the process that rose most.",
)  # fmt: skip
DESCRIPTORS = Measure(
    "more descriptors", "files", 0, Promise.BAD_INPUT,
    says="Open files and sockets at the end of a life, more than when it had settled; the most.",
)  # fmt: skip
THREADS = Measure(
    "more threads", "threads", 0, Promise.BAD_INPUT,
    says="Threads at the end of a life, more than when it had settled; the most.",
)  # fmt: skip
STOPS_UNPROVEN = Measure(
    "stops without proof", "calls", 0, Promise.NEVER,
    says="Calls said to be stopped of which evidence, wire or court's check does not say so.",
)  # fmt: skip
STOPS_UNTOLD = Measure(
    "stops the hub does not know", "calls", 0, Promise.BAD_INPUT,
    says="Calls that were to be stopped of whose end the hub was never told.",
)  # fmt: skip
MEASURES = (
    BOOT_TO_HEARING, INVITE_TO_STOPPED, URGENT_TO_EFFECT, GATE_P99, CALLS_FAILED, RANG, UNHEARD,
    RECORDS_LOST, RECORDS_TWICE, EMERGENCY_STOPPED, ALARM_AFTER, BACK_AFTER, UPDATE, MEMORY, CPU,
    CALLS_A_SECOND, MEMORY_GROWTH, MEMORY_RISE, DESCRIPTORS, THREADS, STOPS_UNPROVEN, STOPS_UNTOLD,
)  # fmt: skip


class Figure(NamedTuple):
    """A measure, measured."""

    measure: Measure
    value: float
    judged: bool
    "Whether it counts here, or is only shown."

    @property
    def verdict(self) -> Literal["kept", "broken", "shown"]:
        """How it stands to its limit; a limit that is kept is kept anywhere."""
        if self.measure.keeps(self.value):
            return "kept"
        return "broken" if self.judged else "shown"


class Ladder(NamedTuple):
    """A call as telephone engineers draw it."""

    title: str
    text: str


class Chart(NamedTuple):
    """Lines over time."""

    title: str
    svg: str
    "Drawn by us: what others said is escaped in it."


class Attached(NamedTuple):
    """A file beside the report."""

    title: str
    path: Path


class Place(NamedTuple):
    """What the scenarios ran on."""

    name: str
    "As in `make hil PLACE=...`."
    is_emulated: bool
    facts: tuple[tuple[str, str], ...] = ()
    "Name and value, for people."


class Scenario:
    """What one scenario did and found. A scenario's fixture `run` is one."""

    def __init__(self, name: str, says: str, place: Place) -> None:
        """Begin one.

        Args:
            name: As in `make hil SCENARIO=...`.
            says: What it shows, for people: its docstring.
            place: What it runs on.
        """
        self.name = name
        self.says = says
        self.figures: list[Figure] = []
        self.ladders: list[Ladder] = []
        self.charts: list[Chart] = []
        self.attached: list[Attached] = []
        self.notes: list[str] = []
        self.began_s = clock.now_ns() // NS
        self.seconds = 0.0
        self.outcome: Outcome | Literal["running"] = "running"
        self.why = ""
        "Of a failure or a skip."
        self._place = place

    def measure(self, measure: Measure, value: float) -> Figure:
        """Note a value; a promise that it breaks fails the scenario at its end."""
        judged = not (measure.of_hardware and self._place.is_emulated)
        figure = Figure(measure, value, judged)
        self.figures.append(figure)
        return figure

    def ladder(self, title: str, text: str) -> None:
        """Show a call."""
        self.ladders.append(Ladder(title, text))

    def chart(self, title: str, svg: str) -> None:
        """Show lines over time."""
        self.charts.append(Chart(title, svg))

    def attach(self, path: Path, title: str = "") -> None:
        """Put a file beside the report, when the report is written: a capture, a log."""
        self.attached.append(Attached(title or path.name, path))

    def note(self, text: str) -> None:
        """Say something to the reader of the report."""
        self.notes.append(text)

    def judge(self) -> None:
        """Raise `OverLimit` if a promise was broken."""
        broken = [one for one in self.figures if one.verdict == "broken"]
        if broken:
            raise OverLimit("; ".join(map(_said, broken)))

    def end(self, outcome: Outcome, seconds: float, why: str = "") -> None:
        """Note how it ended."""
        self.outcome, self.seconds, self.why = outcome, seconds, why


def _said(one: Figure) -> str:
    name, unit, limit, promise = one.measure[:4]
    return f"{name}: {one.value:g} {unit}, promised {limit:g} ({promise})"


class Run:
    """All scenarios of one run of the rig."""

    def __init__(self, place: Place) -> None:
        """Begin one."""
        self.place = place
        self.began_s = clock.now_ns() // NS
        self.scenarios: list[Scenario] = []

    def scenario(self, name: str, says: str) -> Scenario:
        """Begin one; how it ended is said to `Scenario.end`."""
        scenario = Scenario(name, says, self.place)
        self.scenarios.append(scenario)
        return scenario

    def figures(self) -> Iterator[tuple[Scenario, Figure]]:
        """Yield all figures, with the scenario that measured them."""
        for scenario in self.scenarios:
            for figure in scenario.figures:
                yield scenario, figure

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(one.outcome in {"passed", "skipped"} for one in self.scenarios)
