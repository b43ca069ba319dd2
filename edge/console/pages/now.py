# SPDX-License-Identifier: Apache-2.0
"""*Now*: what the box hears, decides and stops at this moment, and what people must look at."""

import msgspec
from starlette.responses import Response

from edge.console.desk import Desk, Visit
from edge.console.history import MINUTES, WIDTH, bars_of, totals_of
from edge.console.metrics import OURS, expected_of
from edge.doctor.patient import patient_of
from edge.seen.glance import alarms_of, hub_of, lists_of, mark_of, taps_of
from edge.seen.recent import Call, read_calls
from edge.seen.trunk_look import standings

SHOWN = 25
"Calls, the latest first."


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
        "taps": taps_of(patient),
        "trunks": list(standings(desk.config, lambda _line: None)),
        "totals": totals_of(core.series() if core else ()),
        "hour": hour,
        "bars": bars_of(hour),
        "chart_width": MINUTES * WIDTH,
        "hub": hub_of(patient),
        "lists": lists_of(patient),
        "alarms": alarms_of(patient),
    }


def _others(desk: Desk) -> list[str]:
    """Return the processes beside our own, which shows this."""
    return [name for name in expected_of(desk.config) if name != OURS]


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
        speech.verdict(call.action, call.wanted),
        speech.word("fate", call.fate) if call.fate else "", mark_of(call), call.record,
    )  # fmt: skip
