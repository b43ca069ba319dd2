# SPDX-License-Identifier: Apache-2.0
"""What all pages share, and one visit to one of them: who it is, what they read, what they sent."""

import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from edge import __version__, clock
from edge.config import Config
from edge.console.forms import Form
from edge.console.history import History
from edge.console.lockout import Lockout
from edge.console.minutes import Minutes
from edge.console.people import People, Person, Role
from edge.console.sessions import LONGEST_S, TOKEN_OCTETS, Sessions
from edge.console.speech import LANGUAGES, Speech, chosen, speech_of
from edge.errors import QalqanError
from edge.log import mask
from edge.moment import Moments
from edge.places import Places, places_of

TEMPLATES = Path(__file__).with_name("templates")
NS = 1_000_000_000
UNFIT = HTTPStatus.UNPROCESSABLE_ENTITY

SentT = TypeVar("SentT", bound=Form)


class Refused(Exception):
    """A request that is answered with a page saying why not."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        """Say it, in the language of who asked."""
        super().__init__(text)
        self.status = status
        self.text = text


class Desk:
    """What all pages share."""

    def __init__(self, config: Config, history: History, *, tls: bool) -> None:
        """Show the box of a configuration. Raises `InputError`."""
        self.config = config
        self.places: Places = places_of(config)
        self.people = People(self.places.page)
        self.sessions = Sessions()
        self.lockout = Lockout()
        self.minutes = Minutes(config)
        self.moments = Moments()
        self.history = history
        self.signing = Lock()
        "Held by who is signing in: guesses at once would all be heard before the first is known."
        self.tls = tls
        self.is_ending = False
        self._environments = {name: _environment(speech_of(name)) for name in LANGUAGES}

    def now_s(self) -> float:
        """Return the time that sessions and waits go by; it does not step."""
        return clock.monotonic_s()

    def wall_s(self) -> int:
        """Return the time of the calendar, epoch seconds."""
        return clock.now_ns() // NS

    def rendered(self, language: str, template: str, context: Mapping[str, Any]) -> str:
        """Return a page."""
        return self._environments[language].get_template(template).render(context)


class Cookies(NamedTuple):
    """Names of what a browser keeps; behind TLS such that no other site can set them."""

    session: str
    visitor: str
    language: str = "language"


def cookies_of(*, tls: bool) -> Cookies:
    """Return the names."""
    begin = "__Host-" if tls else ""
    return Cookies(f"{begin}qalqan", f"{begin}visitor")


class Visit:
    """One request for a page."""

    def __init__(self, desk: Desk, request: Request, *, touch: bool = True) -> None:
        """Find out who it is; `touch` unless a browser asks by itself."""
        self.desk = desk
        self.request = request
        self.path = request.url.path
        self.cookies = cookies_of(tls=desk.tls)
        self.address = request.client.host if request.client else ""
        accepted = request.headers.get("accept-language", "")
        self.speech = speech_of(chosen(request.cookies.get(self.cookies.language, ""), accepted))
        self.token = request.cookies.get(self.cookies.session, "")
        session = desk.sessions.of(self.token, desk.now_s(), touch=touch) if self.token else None
        self.person: Person | None = desk.people.get(session.name) if session else None

    @property
    def name(self) -> str:
        """Name of who it is."""
        return self.person.name if self.person else ""

    def may(self, *roles: Role) -> bool:
        """Whether they have one of these roles."""
        return self.person is not None and self.person.role in roles

    def shown(self, text: str) -> str:
        """Return a text with its numbers as they may see them."""
        return mask(text) if self.may(Role.VIEWER) else text

    def asked(self, name: str, most: int = 512) -> str:
        """Return what the query says of a name; empty if nothing."""
        return self.request.query_params.get(name, "")[:most].strip()

    # What was sent ------------------------------------------------------------

    @property
    def browser(self) -> str:
        """What tells this browser from all others."""
        return self.token or self.request.cookies.get(self.cookies.visitor, "")

    def form(self, form: type[SentT]) -> SentT:
        """Return what was sent. Raises `Refused` where it is not ours, or not as it should be."""
        try:
            found = form.model_validate(self.request.scope["form"])
        except ValidationError as wrong:
            names = ", ".join(str(error["loc"][0]) for error in wrong.errors() if error["loc"])
            raise self.no(UNFIT, "Something was not filled in as it should be:", names) from wrong
        if not self.desk.sessions.is_ours(self.browser, found.token):
            raise self.no(
                HTTPStatus.FORBIDDEN, "This form is not of now: go back, load the page again."
            )
        return found

    # What is answered ---------------------------------------------------------

    def page(
        self, template: str, context: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        """Return a page."""
        sessions, visitor = self.desk.sessions, ""
        if not self.browser:
            visitor = secrets.token_urlsafe(TOKEN_OCTETS)
        whole = {
            "visit": self, "path": self.path, "node": self.desk.config.node.name,
            "languages": LANGUAGES, "language": self.speech.language, "software": __version__,
            "form_token": sessions.form_token(self.browser or visitor),
            "Role": Role, **context,
        }  # fmt: skip
        text = self.desk.rendered(self.speech.language, template, whole)
        response = HTMLResponse(text, status.value)
        if visitor:
            self.keep(response, self.cookies.visitor, visitor, int(LONGEST_S))
        return response

    def keep(self, response: Response, name: str, value: str, life_s: int) -> None:
        """Have the browser keep something: for us alone, and out of the reach of scripts."""
        response.set_cookie(
            name, value, max_age=life_s, secure=self.desk.tls, httponly=True, samesite="strict"
        )

    def no(self, status: HTTPStatus, text: str, more: str = "") -> Refused:
        """Return a refusal with a text of ours, and what no language changes behind it."""
        return Refused(status, f"{self.speech.say(text)} {more}".rstrip())

    def to(self, path: str) -> Response:
        """Send the browser to another page of ours."""
        return RedirectResponse(path, HTTPStatus.SEE_OTHER.value)

    def refusal(self, refused: Refused) -> Response:
        """Return a page that says why not."""
        return self.page("refused.html", {"text": refused.text}, refused.status)


Show = Callable[[Visit], Response]


def shielded(show: Show, visit: Visit) -> Response:
    """Return a page, or one that says why not."""
    try:
        return show(visit)
    except Refused as refused:
        return visit.refusal(refused)
    except QalqanError as error:
        return visit.refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, visit.shown(str(error))))


def _environment(speech: Speech) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    made.install_gettext_translations(speech.texts, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.filters |= {
        "number": speech.number, "share": speech.share, "time": speech.time,
        "clock": speech.clock, "span": speech.span,
        "word": lambda word, kind: speech.word(kind, word),
    }  # fmt: skip
    return made
