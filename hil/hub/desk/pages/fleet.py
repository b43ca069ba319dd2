# SPDX-License-Identifier: Apache-2.0
"""*Boxes*: how each appliance stands; who needs people comes first."""

from http import HTTPStatus

from starlette.responses import Response

from hil.hub.desk.health import first_who_needs_people
from hil.hub.desk.office import Visit
from hil.hub.desk.regions import BY_ID, NOWHERE
from hil.hub.desk.wording import alarm

UNPLACED = "nowhere"
"Asked for as a region: who is of none."
MOST_SHOWN = 500
MOST_NOTES = 50


def show(visit: Visit) -> Response:
    """Show all, or those of one region."""
    fleet = first_who_needs_people(visit.desk.fleet())
    regions = visit.desk.regions.of(one.member.node for one in fleet)
    asked = visit.asked("region")
    asked = asked if asked in BY_ID or asked == UNPLACED else ""
    if asked:
        wanted = NOWHERE if asked == UNPLACED else asked
        fleet = [one for one in fleet if regions[one.member.node] == wanted]
    context = {
        "fleet": fleet[:MOST_SHOWN], "left_out": max(0, len(fleet) - MOST_SHOWN),
        "regions": regions, "asked": asked, "unplaced": UNPLACED, "known": list(BY_ID),
    }  # fmt: skip
    return visit.page("fleet.html", context)


def box(visit: Visit) -> Response:
    """Show one."""
    node = visit.request.path_params["node"]
    found = next((one for one in visit.desk.fleet() if one.member.node == node), None)
    if found is None:
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such box.")
    context = {
        "one": found, "region": visit.desk.regions.of([node])[node],
        "alarms": [alarm(visit.speech, name) for name in found.member.alarms],
        "notes": list(reversed(found.member.notes[-MOST_NOTES:])), "now_s": visit.desk.wall_s(),
    }  # fmt: skip
    return visit.page("box.html", context)
