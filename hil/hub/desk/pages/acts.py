# SPDX-License-Identifier: Apache-2.0
"""*Log of acts*: who did what at the desk, when, why and from where."""

from starlette.responses import Response

from hil.hub.desk.office import Visit

MOST_SHOWN = 200


def show(visit: Visit) -> Response:
    """Show the latest acts."""
    lines = visit.desk.acts.latest(MOST_SHOWN)
    context = {"lines": lines, "is_whole": all(line.is_whole for line in lines)}
    return visit.page("acts.html", context)
