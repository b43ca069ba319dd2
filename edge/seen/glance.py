# SPDX-License-Identifier: Apache-2.0
"""How a box stands at a glance: taps, hub, lists, alarms, and how a call is set off.

For the page *Now* and for `qalqan watch`, which show the same; nothing here changes anything.
"""

from typing import Protocol

import msgspec

from edge import counters
from edge.doctor.patient import Patient
from edge.model.outcome import ALARMING
from edge.seen.trunk_report import STOPPING

STALE_S = 86_400
"A list that was signed longer ago is to be looked at."
_ALARMING = frozenset(result.value for result in ALARMING)


class Tap(msgspec.Struct, frozen=True):
    """A tap as people see it."""

    name: str
    up: bool
    heard: int
    lost: int


class Hub(msgspec.Struct, frozen=True):
    """The way to the hub."""

    configured: bool
    connected: bool
    "To the broker."
    online: bool
    waiting: int
    "Events that the hub has not taken yet."
    oldest_s: float
    "How long the oldest of them waits."


class Loaded(msgspec.Struct, frozen=True):
    """A list that calls are decided by."""

    name: str
    version: int
    "0 if it has none."
    entries: int
    age_s: float | None
    "Since it was signed, if that is known."

    @property
    def is_stale(self) -> bool:
        """Whether it is to be looked at."""
        return self.age_s is not None and self.age_s > STALE_S


class Alarm(msgspec.Struct, frozen=True):
    """An alarm, as often as it was raised since the start."""

    name: str
    trunk: str
    times: int


def taps_of(patient: Patient) -> list[Tap]:
    """Return every tap that is configured."""
    up = {one.labels[0]: bool(one.values[0]) for one in patient.series(counters.PART_UP)}
    lost: dict[str, int] = {}
    for one in patient.series(counters.UNITS_LOST):
        lost[one.labels[0]] = lost.get(one.labels[0], 0) + int(one.values[0])
    return [
        Tap(name, up.get(name, False), int(patient.value(counters.UNITS, name)), lost.get(name, 0))
        for name in patient.config.tap
    ]


def hub_of(patient: Patient) -> Hub:
    """Return how the hub is reached."""
    waiting = sum(one.values[0] for one in patient.series(counters.OUTBOX_EVENTS))
    oldest = max((one.values[0] for one in patient.series(counters.OUTBOX_OLDEST)), default=0.0)
    return Hub(
        bool(patient.config.hub.brokers), bool(patient.value(counters.HUB_CONNECTED)),
        bool(patient.value(counters.HUB_ONLINE)), int(waiting), oldest,
    )  # fmt: skip


def lists_of(patient: Patient) -> list[Loaded]:
    """Return the lists that are loaded, by name."""
    versions = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_VERSION)}
    ages = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_AGE)}
    sizes = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_ENTRIES)}
    return [
        Loaded(name, int(versions.get(name, 0)), int(size), ages.get(name))
        for name, size in sorted(sizes.items())
    ]


def alarms_of(patient: Patient) -> list[Alarm]:
    """Return the alarms that were raised since the start."""
    return [
        Alarm(one.labels[0], one.labels[1], int(one.values[0]))
        for one in patient.series(counters.ALARMS)
        if one.values[0]
    ]


class Judged(Protocol):
    """A call of which it is known what was decided, and what became of it."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def wanted(self) -> str:
        """What would have been done where every trunk enforces."""

    @property
    def fate(self) -> str:
        """What became of it; empty if that is not known."""


def mark_of(call: Judged) -> str:
    """Return how a call is set off: `stopped`, `would`, `failed`, or not at all."""
    if call.fate in _ALARMING:
        return "failed"
    if call.action in STOPPING:
        return "stopped"
    return "would" if call.wanted in STOPPING else ""
