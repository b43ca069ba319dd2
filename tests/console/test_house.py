# SPDX-License-Identifier: Apache-2.0
"""What every visit is told, whatever the house."""

from http import HTTPStatus

from edge.console.desk import Desk
from edge.console.history import History
from edge.console.house import cookies_of
from edge.console.people import Role
from edge.console.sessions import IDLE_S
from tests.console.site_house import Site


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
