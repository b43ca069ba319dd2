# SPDX-License-Identifier: Apache-2.0
"""*Campaigns*: calls that belong together, and the dossier of each."""

import re
from http import HTTPStatus

from starlette.responses import Response

from edge.console.desk import Visit
from edge.console.people import Role
from edge.console.speech import Speech
from edge.detect import clues
from edge.detect.case import Case
from edge.detect.origin import Clue
from edge.detect.score import BY_CODE
from edge.origin import paper
from edge.origin.cases import Cases


def _(text: str) -> str:
    return text


HOUR_WIDTH, HEIGHT = 20, 72
"Of the drawing of hours."
DAY = 24
AHEAD = 5
"Hours of Almaty and Astana before UTC."
WORKED = re.compile(r"(\d\d):00 to (\d\d):00 UTC, office hours at UTC([+-]\d+)")
"`edge.detect.origin.Hours.text`, as it stands in the files of campaigns."
WORKS = _("{begins}:00 to {ends}:00; these would be office hours at UTC{zone}")


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
        (at * HOUR_WIDTH, round(HEIGHT * seen.hours[utc] / most, 1), _hour(utc))
        for at, utc in enumerate((hour - AHEAD) % DAY for hour in range(DAY))
        if utc < len(seen.hours)
    ]
    context = {
        "case": seen, "reasons": _reasons(visit.speech, case), "columns": columns,
        "height": HEIGHT, "lines": [(line, _worked(visit.speech, line)) for line in seen.lines],
    }  # fmt: skip
    return visit.page("dossier.html", context)


def _reasons(speech: Speech, case: Case) -> list[str]:
    """Return why it is one; of a reason that another version has filed, its code."""
    return [
        speech.told(BY_CODE[one.code].text, one.values) if one.code in BY_CODE else one.code
        for one in case.reasons
    ]


def _worked(speech: Speech, line: Clue) -> str:
    """Return in which hours it calls, by the clock of the page; empty for another kind of clue."""
    said = WORKED.fullmatch(line.value) if line.kind == clues.HOURS.code else None
    if said is None:
        return ""
    begins, ends = _hour(int(said[1])), _hour(int(said[2]))
    return speech.told(WORKS, {"begins": begins, "ends": ends, "zone": said[3]})


def _hour(utc: int) -> str:
    """Return an hour of the day as the page has it."""
    return f"{(utc + AHEAD) % DAY:02}"


def _seen(visit: Visit, case: Case) -> Case:
    """Return a dossier as they may see it."""
    return paper.masked(case) if visit.may(Role.VIEWER) else case
