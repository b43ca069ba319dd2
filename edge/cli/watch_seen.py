# SPDX-License-Identifier: Apache-2.0
"""What `qalqan watch` sees of a box, each time it looks: what the processes left in their files.

The hour before the first look is what the latest calls say of it. Time is an argument.
"""

from typing import NamedTuple

import msgspec

from edge.config import Config
from edge.console.history import History, Totals, totals_of
from edge.doctor import hearing, machine
from edge.doctor.finding import Finding, Level
from edge.doctor.patient import Patient, patient_of
from edge.log import mask
from edge.model.outcome import STOPS
from edge.moment import Moments
from edge.places import places_of
from edge.seen.glance import Alarm, Hub, Loaded, Tap, alarms_of, hub_of, lists_of, taps_of
from edge.seen.readings import read
from edge.seen.recent import Call, read_calls
from edge.seen.trunk_look import Standing, standings, stopped_by
from edge.seen.trunk_report import STOPPING
from edge.update.facts import expected_of

SCHEMA = 1
"Of what is printed with `--json`: raised when a field changes its meaning or goes."
CHECKS = (
    machine.time, machine.temperature, machine.supply, hearing.processes, hearing.taps,
    hearing.drops, hearing.ways, hearing.stopped,
)  # fmt: skip
"What the doctor is asked each second: a few small files."
CORE = "core"
_STOPS = frozenset(result.value for result in STOPS)


class Seen(NamedTuple):
    """A box at one moment."""

    node: str
    at: float
    "Epoch seconds."
    processes: dict[str, bool]
    "Whether each that there should be runs."
    stopped_by: str
    "What has all trunks only observed; empty if nothing has."
    totals: Totals
    hour: list[Totals]
    "By the minute, the oldest first."
    taps: list[Tap]
    trunks: list[Standing]
    hub: Hub
    lists: list[Loaded]
    alarms: list[Alarm]
    findings: list[Finding]
    "Of the doctor: what is not well."
    calls: list[Call]
    "The latest first."

    def line(self) -> dict[str, object]:
        """Return it ready for JSON."""
        return {
            "schema": SCHEMA,
            **self._asdict(),
            "totals": self.totals._asdict(),
            "hour": {name: [getattr(one, name) for one in self.hour] for name in Totals._fields},
            "trunks": [one.line() for one in self.trunks],
        }


class Watcher:
    """Looks at a box again and again."""

    def __init__(self, config: Config, *, masked: bool) -> None:
        """Look at the box of a configuration; `masked` has no number seen whole."""
        self._config = config
        self._masked = masked
        self._moments = Moments()
        self._history: History | None = None

    def look(self, now_s: float, at_s: float) -> Seen:
        """Look now: by a clock that does not step, and by the calendar."""
        config, run = self._config, places_of(self._config).run
        calls = read_calls(run)  # before the numbers: what was heard between is in those alone
        patient = patient_of(config, self._moments)
        return Seen(
            config.node.name, at_s,
            {name: name in patient.readings for name in expected_of(config)},
            stopped_by(config), _totals(patient), self._hour(patient, calls, now_s, at_s),
            taps_of(patient), list(standings(config, lambda _line: None)), hub_of(patient),
            lists_of(patient), alarms_of(patient),
            [one for check in CHECKS for one in check(patient) if one.level is not Level.OK],
            [_masked(one) if self._masked else one for one in reversed(calls)],
        )  # fmt: skip

    def _hour(
        self, patient: Patient, calls: tuple[Call, ...], now_s: float, at_s: float
    ) -> list[Totals]:
        """Return the last hour, having taken what is counted now."""
        if self._history is None:
            last = patient.readings.get(CORE) or read(patient.places.run).get(CORE)
            totals = totals_of(last.series() if last else ())
            self._history = _recalled(totals, calls, now_s - at_s, now_s)
        if CORE in patient.readings:
            self._history.take(now_s, _totals(patient))
        return self._history.hour(now_s)


def _totals(patient: Patient) -> Totals:
    core = patient.readings.get(CORE)
    return totals_of(core.series() if core else ())


def _recalled(totals: Totals, calls: tuple[Call, ...], offset_s: float, now_s: float) -> History:
    """Return a history that has what `calls`, of which `totals` were counted, say of before."""
    history, counted = History(), Totals()
    came = [(min(one.at + offset_s, now_s), _counted(one)) for one in calls]
    for _, one in came:
        counted = counted.plus(one)
    before = Totals(*(all_ - of_these for all_, of_these in zip(totals, counted, strict=True)))
    history.take(min((when for when, _ in came), default=now_s), before)
    for when, one in sorted(came):
        before = before.plus(one)
        history.take(when, before)
    return history


def _counted(call: Call) -> Totals:
    """Return a call as `core` counts it."""
    would = call.wanted in STOPPING and call.action not in STOPPING
    return Totals(1, int(call.fate in _STOPS), int(would))


def _masked(call: Call) -> Call:
    return msgspec.structs.replace(
        call, call=mask(call.call), calling=mask(call.calling), called=mask(call.called)
    )
