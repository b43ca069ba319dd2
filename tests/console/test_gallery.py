# SPDX-License-Identifier: Apache-2.0
"""The pictures of README.md are taken by the test run, and are of the page as it is."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge import clock
from edge.console.people import Role
from tests.console import scene
from tests.console.gallery import (
    AGAIN,
    FINGERPRINTS,
    HUNG,
    MOST_OCTETS,
    NAMED,
    PICTURES,
    ROOT,
    TAKEN,
    fingerprint,
)
from tests.console.site_house import PASSWORD, Site, shown
from tests.console.webdriver import Chromium, driver

NAME = "aigerim"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """The scene, and the record of the call that was stopped last."""
    config = scene.furnish(tmp_path_factory.mktemp("box"))
    record = scene.hear(config)
    scene.lift(config, clock.now_ns() // scene.NS)
    with shown(config) as site:
        scene.remember(site.desk.history, site.desk.now_s())
        site.let_in(NAME, Role.ENGINEER)
        yield site, record


def seen(box: tuple[Site, str], name: str) -> str:
    """Return the fingerprint of the page that a picture is of, as it is now."""
    site, record = box
    browser = site.browser(PICTURES[name].language)
    browser.get("/sign-in")
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    scene.as_of_now(site.desk.config)
    answer = browser.get(PICTURES[name].path.format(record=record))
    assert answer.status == 200
    return fingerprint(answer.text)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with driver(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.slow
@pytest.mark.peer("chromium", "chromedriver")
@pytest.mark.parametrize("name", PICTURES)
def test_it_is_taken(box: tuple[Site, str], port: int, name: str) -> None:
    site, record = box
    picture = PICTURES[name]
    with closing(Chromium(port, *picture.size, picture.language)) as browser:
        browser.open(f"http://127.0.0.1:{site.port}/")
        browser.type("#name", NAME)
        browser.type("#password", PASSWORD)
        browser.click("button.main")
        browser.find("#calls")
        scene.as_of_now(site.desk.config)
        browser.open(f"http://127.0.0.1:{site.port}{picture.path.format(record=record)}")
        browser.find("main")
        browser.shoot(TAKEN / name, picture.size)
        assert browser.errors() == []
    (TAKEN / name).with_suffix(".fingerprint").write_text(seen(box, name))


def test_readme_shows_all_of_them() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(NAMED.findall(text)) == set(PICTURES)
    assert {path.name for path in HUNG.iterdir()} == {*PICTURES, FINGERPRINTS}, AGAIN
    for name in PICTURES:
        octets = (HUNG / name).read_bytes()
        assert octets.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(octets) <= MOST_OCTETS


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_of_the_page_as_it_is(box: tuple[Site, str], name: str) -> None:
    assert json.loads((HUNG / FINGERPRINTS).read_text())[name] == seen(box, name), AGAIN


def test_a_fingerprint_is_of_what_is_seen() -> None:
    html = '<title>a</title><p class="would" data-x="1">Stopped at 10:15</p>'
    same = '<title>a</title><p data-x="2"  class="would">Stopped\n at 10:16</p>'
    assert fingerprint(html) == fingerprint(same)
    for other in ("Stopped", "would", "<p"):
        assert fingerprint(html.replace(other, f"{other}x")) != fingerprint(html)
