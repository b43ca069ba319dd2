# SPDX-License-Identifier: Apache-2.0
"""*Trunks*: what would have been stopped on each, and the switch that has it stopped."""

from http import HTTPStatus

from starlette.responses import Response

from edge.console.desk import Visit
from edge.console.forms import Switch
from edge.console.people import Role
from edge.model.verdict import Mode
from edge.seen.trunk_look import reports, standings, stopped_by

SPANS_S = {"1": 86_400, "7": 7 * 86_400, "28": 28 * 86_400}
"By days: how far may be looked back."
USUAL = "7"


def show(visit: Visit) -> Response:
    """Show all trunks, and what evidence says of them."""
    config = visit.desk.config
    days = visit.asked("days")
    days = days if days in SPANS_S else USUAL
    since_s = visit.desk.wall_s() - SPANS_S[days]
    found = {one.trunk: one for one in reports(config, list(config.trunk), float(since_s))}
    context = {
        "trunks": [(one, found[one.trunk]) for one in standings(config, lambda _line: None)],
        "days": days, "spans": tuple(SPANS_S), "since_s": since_s,
        "stopped_by": stopped_by(config), "may_switch": visit.may(Role.ENGINEER),
        "done": visit.asked("done") in config.trunk and visit.asked("done"),
    }  # fmt: skip
    return visit.page("trunks.html", context)


def switch(visit: Visit) -> Response:
    """Set the mode of a trunk, as an engineer asks; recorded with their reason."""
    form = visit.form(Switch)
    table = visit.desk.config.trunk.get(form.trunk)
    if table is None:
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such trunk.")
    if form.mode is Mode.ENFORCE and not (table.enforcer or table.gates):
        raise visit.no(
            HTTPStatus.CONFLICT,
            "Nobody would stop its calls: the trunk has neither gates nor an enforcer.",
        )
    if form.mode is Mode.ENFORCE and form.sure != "yes":
        raise visit.no(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Confirm that calls are to be stopped: tick the box."
        )
    args = {"trunk": form.trunk, "mode": form.mode.value}
    visit.desk.minutes.do("mode", args, form.reason, visit.name)
    return visit.to(f"/trunks?done={form.trunk}")
