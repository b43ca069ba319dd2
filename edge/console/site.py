# SPDX-License-Identifier: Apache-2.0
"""READ FIRST. Every address of the page, what is shown there, and who may see it."""

from starlette.types import ASGIApp

from edge.console.desk import Desk
from edge.console.pages import box, call, campaigns, listed, now, trunks
from edge.console.stream import Streams
from edge.console.ways import ALL, CALLS, COMMON, ENGINEER, Site, Way
from edge.counting import Numbers

WAYS: tuple[Way[Desk], ...] = (
    Way("/", now.show, ALL),
    Way("/live", now.live, ALL, by_itself=True),
    Way("/call", call.show, CALLS),
    Way("/call/evidence", call.evidence, CALLS),
    Way("/list", listed.show, CALLS),
    Way("/list/spare", listed.spare, CALLS, "POST"),
    Way("/trunks", trunks.show, ALL),
    Way("/trunks/mode", trunks.switch, ENGINEER, "POST"),
    Way("/campaigns", campaigns.show, ALL),
    Way("/campaigns/{name}", campaigns.dossier, ALL),
    Way("/box", box.show, ALL),
    *COMMON,
)


def site_of(desk: Desk, numbers: Numbers) -> ASGIApp:
    """Return the page for people, behind its guard."""
    return Site(desk, WAYS, {"/calls": Streams(desk, now.rows_of)}).app(numbers)
