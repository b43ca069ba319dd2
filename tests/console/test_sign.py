# SPDX-License-Identifier: Apache-2.0
"""Signing in: the first engineer, wrong guesses, forged sessions, who is let in by whom."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from edge.config import Config
from edge.console.first_code import make
from edge.console.lockout import FREE
from edge.console.people import Role
from edge.evidence.shelf import lines
from edge.places import places_of
from tests.console.site_house import PASSWORD, Browser, Site, furnish, shown


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """A box that nobody has signed in at yet."""
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        yield site


def acts(config: Config) -> list[tuple[str, str]]:
    folder = places_of(config).acts
    if not folder.exists():
        return []
    found = [json.loads(line.octets) for line in lines(folder)]
    return [(act["by"][1].partition(" by ")[0], act["text"]) for act in found]


def first(site: Site, code: str, **change: str) -> tuple[int, Browser]:
    browser = site.browser()
    browser.get("/first")
    fields = {"code": code, "name": "asel", "password": PASSWORD, "again": PASSWORD, **change}
    return browser.post("/first", **fields).status, browser


def enter(site: Site, name: str, password: str, browser: Browser | None = None) -> int:
    browser = browser or site.browser()
    browser.get("/sign-in")
    return browser.post("/sign-in", name=name, password=password).status


def test_the_first_engineer_comes_in_by_a_code(empty: Site) -> None:
    browser = empty.browser()
    assert browser.get("/").headers["location"] == "/sign-in"
    assert 'href="/first"' in browser.get("/sign-in").text
    code = make(empty.desk.places.page, empty.desk.wall_s())
    assert first(empty, "2222-2222-2222")[0] == HTTPStatus.FORBIDDEN
    assert first(empty, code, again="something else")[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert first(empty, code, password="short", again="short")[0] == 422
    status, browser = first(empty, code)
    assert status == HTTPStatus.SEE_OTHER
    assert "asel, engineer" in browser.get("/").words
    assert first(empty, code, name="bolat")[0] == HTTPStatus.FORBIDDEN, "it was used"
    (became,) = acts(empty.desk.config)
    assert became == ("asel", "became engineer by the code from 127.0.0.1")
    assert enter(empty, "asel", PASSWORD) == HTTPStatus.SEE_OTHER


def test_what_cannot_be_recorded_makes_no_engineer(empty: Site) -> None:
    code = make(empty.desk.places.page, empty.desk.wall_s())
    empty.desk.places.acts.touch()
    assert first(empty, code)[0] == HTTPStatus.SERVICE_UNAVAILABLE
    assert empty.desk.people.all() == []


def test_a_name_tells_not_whether_it_is_known(site: Site) -> None:
    site.let_in("known", Role.VIEWER)
    answers = []
    for name in ("known", "unknown"):
        browser = site.browser()
        browser.get("/sign-in")
        answers.append(browser.post("/sign-in", name=name, password="wrong").words)
    assert answers[0] == answers[1]
    site.desk.lockout.right(("address 127.0.0.1",))


def test_who_guesses_waits_and_it_is_recorded(empty: Site) -> None:
    empty.let_in("asel", Role.VIEWER)
    assert [enter(empty, "asel", f"guess {n}") for n in range(FREE)] == [
        HTTPStatus.FORBIDDEN
    ] * FREE
    assert enter(empty, "asel", PASSWORD) == HTTPStatus.TOO_MANY_REQUESTS, "right, and too late"
    (waits,) = empty.desk.minutes._waiting
    assert waits == ("the page", "locked out for a while: 'name asel' from 127.0.0.1")
    empty.desk.lockout.right(("name asel", "address 127.0.0.1"))
    assert enter(empty, "asel", PASSWORD) == HTTPStatus.SEE_OTHER


def test_a_session_is_what_was_given_and_nothing_else(site: Site) -> None:
    browser = site.signed_in(Role.VIEWER)
    token = browser.cookies["qalqan"]
    assert browser.get("/").status == HTTPStatus.OK
    other = ("B" if token[0] == "A" else "A") + token[1:]
    for forged in ("", "x", other, token + "A", "some-viewer", "%00", "a" * 5000):
        browser.cookies["qalqan"] = forged
        assert browser.get("/").status in {HTTPStatus.SEE_OTHER, HTTPStatus.BAD_REQUEST}
        assert browser.get("/calls").status in {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}
    browser.cookies["qalqan"] = token
    assert browser.get("/").status == HTTPStatus.OK


def test_a_session_that_was_there_before_is_not_taken_over(site: Site) -> None:
    """A token that somebody else put into the browser is not the one that is signed in."""
    browser = site.browser()
    browser.cookies["qalqan"] = "chosen-by-another"
    site.let_in("fixed", Role.VIEWER)
    assert enter(site, "fixed", PASSWORD, browser) == HTTPStatus.SEE_OTHER
    assert browser.cookies["qalqan"] != "chosen-by-another"


def test_cookies_are_for_us_alone(site: Site) -> None:
    browser = site.browser()
    browser.get("/sign-in")
    site.let_in("cookie", Role.VIEWER)
    answer = browser.post("/sign-in", name="cookie", password=PASSWORD)
    (cookie,) = answer.headers.get_all("set-cookie", [])
    words = {word.strip().lower() for word in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= words


def test_who_signed_out_is_out(site: Site) -> None:
    browser = site.signed_in(Role.VIEWER)
    token = browser.cookies["qalqan"]
    browser.get("/")
    assert browser.post("/sign-out").status == HTTPStatus.SEE_OTHER
    browser.cookies["qalqan"] = token
    assert browser.get("/").status == HTTPStatus.SEE_OTHER


def test_an_engineer_lets_in_and_takes_out(site: Site) -> None:
    engineer = site.signed_in(Role.ENGINEER)
    engineer.get("/people")
    fields = {"name": "dana", "role": "operator", "password": PASSWORD}
    assert engineer.post("/people/add", **fields).status == HTTPStatus.SEE_OTHER
    assert engineer.post("/people/add", **fields).status == HTTPStatus.CONFLICT
    theirs = site.browser()
    assert enter(site, "dana", PASSWORD, theirs) == HTTPStatus.SEE_OTHER
    assert "dana, operator" in theirs.get("/").words
    assert engineer.post("/people/drop", name="some-engineer").status == HTTPStatus.CONFLICT
    assert engineer.post("/people/drop", name="nobody").status == HTTPStatus.CONFLICT
    assert engineer.post("/people/drop", name="dana").status == HTTPStatus.SEE_OTHER
    assert theirs.get("/").status == HTTPStatus.SEE_OTHER, "at once"
    told = acts(site.desk.config)
    assert ("some-engineer", "let in dana as operator from 127.0.0.1") in told
    assert ("some-engineer", "took out dana from 127.0.0.1") in told


def test_a_password_is_changed_by_who_knows_it(site: Site) -> None:
    site.let_in("erlan", Role.VIEWER)
    mine, other = site.browser(), site.browser()
    for browser in (mine, other):
        assert enter(site, "erlan", PASSWORD, browser) == HTTPStatus.SEE_OTHER
    mine.get("/people")
    new = "another long one"
    wrong = mine.post("/people/password", before="wrong", password=new, again=new)
    assert wrong.status == HTTPStatus.FORBIDDEN
    right = mine.post("/people/password", before=PASSWORD, password=new, again=new)
    assert right.status == HTTPStatus.SEE_OTHER
    assert mine.get("/").status == HTTPStatus.OK
    assert other.get("/").status == HTTPStatus.SEE_OTHER, "signed out elsewhere"
    assert enter(site, "erlan", PASSWORD) == HTTPStatus.FORBIDDEN
    site.desk.lockout.right(("name erlan", "address 127.0.0.1"))


def test_a_language_is_remembered_and_leads_nowhere_else(site: Site) -> None:
    browser = site.browser()
    browser.get("/sign-in")
    answer = browser.post("/language", language="ru", back="/sign-in")
    assert (answer.status, answer.headers["location"]) == (HTTPStatus.SEE_OTHER, "/sign-in")
    assert "Войти" in browser.get("/sign-in").words
    assert (
        browser.post("/language", language="ru", back="//evil.example").headers["location"] == "/"
    )
    for back in ("https://evil.example", "/\\evil.example", "evil"):
        assert browser.post("/language", language="ru", back=back).status == 422
    assert browser.post("/language", language="de", back="/").status == HTTPStatus.NOT_FOUND


def test_signing_in_is_recorded(site: Site) -> None:
    site.signed_in(Role.PROSECUTOR)
    waiting = list(site.desk.minutes._waiting)
    assert ("some-prosecutor", "signed in as prosecutor from 127.0.0.1") in waiting
