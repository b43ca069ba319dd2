# SPDX-License-Identifier: Apache-2.0
"""The pictures of README.md are taken by the test run, and are of the page as it is."""

import json
import re
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

PATHS = {"now.png": "/", "phone.png": "/", "call.png": "/call?id={record}",
         "spared.png": f"/list?number=%2B{scene.CALLER}"}  # fmt: skip


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """The scene, and the record of the call that was stopped last."""
    config = scene.furnish(tmp_path_factory.mktemp("box"))
    record = scene.hear(config)
    scene.lift(config, clock.now_ns() // scene.NS)
    with shown(config) as site:
        scene.remember(site.desk.history, site.desk.now_s())
        site.let_in("aigerim", Role.ENGINEER)
        yield site, record


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
        browser.type("#name", "aigerim")
        browser.type("#password", PASSWORD)
        browser.click("button.main")
        browser.find("#calls")
        scene.as_of_now(site.desk.config)
        browser.open(f"http://127.0.0.1:{site.port}{PATHS[name].format(record=record)}")
        browser.find("main")
        browser.shoot(TAKEN / name, picture.size)
        assert browser.errors() == []


def test_readme_shows_all_of_them() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(NAMED.findall(text)) == set(PICTURES)
    missing = [name for name in PICTURES if not (HUNG / name).is_file()]
    assert not missing, AGAIN
    assert {path.name for path in HUNG.iterdir()} == {*PICTURES, FINGERPRINTS.name}
    for name in PICTURES:
        octets = (HUNG / name).read_bytes()
        assert octets.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(octets) <= MOST_OCTETS


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_of_the_page_as_it_is(name: str) -> None:
    assert json.loads(FINGERPRINTS.read_text())[name] == fingerprint(PICTURES[name]), AGAIN


def test_a_fingerprint_is_of_language_and_templates() -> None:
    found = [fingerprint(one) for one in PICTURES.values()]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in found)
