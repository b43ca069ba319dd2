# SPDX-License-Identifier: Apache-2.0
"""How a table of addresses becomes a site: who may see what, behind the guard."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edge.console import sign
from edge.console.guard import Guard
from edge.console.house import House, HouseT_co, Show, Visit, shielded
from edge.console.people import Role
from edge.console.stream import Streams
from edge.counting import Numbers

STATIC = Path(__file__).with_name("static")
NOBODY: frozenset[Role] = frozenset()
"Who is not signed in sees it, too."
ALL = frozenset(Role)
CALLS = ALL - {Role.VIEWER}
ENGINEER = frozenset({Role.ENGINEER})


HouseT_contra = TypeVar("HouseT_contra", bound=House, contravariant=True)
"What is shown of every house is shown of one."


class Way(NamedTuple, Generic[HouseT_contra]):
    """An address, and what is behind it."""

    path: str
    show: Show[HouseT_contra]
    who: frozenset[Role]
    method: str = "GET"
    by_itself: bool = False
    "A browser asks without anybody doing something: it keeps no session open."


COMMON: tuple[Way[House], ...] = (
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
"What every house has."

FILES = {
    STATIC / "page.css": "text/css; charset=utf-8",
    STATIC / "page.js": "text/javascript; charset=utf-8",
    STATIC / "icon.svg": "image/svg+xml",
}
"What is handed out beside pages: these, and no path is ever made of what somebody asks for."


class Site(NamedTuple, Generic[HouseT_co]):
    """All that is shown of a house."""

    house: HouseT_co
    ways: Sequence[Way[HouseT_co]]
    streams: Mapping[str, Streams[HouseT_co]]
    "By address: what a browser is told while it keeps its connection."
    files: Mapping[Path, str] = FILES

    def app(self, numbers: Numbers) -> ASGIApp:
        """Return it behind its guard."""
        desk = self.house
        routes = [Route(way.path, _endpoint(desk, way), methods=[way.method]) for way in self.ways]
        routes += [
            Route(f"/static/{one.name}", _file(one, kind)) for one, kind in self.files.items()
        ]
        routes += [Route(path, stream.answer) for path, stream in self.streams.items()]
        lost = {404: _lost(desk), 405: _lost(desk)}
        site = Starlette(routes=routes, exception_handlers=lost)
        site.router.redirect_slashes = False
        return Guard(site, numbers, tls=desk.tls)


def _endpoint(desk: HouseT_co, way: Way[HouseT_co]) -> Callable[[Request], Response]:  # type: ignore[misc]
    def answer(request: Request) -> Response:
        visit = Visit(desk, request, touch=not way.by_itself)
        if way.who and visit.person is None:
            return visit.to("/sign-in")
        if way.who and not visit.may(*way.who):
            refused = visit.no(HTTPStatus.FORBIDDEN, "Your role does not let you do this.")
            return visit.refusal(refused)
        return shielded(way.show, visit)

    return answer


def _file(path: Path, kind: str) -> Callable[[Request], Response]:
    octets = path.read_bytes()

    def answer(_request: Request) -> Response:
        return Response(octets, media_type=kind)

    return answer


def _lost(desk: House) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, _why: Exception) -> Response:
        if request.url.path.startswith("/static/"):
            return PlainTextResponse("Not Found\n", HTTPStatus.NOT_FOUND.value)
        visit = Visit(desk, request, touch=False)
        return visit.refusal(visit.no(HTTPStatus.NOT_FOUND, "There is nothing at this address."))

    return answer
