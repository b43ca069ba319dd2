# SPDX-License-Identifier: Apache-2.0
"""Every page in every language for every role, and no page for whom it is not."""

import re

import pytest

from edge.console.people import Role
from edge.console.site import WAYS
from edge.console.speech import LANGUAGES, speech_of
from edge.console.ways import NOBODY, Way
from tests.console.site_house import SPOOFED, Site, as_of_now, call_path

SEEN = ("/", "/live", call_path(SPOOFED), "/list?number=%2B77172000001", "/list?number=x",
        "/trunks", "/campaigns", "/box", "/people")  # fmt: skip
HEADS = {"/": "Now", "/trunks": "Trunks", "/campaigns": "Campaigns", "/box": "Box"}


def named(way: Way) -> str:
    return f"{way.method} {way.path}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_in_every_language(site: Site, language: str) -> None:
    browser = site.signed_in(Role.ENGINEER, language)
    for path in SEEN:
        as_of_now(site.desk.config)
        answer = browser.get(path)
        assert answer.status == 200, (path, answer.words)
        if path == "/live":
            continue
        assert f'<html lang="{language}">' in answer.text
        assert answer.text.count("<h1>") == 1
        assert answer.text.count("<main") == 1
        if path in HEADS:
            assert f"<h1>{speech_of(language).say(HEADS[path])}</h1>" in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_holds_script_or_style_of_its_own(site: Site, language: str) -> None:
    browser = site.signed_in(Role.ENGINEER, language)
    for path in SEEN:
        text = browser.get(path).text
        scripts = re.findall(r"<script[^>]*>[^<]*", text)
        assert set(scripts) <= {'<script src="/static/page.js" defer>'}
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3)", text)


def test_everything_that_is_filled_in_has_a_name(site: Site) -> None:
    browser = site.signed_in(Role.ENGINEER)
    for path in (*SEEN, "/sign-in", "/first"):
        text = (browser if path in SEEN else site.browser()).get(path).text
        fields = re.findall(r"<(?:input|select)\b[^>]*>", text)
        for field in fields:
            if 'type="hidden"' in field:
                continue
            found = re.search(r' id="([^"]+)"', field)
            assert found, field
            assert f'<label for="{found[1]}">' in text, field
        ids = re.findall(r' id="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path
        for table in re.findall(r"<table.*?</table>", text, re.DOTALL):
            assert "<caption" in table
            assert '<th scope="col"' in table


def status(site: Site, way: Way, role: Role) -> int:
    browser = site.signed_in(role)
    path = way.path.replace("{name}", "c0123456789ab")
    if way.method == "POST":
        browser.get("/people")
        return browser.post(path).status
    return browser.get(path).status


@pytest.mark.parametrize("way", [one for one in WAYS if one.who != NOBODY], ids=named)
def test_who_may_not_see_it_does_not(site: Site, way: Way) -> None:
    stranger = site.browser()
    stranger.get("/sign-in")
    path = way.path.replace("{name}", "c0123456789ab")
    answer = stranger.post(path) if way.method == "POST" else stranger.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    for role in Role:
        assert (status(site, way, role) == 403) is (role not in way.who), role
