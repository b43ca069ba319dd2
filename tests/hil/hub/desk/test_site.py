# SPDX-License-Identifier: Apache-2.0
"""Every page in every language for every role, and no page for whom it is not."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.console.people import Role
from edge.console.speech import LANGUAGES
from edge.console.ways import NOBODY, Way
from hil.hub.desk.site import SHEET, WAYS
from hil.hub.store import EVENTS, GAPS, HELD, STREAMS, Store, sqlite_url
from tests.console.site_house import Site
from tests.hil.hub.desk.country_house import Country, shown
from tests.hil.hub.test_campaigns import PLAIN

SEEN = ("/", "/live", "/fleet", "/fleet?region=mangystau", "/fleet?region=nowhere",
        "/fleet/astana-1", "/fleet/aktau-1", "/campaigns", f"/campaigns/{PLAIN.id}", "/lists",
        "/lists/fraud", "/lists/fraud?number=%2B77172000001", "/lists/fraud?number=x",
        "/lists/fraud/urgent", "/lists/fraud/urgent?pattern=%2B77172000001",
        "/rollouts", "/acts", "/people")  # fmt: skip


def named(way: Way) -> str:
    return f"{way.method} {way.path}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_in_every_language(site: Site, language: str) -> None:
    browser = site.signed_in(Role.ENGINEER, language)
    for path in SEEN:
        answer = browser.get(path)
        assert answer.status == 200, (path, answer.words)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text), path
        if path == "/live":
            continue
        assert f'<html lang="{language}">' in answer.text
        assert answer.text.count("<h1>") == 1
        assert "desk.css" in answer.text
        ids = re.findall(r' id="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), path


def test_everything_that_is_filled_in_has_a_name(site: Site) -> None:
    for role in (Role.OPERATOR, Role.PROSECUTOR, Role.ENGINEER):
        browser = site.signed_in(role)
        for path in SEEN:
            text = browser.get(path).text
            for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
                if 'type="hidden"' in field:
                    continue
                found = re.search(r' id="([^"]+)"', field)
                assert found, field
                assert f'<label for="{found[1]}">' in text, field
            for table in re.findall(r"<table.*?</table>", text, re.DOTALL):
                assert "<caption" in table
                assert '<th scope="col"' in table


def path_of(way: Way) -> str:
    path = way.path.replace("{name:path}", PLAIN.id).replace("{node}", "astana-1")
    return path.replace("{name}", "fraud").replace("{number}", "1")


def status(site: Site, way: Way, role: Role) -> int:
    browser = site.signed_in(role)
    if way.method == "POST":
        browser.get("/people")
        return browser.post(path_of(way)).status
    return browser.get(path_of(way)).status


@pytest.mark.parametrize("way", [one for one in WAYS if one.who != NOBODY], ids=named)
def test_who_may_not_see_it_does_not(site: Site, way: Way) -> None:
    stranger = site.browser()
    stranger.get("/sign-in")
    path = path_of(way)
    answer = stranger.post(path) if way.method == "POST" else stranger.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    for role in Role:
        assert (status(site, way, role) == 403) is (role not in way.who), role


def test_a_form_that_is_not_ours_changes_nothing(site: Site) -> None:
    browser = site.signed_in(Role.ENGINEER)
    browser.get("/rollouts")
    ours, fields = browser.form_token, {"to": "halt", "reason": "because"}
    for token in ("", "0" * 64):
        assert browser.send("/rollouts/spring", {"token": token, **fields}).status == 403
    sent = {"token": ours, **fields}
    assert browser.send("/rollouts/spring", sent, Origin="https://evil.example").status == 403
    assert "under way" in browser.get("/rollouts").words


def test_its_own_sheet_is_handed_out_beside_those_of_all_houses(site: Site) -> None:
    answer = site.browser().get(f"/static/{SHEET.name}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    text = SHEET.read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb|url\(|@import", text), "colours of page.css alone"
    assert site.browser().get("/static/page.css").status == 200


def test_the_first_engineer_is_told_how_at_the_hub(site: Site) -> None:
    words = site.browser("en").get("/first").words
    assert "At the hub, make a code" in words
    assert "python -m hil.hub desk-code" in words


def test_a_database_that_is_away_is_said_and_ends_nothing(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    with shown(Country(store, tmp_path).office()) as site:
        browser = site.signed_in(Role.ENGINEER, "ru")
        with store.writing() as connection:
            for table in (EVENTS, HELD, GAPS, STREAMS):
                connection.execute(sa.text(f"ALTER TABLE {table.name} RENAME TO away_{table.name}"))
        for path in ("/", "/live", "/fleet"):
            answer = browser.get(path)
            assert (answer.status, "База данных не отвечает" in answer.words) == (503, True)
        with store.writing() as connection:
            for table in (EVENTS, HELD, GAPS, STREAMS):
                connection.execute(sa.text(f"ALTER TABLE away_{table.name} RENAME TO {table.name}"))
        assert browser.get("/").status == 200
    store.close()
