# SPDX-License-Identifier: Apache-2.0
"""*Campaigns*: calls that belong together, and the dossier of each."""

from http import HTTPStatus

from starlette.responses import Response

from edge.console.desk import Visit
from edge.console.people import Role
from edge.console.speech import Speech
from edge.detect.case import Case
from edge.detect.score import BY_CODE
from edge.origin import paper
from edge.origin.cases import Cases

HOUR_WIDTH, HEIGHT = 20, 72
"Of the drawing of hours."


def show(visit: Visit) -> Response:
    """List the campaigns, the latest first."""
    found = Cases(visit.desk.places.campaigns).read(lambda _line: None)
    shown = [(_seen(visit, case), _reasons(visit.speech, case)) for case in reversed(found)]
    return visit.page("campaigns.html", {"cases": shown})


def dossier(visit: Visit) -> Response:
    """Show the dossier of one."""
    name = visit.request.path_params["name"]
    try:
        case = Cases(visit.desk.places.campaigns).get(name)
    except (OSError, ValueError):
        case = None
    if case is None:
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such campaign.")
    seen = _seen(visit, case)
    most = max(seen.hours, default=0) or 1
    columns = [
        (hour * HOUR_WIDTH, round(HEIGHT * count / most, 1), f"{(hour + 5) % 24:02}")
        for hour, count in enumerate(seen.hours)
    ]
    context = {
        "case": seen, "reasons": _reasons(visit.speech, case), "columns": columns,
        "height": HEIGHT,
    }  # fmt: skip
    return visit.page("dossier.html", context)


def _reasons(speech: Speech, case: Case) -> list[str]:
    """Return why it is one; of a reason that another version has filed, its code."""
    return [
        speech.told(BY_CODE[one.code].text, one.values) if one.code in BY_CODE else one.code
        for one in case.reasons
    ]


def _seen(visit: Visit, case: Case) -> Case:
    """Return a dossier as they may see it."""
    return paper.masked(case) if visit.may(Role.VIEWER) else case
