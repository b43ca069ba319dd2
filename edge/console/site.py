# SPDX-License-Identifier: Apache-2.0
"""READ FIRST. Every address of the page, what is shown there, and who may see it."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edge.console import sign
from edge.console.desk import Desk, Show, Visit, shielded
from edge.console.guard import Guard
from edge.console.pages import box, call, campaigns, listed, now, trunks
from edge.console.people import Role
from edge.console.stream import Streams
from edge.counting import Numbers

STATIC = Path(__file__).with_name("static")
NOBODY: frozenset[Role] = frozenset()
"Who is not signed in sees it, too."
ALL = frozenset(Role)
CALLS = ALL - {Role.VIEWER}
ENGINEER = frozenset({Role.ENGINEER})


class Way(NamedTuple):
    """An address, and what is behind it."""

    path: str
    show: Show
    who: frozenset[Role]
    method: str = "GET"
    by_itself: bool = False
    "A browser asks without anybody doing something: it keeps no session open."


WAYS = (
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
    Way("/people", sign.people, ALL),
    Way("/people/password", sign.change, ALL, "POST"),
    Way("/people/add", sign.add, ENGINEER, "POST"),
    Way("/people/drop", sign.drop, ENGINEER, "POST"),
    Way("/sign-out", sign.leave, ALL, "POST"),
    Way("/sign-in", sign.ask, NOBODY),
    Way("/sign-in", sign.enter, NOBODY, "POST"),
    Way("/first", sign.ask_first, NOBODY),
    Way("/first", sign.enter_first, NOBODY, "POST"),
    Way("/language", sign.speak, NOBODY, "POST"),
)

FILES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"What is handed out beside pages: these, and no path is ever made of what somebody asks for."


def site_of(desk: Desk, numbers: Numbers) -> ASGIApp:
    """Return the page for people, behind its guard."""
    routes = [Route(way.path, _endpoint(desk, way), methods=[way.method]) for way in WAYS]
    routes += [Route(f"/static/{name}", _file(name, kind)) for name, kind in FILES.items()]
    routes.append(Route("/calls", Streams(desk).calls))
    lost = {404: _lost(desk), 405: _lost(desk)}
    site = Starlette(routes=routes, exception_handlers=lost)
    site.router.redirect_slashes = False
    return Guard(site, numbers, tls=desk.tls)


def _endpoint(desk: Desk, way: Way) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        visit = Visit(desk, request, touch=not way.by_itself)
        if way.who and visit.person is None:
            return visit.to("/sign-in")
        if way.who and not visit.may(*way.who):
            refused = visit.no(HTTPStatus.FORBIDDEN, "Your role does not let you do this.")
            return visit.refusal(refused)
        return shielded(way.show, visit)

    return answer


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    octets = (STATIC / name).read_bytes()

    def answer(_request: Request) -> Response:
        return Response(octets, media_type=kind)

    return answer


def _lost(desk: Desk) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, _why: Exception) -> Response:
        if request.url.path.startswith("/static/"):
            return PlainTextResponse("Not Found\n", HTTPStatus.NOT_FOUND.value)
        visit = Visit(desk, request, touch=False)
        return visit.refusal(visit.no(HTTPStatus.NOT_FOUND, "There is nothing at this address."))

    return answer
