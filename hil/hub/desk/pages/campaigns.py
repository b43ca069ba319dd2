# SPDX-License-Identifier: Apache-2.0
"""*Campaigns*: those of several regions that are one together, and the dossier of each."""

from http import HTTPStatus

from starlette.responses import Response

from edge.detect.score import BY_CODE
from hil.hub.campaigns import Campaign, Group
from hil.hub.desk.office import Visit

MOST_SHOWN = 100
MOST_CLUES = 300


def show(visit: Visit) -> Response:
    """List them, the latest first."""
    found = visit.desk.groups()
    shown = [(group, _regions(visit, group)) for group in found[:MOST_SHOWN]]
    left_out = max(0, len(found) - MOST_SHOWN)
    return visit.page("campaigns.html", {"groups": shown, "left_out": left_out})


def group(visit: Visit) -> Response:
    """Show one, by the id of any campaign in it."""
    name = visit.request.path_params["name"]
    found = visit.desk.groups()
    one = next((one for one in found if name in {each.campaign for each in one.campaigns}), None)
    if one is None:
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such campaign.")
    context = {
        "group": one, "regions": _regions(visit, one),
        "placed": visit.desk.regions.of(each.node for each in one.campaigns),
        "reasons": [_reasons(visit, each) for each in one.campaigns],
        "clues": one.clues[:MOST_CLUES], "left_out": max(0, len(one.clues) - MOST_CLUES),
    }  # fmt: skip
    return visit.page("group.html", context)


def _reasons(visit: Visit, one: Campaign) -> list[str]:
    """Return why it is one, in the reader's language; else as the box that told it wrote it."""
    return [
        visit.speech.told(BY_CODE[reason.code].text, reason.values)
        if reason.code in BY_CODE
        else visit.shown(reason.text)
        for reason in one.reasons
    ]


def _regions(visit: Visit, one: Group) -> list[str]:
    """Return the regions that a group calls into, in the reader's language."""
    placed = visit.desk.regions.of(each.node for each in one.campaigns)
    return sorted({visit.speech.word("region", region) or node for node, region in placed.items()})
