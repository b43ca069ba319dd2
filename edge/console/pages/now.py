# SPDX-License-Identifier: Apache-2.0
"""*Now*: what the box hears, decides and stops at this moment, and what people must look at."""

import msgspec
from starlette.responses import Response

from edge import counters
from edge.console.desk import Desk, Visit
from edge.console.history import MINUTES, WIDTH, bars_of, totals_of
from edge.console.metrics import OURS, expected_of
from edge.console.speech import Speech
from edge.doctor.patient import Patient, patient_of
from edge.recent import Call, read_calls
from edge.trunk_look import standings

SHOWN = 25
"Calls, the latest first."
STALE_S = 86_400
"A list that was signed longer ago is to be looked at."


class Tap(msgspec.Struct, frozen=True):
    """A tap as people see it."""

    name: str
    up: bool
    heard: int
    lost: int


class Row(msgspec.Struct, frozen=True):
    """A call, ready to be shown: by the server in a table, by the script likewise."""

    key: str
    "What tells it from others."
    time: str
    trunk: str
    calling: str
    called: str
    verdict: str
    fate: str
    mark: str
    "`stopped`, `would`, `failed` or nothing: how it is set off."
    record: str


def show(visit: Visit) -> Response:
    """Show the page."""
    return visit.page("now.html", {**_live(visit), "rows": rows_of(visit)})


def live(visit: Visit) -> Response:
    """Show what changes, for the page that is open already."""
    return visit.page("now_live.html", _live(visit))


def _live(visit: Visit) -> dict[str, object]:
    desk = visit.desk
    patient = patient_of(desk.config, desk.moments)
    hour = desk.history.hour(desk.now_s())
    core = patient.readings.get("core")
    return {
        "processes": {name: name in patient.readings for name in _others(desk)},
        "taps": list(_taps(patient)),
        "trunks": list(standings(desk.config, lambda _line: None)),
        "totals": totals_of(core.series() if core else ()),
        "hour": hour,
        "bars": bars_of(hour),
        "chart_width": MINUTES * WIDTH,
        "hub": _hub(desk, patient),
        "lists": _lists(patient),
        "alarms": _alarms(patient),
        "stale_s": STALE_S,
    }


def _others(desk: Desk) -> list[str]:
    """Return the processes beside our own, which shows this."""
    return [name for name in expected_of(desk.config) if name != OURS]


def _taps(patient: Patient) -> list[Tap]:
    up = {one.labels[0]: bool(one.values[0]) for one in patient.series(counters.PART_UP)}
    lost: dict[str, int] = {}
    for one in patient.series(counters.UNITS_LOST):
        lost[one.labels[0]] = lost.get(one.labels[0], 0) + int(one.values[0])
    return [
        Tap(name, up.get(name, False), int(patient.value(counters.UNITS, name)), lost.get(name, 0))
        for name in patient.config.tap
    ]


def _hub(desk: Desk, patient: Patient) -> dict[str, object]:
    waiting = sum(one.values[0] for one in patient.series(counters.OUTBOX_EVENTS))
    oldest = max((one.values[0] for one in patient.series(counters.OUTBOX_OLDEST)), default=0.0)
    return {
        "configured": bool(desk.config.hub.brokers),
        "connected": bool(patient.value(counters.HUB_CONNECTED)),
        "online": bool(patient.value(counters.HUB_ONLINE)),
        "waiting": int(waiting),
        "oldest_s": oldest,
    }


def _lists(patient: Patient) -> list[dict[str, object]]:
    versions = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_VERSION)}
    ages = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_AGE)}
    sizes = {one.labels[0]: one.values[0] for one in patient.series(counters.LIST_ENTRIES)}
    return [
        {"name": name, "version": int(versions.get(name, 0)), "age_s": ages.get(name),
         "entries": int(size)}
        for name, size in sorted(sizes.items())
    ]  # fmt: skip


def _alarms(patient: Patient) -> list[tuple[str, str, int]]:
    return [
        (one.labels[0], one.labels[1], int(one.values[0]))
        for one in patient.series(counters.ALARMS)
        if one.values[0]
    ]


# Calls as they come -----------------------------------------------------------


def rows_of(visit: Visit) -> list[Row]:
    """Return the latest calls, the latest first."""
    found = read_calls(visit.desk.places.run)
    return [_row(visit, one) for one in reversed(found[-SHOWN:])]


def _row(visit: Visit, call: Call) -> Row:
    speech = visit.speech
    return Row(
        f"{call.at:.6f} {call.trunk} {call.call} {call.attempt}",
        speech.clock(call.at), call.trunk, visit.shown(call.calling), visit.shown(call.called),
        _verdict(speech, call), speech.word("fate", call.fate) if call.fate else "", _mark(call),
        call.record,
    )  # fmt: skip


def _verdict(speech: Speech, call: Call) -> str:
    if call.action != call.wanted:
        return f"{speech.word('action', call.action)}; {speech.word('wanted', call.wanted)}"
    return speech.word("action", call.action)


def _mark(call: Call) -> str:
    if call.fate in {"rerouted", "leaked", "failed"}:
        return "failed"
    if call.action in {"block", "divert"}:
        return "stopped"
    return "would" if call.wanted in {"block", "divert"} else ""
