# SPDX-License-Identifier: Apache-2.0
"""*Campaigns* and their dossiers, whose numbers only those see who may."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.console.people import Role
from edge.console.speech import speech_of
from edge.detect.clues import HOURS
from edge.detect.origin import LEAST_FOR_HOURS, hours_of
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


@pytest.mark.parametrize(("language", "said"), [
    ("en", "14:00 to 23:00; these would be office hours at UTC+0"),
    ("ru", "с 14:00 до 23:00; это рабочие часы в поясе UTC+0"),
    ("kk", "14:00–23:00; бұл UTC+0 белдеуіндегі жұмыс уақыты"),
])  # fmt: skip
def test_its_hours_are_told_by_the_clock_of_the_page(own: Site, language: str, said: str) -> None:
    hours = hours_of([0] * 9 + [LEAST_FOR_HOURS] * 9 + [0] * 6)
    assert hours is not None
    case = with_line(kind=HOURS.code, title=HOURS.title, value=hours.text())
    Cases(own.desk.places.campaigns).write(case)
    assert said in own.signed_in(Role.VIEWER, language).get(f"/campaigns/{CASE.id}").words


def test_hours_that_another_version_wrote_are_shown_as_they_are(own: Site) -> None:
    Cases(own.desk.places.campaigns).write(with_line(kind=HOURS.code, value="by day"))
    assert "by day" in own.signed_in(Role.VIEWER).get(f"/campaigns/{CASE.id}").words


def test_the_day_is_drawn_from_midnight_of_the_page(own: Site) -> None:
    hours = tuple(range(24))
    Cases(own.desk.places.campaigns).write(replace(CASE, hours=hours))
    text = own.signed_in(Role.VIEWER).get(f"/campaigns/{CASE.id}").text
    drawn = re.findall(r'height="([\d.]+)"/><text x="\d+" y="90">(\d\d)<', text)
    assert [hour for _, hour in drawn] == [f"{hour:02}" for hour in range(24)]
    assert [float(tall) for tall, _ in drawn] == [
        round(72 * ((hour - 5) % 24) / 23, 1) for hour in range(24)
    ]
