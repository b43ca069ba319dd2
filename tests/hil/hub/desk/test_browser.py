# SPDX-License-Identifier: Apache-2.0
"""A real Chromium at the desk: every page fits and complains of nothing; two sign a version.

Pictures of every page are left in `build/page/desk-*.png`, for people to look at.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.blocklist.manifest import Signed, write_signed
from edge.console.people import Role
from edge.trust import handed
from edge.trust.urgent import countersign
from tests.console.site_house import PASSWORD, Site
from tests.console.test_browser import LOOKS, PICTURES, TOO_WIDE, WIDTHS
from tests.console.webdriver import Chromium, driver
from tests.hil.hub.desk.country_house import NOW_S, Country
from tests.hil.hub.test_campaigns import PLAIN

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "chromedriver")]

PAGES = {
    "country": "/", "boxes": "/fleet", "box": "/fleet/oral-1", "campaigns": "/campaigns",
    "campaign": f"/campaigns/{PLAIN.id}", "lists": "/lists",
    "list": "/lists/fraud?number=%2B77172000001",
    "urgent": "/lists/fraud/urgent?pattern=%2B77172000001", "rollouts": "/rollouts",
    "acts": "/acts", "people": "/people",
}  # fmt: skip


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with driver(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def sign_in(browser: Chromium, site: Site, role: Role) -> None:
    name = f"some-{role.value}"
    if not site.desk.people.get(name):
        site.let_in(name, role)
    browser.open(f"http://127.0.0.1:{site.port}/sign-in")
    browser.type("#name", name)
    browser.type("#password", PASSWORD)
    browser.click("button.main")
    browser.find("#calls")


def shoot(browser: Chromium, name: str) -> None:
    browser.shoot(PICTURES / f"desk-{name}.png")


@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_every_page_fits_and_complains_of_nothing(
    site: Site, port: int, language: str, width: str
) -> None:
    with closing(Chromium(port, *WIDTHS[width], language)) as browser:
        browser.open(f"http://127.0.0.1:{site.port}/first")
        shoot(browser, f"first-{language}-{width}")
        sign_in(browser, site, Role.ENGINEER)
        for name, path in PAGES.items():
            browser.open(f"http://127.0.0.1:{site.port}{path}")
            assert browser.run("return document.documentElement.lang") == language
            assert browser.run(TOO_WIDE, WIDTHS[width][0]) == [], path
            shoot(browser, f"{name}-{language}-{width}")
            assert browser.errors() == [], path


def test_a_stop_that_comes_is_shown_by_itself_and_its_words_are_text(
    site: Site, port: int, open_country: Country
) -> None:
    hostile = "<img src=x onerror=document.title='taken'>"
    with closing(Chromium(port, *WIDTHS["wall"], "en")) as browser:
        sign_in(browser, site, Role.OPERATOR)
        open_country.stopped("shymkent-1", "h-1", calling=hostile, at=NOW_S * 10**9 + 10**9)
        browser.find('#calls tr[data-key="shymkent-1 h-1"]')
        assert hostile in browser.words("#calls")
        assert browser.run("return document.querySelectorAll('#calls img').length") == 0
        assert browser.run("return document.title").startswith("Country")
        assert browser.errors() == []


def test_two_sign_a_version_and_it_is_put_in_force(
    site: Site, port: int, open_country: Country, tmp_path: Path
) -> None:
    keys = {Role(side): key for (_, side), key in open_country.keys.items()}
    for role in (Role.OPERATOR, Role.PROSECUTOR):
        with closing(Chromium(port, *WIDTHS["wall"], "ru")) as browser:
            sign_in(browser, site, role)
            browser.open(f"http://127.0.0.1:{site.port}/lists/fraud")
            if role is Role.OPERATOR:
                browser.click("#prepare")
                browser.find("#signature")
            octets = (open_country.folder / "repository/lists/fraud/manifest.json").read_bytes()
            shoot(browser, f"list-to-sign-{role.value}-wall")
            assert f"--as {role.value}" in browser.words("pre.command")
            signed = handed.sign(("fraud", role.value, 2), octets, keys[role], NOW_S)
            browser.run(
                "document.getElementById('signature').value = arguments[0]", signed.decode()
            )
            browser.click("#sign")
            browser.find(f'[data-signed="{role.value}"]')
            assert browser.errors() == []
    with closing(Chromium(port, *WIDTHS["phone"], "kk")) as browser:
        sign_in(browser, site, Role.OPERATOR)
        browser.open(f"http://127.0.0.1:{site.port}/lists/fraud")
        assert browser.run(TOO_WIDE, WIDTHS["phone"][0]) == []
        shoot(browser, "list-signed-phone")
        browser.click("#publish")
        assert "Орындалды" in browser.words(".note.good")
        assert site.desk.lists.standing("fraud").version == 2


def test_two_sign_an_urgent_addition_and_it_is_sent(
    site: Site, port: int, open_country: Country
) -> None:
    keys = {Role(side): key for (_, side), key in open_country.keys.items()}
    page = f"http://127.0.0.1:{site.port}/lists/fraud/urgent"
    for role, language, width in ((Role.OPERATOR, "kk", "wall"), (Role.PROSECUTOR, "ru", "phone")):
        with closing(Chromium(port, *WIDTHS[width], language)) as browser:
            sign_in(browser, site, role)
            browser.open(f"{page}?pattern=%2B447700900123")
            if role is Role.OPERATOR:
                browser.type("#basis", "order 18")
                browser.type("#reason", "a campaign runs")
                browser.click("#add")
                browser.find("#signature-1")
            assert browser.run(TOO_WIDE, WIDTHS[width][0]) == []
            shoot(browser, f"urgent-to-sign-{role.value}-{width}")
            assert f"sign-record fraud-urgent-1.json --as {role.value}" in browser.words("pre")
            octets = (open_country.folder / "repository/lists/fraud/urgent/1.json").read_bytes()
            signed = write_signed(countersign(Signed(octets, ()), keys[role])).decode()
            browser.run("document.getElementById('signature-1').value = arguments[0]", signed)
            browser.click("#sign-1")
            browser.find(f'[data-signed="1-{role.value}"]')
            assert browser.errors() == []
            if role is Role.PROSECUTOR:
                browser.find('[data-sent="1"]')
                assert browser.run(TOO_WIDE, WIDTHS[width][0]) == []
                shoot(browser, f"urgent-sent-{width}")
