# SPDX-License-Identifier: Apache-2.0
"""What all pages of one house share, and one visit to one of them: who it is, what they sent.

A house is what a page stands for: a box (`desk.py`), or the centre of all of them. Here is nothing
that only one of them knows.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from edge import __version__, clock
from edge.console.forms import PATH, Form
from edge.console.lockout import Lockout
from edge.console.people import People, Person, Role
from edge.console.sessions import LONGEST_S, TOKEN_OCTETS, Sessions
from edge.console.speech import LANGUAGES, Speech, chosen
from edge.errors import QalqanError
from edge.log import mask

TEMPLATES = Path(__file__).with_name("templates")
NS = 1_000_000_000
UNFIT = HTTPStatus.UNPROCESSABLE_ENTITY

SentT = TypeVar("SentT", bound=Form)
HouseT_co = TypeVar("HouseT_co", bound="House", covariant=True)


class Refused(Exception):
    """A request that is answered with a page saying why not."""

    def __init__(self, status: HTTPStatus, text: str, error: str = "") -> None:
        """Say it, in the language of who asked; and what the machine said, if it was the one."""
        super().__init__(text)
        self.status = status
        self.text = text
        self.error = error


class Door(NamedTuple):
    """A page that everybody is led to."""

    path: str
    text: str
    "What it is called, in English."
    who: frozenset[Role] = frozenset(Role)


class Look(NamedTuple):
    """How a house looks."""

    name: str
    "Of the house: it stands above every page."
    doors: tuple[Door, ...]
    code: tuple[str, str]
    "How the first engineer gets a code: a sentence in English, a command."
    speeches: Mapping[str, Speech]
    "By language."
    templates: tuple[Path, ...] = ()
    "Folders of its own, looked at before that of all houses."
    sheets: tuple[str, ...] = ()
    "Style sheets of its own."


class House(ABC):
    """What all its pages share."""

    def __init__(self, folder: Path, look: Look, *, tls: bool) -> None:
        """Keep people in a folder. Raises `InputError`."""
        self.folder = folder
        "Where its people are kept, and the code of the first engineer."
        self.look = look
        self.people = People(folder)
        self.sessions = Sessions()
        self.lockout = Lockout()
        self.signing = Lock()
        "Held by who is signing in: guesses at once would all be heard before the first is known."
        self.tls = tls
        self.is_ending = False
        folders = (*look.templates, TEMPLATES)
        self._environments = {
            name: _environment(speech, folders) for name, speech in look.speeches.items()
        }

    @abstractmethod
    def note(self, person: str, text: str, address: str) -> None:
        """Record what is about to be done. Raises `InputError`: then it is not to be done."""

    @abstractmethod
    def later(self, person: str, text: str, address: str) -> None:
        """Record what was done; where that does not go, it is done all the same."""

    def title(self, speech: Speech) -> str:
        """Return what stands above every page: a name, in no language."""
        del speech
        return self.look.name

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


class Visit(Generic[HouseT_co]):
    """One request for a page."""

    def __init__(self, desk: HouseT_co, request: Request, *, touch: bool = True) -> None:
        """Find out who it is; `touch` unless a browser asks by itself."""
        self.desk = desk
        self.request = request
        self.path = request.url.path
        self.cookies = cookies_of(tls=desk.tls)
        self.address = request.client.host if request.client else ""
        accepted = request.headers.get("accept-language", "")
        self.speech = desk.look.speeches[
            chosen(request.cookies.get(self.cookies.language, ""), accepted)
        ]
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
            "visit": self, "path": self.path, "look": self.desk.look,
            "house": self.desk.title(self.speech), "back": self._back(),
            "languages": LANGUAGES, "language": self.speech.language, "software": __version__,
            "form_token": sessions.form_token(self.browser or visitor),
            "Role": Role, **context,
        }  # fmt: skip
        text = self.desk.rendered(self.speech.language, template, whole)
        response = HTMLResponse(text, status.value)
        if visitor:
            self.keep(response, self.cookies.visitor, visitor, int(LONGEST_S))
        return response

    def _back(self) -> str:
        """Return where who chooses another language finds this page again."""
        is_page = self.request.method == "GET" and re.fullmatch(PATH, self.path)
        return self.path if is_page else "/"

    def keep(self, response: Response, name: str, value: str, life_s: int) -> None:
        """Have the browser keep something: for us alone, and out of the reach of scripts."""
        response.set_cookie(
            name, value, max_age=life_s, secure=self.desk.tls, httponly=True, samesite="strict"
        )

    def no(self, status: HTTPStatus, text: str, more: str = "") -> Refused:
        """Return a refusal with a text of ours, and what no language changes behind it."""
        return Refused(status, f"{self.speech.say(text)} {more}".rstrip())

    def lacks(self, status: HTTPStatus, error: str) -> Refused:
        """Return a refusal for what the machine said: its kind, and the words themselves."""
        return Refused(status, self.speech.lack(error), self.shown(error))

    def to(self, path: str) -> Response:
        """Send the browser to another page of ours."""
        return RedirectResponse(path, HTTPStatus.SEE_OTHER.value)

    def refusal(self, refused: Refused) -> Response:
        """Return a page that says why not."""
        return self.page("refused.html", {"refused": refused}, refused.status)


Show: TypeAlias = Callable[[Visit[HouseT_co]], Response]


def shielded(show: Show[HouseT_co], visit: Visit[HouseT_co]) -> Response:
    """Return a page, or one that says why not."""
    try:
        return show(visit)
    except Refused as refused:
        return visit.refusal(refused)
    except QalqanError as error:
        return visit.refusal(visit.lacks(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))


def _environment(speech: Speech, folders: tuple[Path, ...]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    made.install_gettext_translations(speech.texts, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.filters |= {
        "number": speech.number, "share": speech.share, "time": speech.time,
        "clock": speech.clock, "span": speech.span,
        "word": lambda word, kind: speech.word(kind, word),
    }  # fmt: skip
    return made
