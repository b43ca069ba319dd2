# SPDX-License-Identifier: Apache-2.0
"""What every visit is told, and what it may not see."""

from http import HTTPStatus

from edge.console.desk import Desk, cookies_of
from edge.console.history import History
from edge.console.people import Role
from edge.console.sessions import IDLE_S
from tests.console.site_house import Site, shown


def test_behind_tls_no_other_site_can_set_a_cookie() -> None:
    assert cookies_of(tls=True)[:2] == ("__Host-qalqan", "__Host-visitor")


def test_behind_tls_a_cookie_never_goes_in_clear(site: Site) -> None:
    desk = Desk(site.desk.config, History(), tls=True)
    with Site(desk) as other:
        answer = other.browser().get("/sign-in")
    (cookie,) = answer.headers.get_all("set-cookie", [])
    assert cookie.startswith("__Host-visitor=")
    assert "secure" in cookie.lower()
    assert answer.headers["strict-transport-security"]


def test_a_viewer_sees_numbers_masked(site: Site) -> None:
    viewer, operator = site.signed_in(Role.VIEWER), site.signed_in(Role.OPERATOR)
    assert "+77172009131" in operator.get("/").text
    seen = viewer.get("/").text
    assert "+77172009131" not in seen
    assert "+7717" in seen


def test_who_was_taken_out_meanwhile_is_nobody(site: Site) -> None:
    site.let_in("gone", Role.OPERATOR)
    browser = site.browser()
    browser.get("/sign-in")
    browser.post("/sign-in", name="gone", password="correct horse battery")
    site.desk.people.drop("gone")
    assert browser.get("/").status == HTTPStatus.SEE_OTHER


def test_what_a_browser_asks_by_itself_keeps_nobody_signed_in(site: Site, monkeypatch) -> None:
    browser = site.signed_in(Role.VIEWER)
    began, status = site.desk.now_s(), 0
    for part in range(1, 4):
        monkeypatch.setattr(site.desk, "now_s", lambda part=part: began + part * IDLE_S / 2.5)
        status = browser.get("/live").status
    assert status == HTTPStatus.SEE_OTHER


def test_a_folder_that_is_gone_is_said_and_ends_nothing(site: Site, tmp_path) -> None:
    browser = site.signed_in(Role.ENGINEER)
    evidence = site.desk.places.evidence
    away = evidence.rename(tmp_path / "evidence")
    try:
        for path in ("/", "/call?id=x", "/trunks", "/box"):
            assert browser.get(path).status == HTTPStatus.OK
    finally:
        away.rename(evidence)


def test_damage_is_said_in_the_language_of_the_page(site: Site) -> None:
    lists = site.desk.places.lists
    (lists / "fraud.state").rename(lists / "kept")
    (lists / "fraud.state").write_text("{")
    try:
        with shown(site.desk.config) as other:
            answer = other.signed_in(Role.ENGINEER, "ru").get("/list?number=77172000001")
    finally:
        (lists / "kept").rename(lists / "fraud.state")
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Не выполнено" in answer.words
