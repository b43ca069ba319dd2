# SPDX-License-Identifier: Apache-2.0
"""*Campaigns* and their dossiers, whose numbers only those see who may."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.console.people import Role
from edge.console.speech import speech_of
from edge.detect.score import Reason
from edge.origin.cases import Cases
from tests.console.site_house import Site, furnish, shown
from tests.origin.test_paper import CASE, HIDDEN, with_line


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    config = furnish(tmp_path, "plain_call.pcap")
    with shown(config) as site:
        Cases(site.desk.places.campaigns).write(with_line(value=f"<b>{HIDDEN}"))
        yield site


def test_a_campaign_leads_to_its_dossier(own: Site) -> None:
    browser = own.signed_in(Role.PROSECUTOR)
    assert f'href="/campaigns/{CASE.id}"' in browser.get("/campaigns").text
    answer = browser.get(f"/campaigns/{CASE.id}")
    assert answer.status == 200
    assert f"&lt;b&gt;{HIDDEN}" in answer.text
    for line in CASE.lines[1:]:
        assert line.title in answer.words


def test_a_viewer_sees_no_number_of_it(own: Site) -> None:
    text = own.signed_in(Role.VIEWER).get(f"/campaigns/{CASE.id}").text
    assert HIDDEN not in text
    assert "*******" in text


@pytest.mark.parametrize(("language", "said"), [
    ("en", "One source showed 18 numbers in 41 calls."),
    ("ru", "Один источник: вызовов 41, показано номеров 18."),
    ("kk", "Бір дереккөз 41 қоңырауда 18 нөмір көрсетті."),
])  # fmt: skip
def test_why_it_is_one_is_said_in_the_language_of_who_asks(
    own: Site, language: str, said: str
) -> None:
    rotates = Reason("rotation", {"callers": 18.0, "attempts": 41.0}, 0.9)
    other = Reason("another-version", {"x": 1.0}, 0.9)
    case = replace(CASE, reasons=(rotates, Reason("short", {}, 0.5), other))
    Cases(own.desk.places.campaigns).write(case)
    browser = own.signed_in(Role.PROSECUTOR, language)
    for path in ("/campaigns", f"/campaigns/{CASE.id}"):
        words = browser.get(path).words
        assert said in words
        assert "another-version" in words


def test_titles_of_clues_and_members_are_said_so_too(own: Site) -> None:
    words = own.signed_in(Role.PROSECUTOR, "ru").get(f"/campaigns/{CASE.id}").words
    for line in CASE.lines:
        assert speech_of("ru").word("clue", line.title) in words
        assert line.title not in words
    for member in CASE.members:
        assert speech_of("ru").word("member", member.kind) in words


@pytest.mark.parametrize("name", ["c000000000000", "x", "%2e%2e%2fusers"])
def test_a_campaign_that_is_none_is_said(own: Site, name: str) -> None:
    assert own.signed_in(Role.VIEWER).get(f"/campaigns/{name}").status == 404
