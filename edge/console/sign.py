# SPDX-License-Identifier: Apache-2.0
"""Signing in and out, the first engineer, and who else is let in."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response

from edge.console import first_code
from edge.console.forms import First, Language, Leaver, NewPerson, Nothing, OwnPassword, SignIn
from edge.console.house import House, Visit
from edge.console.people import Person, Role
from edge.console.sessions import LONGEST_S
from edge.console.speech import LANGUAGES

YEAR_S = 365 * 86_400
LINE_S = 5.0
"How long somebody waits for those who are signing in before them."
FIRST_CODE = "first-code"


def ask(visit: Visit[House]) -> Response:
    """Ask who it is."""
    if visit.person:
        return visit.to("/")
    return visit.page("sign_in.html", {"is_empty": not visit.desk.people.all()})


def enter(visit: Visit[House]) -> Response:
    """Sign somebody in."""
    form = visit.form(SignIn)
    with _guess(visit, form.name) as guess:
        person = visit.desk.people.check(form.name, form.password)
        if person is None:
            guess.wrong()
            raise visit.no(HTTPStatus.FORBIDDEN, "Name or password is not right.")
        guess.right()
    return _signed_in(visit, person)


def ask_first(visit: Visit[House]) -> Response:
    """Ask for the code of the first engineer."""
    return visit.page("first.html", {})


def enter_first(visit: Visit[House]) -> Response:
    """Let in an engineer who has the code."""
    form = visit.form(First)
    desk = visit.desk
    _alike(visit, form.password, form.again)
    with _guess(visit, FIRST_CODE) as guess:
        if not first_code.is_right(desk.folder, form.code, desk.wall_s()):
            guess.wrong()
            raise visit.no(HTTPStatus.FORBIDDEN, "The code is not right.")
        person = _person(visit, form.name, Role.ENGINEER, form.password, FIRST_CODE)
        desk.note(form.name, "became engineer by the code", visit.address)
        first_code.spend(desk.folder)
        desk.people.put(person)
        desk.sessions.end_all_of(form.name)
        guess.right()
    return _signed_in(visit, person)


def leave(visit: Visit[House]) -> Response:
    """Sign somebody out."""
    visit.form(Nothing)
    visit.desk.sessions.end(visit.token)
    response = visit.to("/sign-in")
    response.delete_cookie(
        visit.cookies.session, secure=visit.desk.tls, httponly=True, samesite="strict"
    )
    return response


def speak(visit: Visit[House]) -> Response:
    """Remember what somebody reads."""
    form = visit.form(Language)
    if form.language not in LANGUAGES:
        raise visit.no(HTTPStatus.NOT_FOUND, "The page is not in this language.")
    response = visit.to(form.back if not form.back.startswith("//") else "/")
    visit.keep(response, visit.cookies.language, form.language, YEAR_S)
    return response


# Who is let in ----------------------------------------------------------------


def people(visit: Visit[House]) -> Response:
    """Show who is let in; to everybody their own password."""
    found = visit.desk.people.all() if visit.may(Role.ENGINEER) else []
    return visit.page("people.html", {"people": found, "roles": [one.value for one in Role]})


def add(visit: Visit[House]) -> Response:
    """Let somebody in."""
    form = visit.form(NewPerson)
    desk = visit.desk
    if desk.people.get(form.name):
        raise visit.no(HTTPStatus.CONFLICT, "There is somebody of this name.")
    person = _person(visit, form.name, form.role, form.password, visit.name)
    desk.note(visit.name, f"let in {form.name} as {form.role.value}", visit.address)
    desk.people.put(person)
    return visit.to("/people")


def drop(visit: Visit[House]) -> Response:
    """Let somebody in no longer: not themselves, so that one engineer is left."""
    form = visit.form(Leaver)
    desk = visit.desk
    if form.name == visit.name or not desk.people.get(form.name):
        raise visit.no(HTTPStatus.CONFLICT, "Nobody of this name can be taken out.")
    desk.note(visit.name, f"took out {form.name}", visit.address)
    desk.people.drop(form.name)
    desk.sessions.end_all_of(form.name)
    return visit.to("/people")


def change(visit: Visit[House]) -> Response:
    """Give somebody another password; they are signed out everywhere else."""
    form = visit.form(OwnPassword)
    desk = visit.desk
    _alike(visit, form.password, form.again)
    with _guess(visit, visit.name) as guess:
        known = desk.people.check(visit.name, form.before)
        if known is None:
            guess.wrong()
            raise visit.no(HTTPStatus.FORBIDDEN, "The password of before is not right.")
        guess.right()
    person = _person(visit, known.name, known.role, form.password, known.made_by)
    desk.note(visit.name, "took another password", visit.address)
    desk.people.put(person)
    desk.sessions.end_all_of(person.name)
    return _signed_in(visit, person)


# What these share -------------------------------------------------------------


class _Guess(NamedTuple):
    """Somebody who says a name and a secret; who was wrong too often waits."""

    visit: Visit[House]
    keys: tuple[str, ...]

    def wrong(self) -> None:
        """Take a wrong one; that somebody is locked out is recorded."""
        desk = self.visit.desk
        if desk.lockout.wrong(self.keys, desk.now_s()):
            text = f"locked out for a while: {self.keys[0]!r}"
            desk.later("the page", text, self.visit.address)

    def right(self) -> None:
        """Forget what was wrong before."""
        self.visit.desk.lockout.right(self.keys)


@contextmanager
def _guess(visit: Visit[House], name: str) -> Iterator[_Guess]:
    """Have one after another guess. Raises `Refused`."""
    desk = visit.desk
    guess = _Guess(visit, (f"name {name[:64]}", f"address {visit.address}"))
    if not desk.signing.acquire(timeout=LINE_S):
        raise visit.no(HTTPStatus.SERVICE_UNAVAILABLE, "Too many are signing in: try again.")
    try:
        if wait_s := desk.lockout.wait_s(guess.keys, desk.now_s()):
            wait = visit.speech.span(wait_s)
            raise visit.no(
                HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong guesses. Try again in:", wait
            )
        yield guess
    finally:
        desk.signing.release()


def _signed_in(visit: Visit[House], person: Person) -> Response:
    desk = visit.desk
    desk.sessions.end(visit.token)
    token = desk.sessions.begin(person.name, desk.now_s())
    desk.later(person.name, f"signed in as {person.role.value}", visit.address)
    response = visit.to("/")
    visit.keep(response, visit.cookies.session, token, int(LONGEST_S))
    return response


def _alike(visit: Visit[House], password: str, again: str) -> None:
    if password != again:
        raise visit.no(HTTPStatus.UNPROCESSABLE_ENTITY, "The two passwords are not alike.")


def _person(visit: Visit[House], name: str, role: Role, password: str, by: str) -> Person:
    desk = visit.desk
    return Person(name, role, desk.people.hashed(password), desk.wall_s(), by)
