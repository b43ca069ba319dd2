# SPDX-License-Identifier: Apache-2.0
"""READ FIRST. Every address of the hub's desk, what is shown there, and who may see it."""

from http import HTTPStatus
from pathlib import Path

import sqlalchemy as sa
import structlog
from starlette.responses import Response
from starlette.types import ASGIApp

from edge.console.house import Show
from edge.console.people import Role
from edge.console.stream import Streams
from edge.console.ways import ALL, CALLS, COMMON, ENGINEER, FILES, Site, Way
from edge.counting import Numbers
from hil.hub.desk.office import CHECKING, Office, Visit
from hil.hub.desk.pages import acts, campaigns, country, fleet, lists, rollouts, signing, urgent

SHEET = Path(__file__).parent / "static" / "desk.css"
OPERATOR = frozenset({Role.OPERATOR})
SIDES = frozenset({Role.OPERATOR, Role.PROSECUTOR})
"Who signs: each as the side of this name."
PUBLISHING = frozenset({Role.OPERATOR, Role.ENGINEER})

WAYS: tuple[Way[Office], ...] = (
    Way("/", country.show, ALL),
    Way("/live", country.live, ALL, by_itself=True),
    Way("/fleet", fleet.show, ALL),
    Way("/fleet/{node}", fleet.box, ALL),
    Way("/campaigns", campaigns.show, ALL),
    Way("/campaigns/{name:path}", campaigns.group, ALL),
    Way("/lists", lists.all_of_them, CALLS),
    Way("/lists/{name}", lists.show, CALLS),
    Way("/lists/{name}/add", lists.add, OPERATOR, "POST"),
    Way("/lists/{name}/remove", lists.remove, OPERATOR, "POST"),
    Way("/lists/{name}/prepare", signing.prepare, OPERATOR, "POST"),
    Way("/lists/{name}/manifest", signing.manifest, CALLS),
    Way("/lists/{name}/sign", signing.sign, SIDES, "POST"),
    Way("/lists/{name}/publish", signing.publish, PUBLISHING, "POST"),
    Way("/lists/{name}/urgent", urgent.show, CALLS),
    Way("/lists/{name}/urgent/add", urgent.add, OPERATOR, "POST"),
    Way("/lists/{name}/urgent/lift", urgent.lift, SIDES, "POST"),
    Way("/lists/{name}/urgent/{number}/record", urgent.record, CALLS),
    Way("/lists/{name}/urgent/{number}/sign", urgent.sign, SIDES, "POST"),
    Way("/lists/{name}/urgent/{number}/withdraw", urgent.withdraw, SIDES, "POST"),
    Way("/rollouts", rollouts.show, ALL),
    Way("/rollouts/{name}", rollouts.steer, ENGINEER, "POST"),
    Way("/acts", acts.show, CHECKING),
    *COMMON,
)


def site_of(office: Office, numbers: Numbers) -> ASGIApp:
    """Return the desk for people, behind its guard."""
    files = {**FILES, SHEET: "text/css; charset=utf-8"}
    streams = {"/stops": Streams(office, _told)}
    ways = [way._replace(show=_patient(way.show)) for way in WAYS]
    return Site(office, ways, streams, files).app(numbers)


def _patient(show: Show[Office]) -> Show[Office]:
    """Say it where the database is away: it is another machine, and comes back."""

    def answer(visit: Visit) -> Response:
        try:
            return show(visit)
        except sa.exc.SQLAlchemyError as lost:
            structlog.get_logger("desk").warning("database", why=str(lost))
            raise visit.no(
                HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer: try again."
            ) from lost

    return answer


def _told(visit: Visit) -> list[country.Row]:
    """Return the latest stops; none while the database is away, and whoever watches goes on."""
    try:
        return country.rows_of(visit)
    except sa.exc.SQLAlchemyError:
        return []
