# SPDX-License-Identifier: Apache-2.0
"""*Campaigns* joins what regions told, with its reasons and its dossier."""

from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from edge.console.people import Role
from edge.console.speech import speech_of
from edge.detect.score import BY_CODE
from edge.report.event import Moment
from edge.report.suspicion import campaign_event
from tests.console.site_house import Site
from tests.hil.hub.desk.country_house import NOW, Country
from tests.hil.hub.test_campaigns import PLAIN, SIGNED, elsewhere


def test_two_regions_that_share_a_place_are_one_campaign(site: Site) -> None:
    words = site.signed_in(Role.VIEWER).get("/campaigns").words
    assert f"{PLAIN.id} Astana city, Mangystau Regions 2" in words


def test_one_is_shown_with_reasons_and_clues_by_the_id_of_any_part(site: Site) -> None:
    browser = site.signed_in(Role.OPERATOR)
    words = browser.get(f"/campaigns/{PLAIN.id}").words
    for said in ("astana-1", "aktau-1", "By what they are one", "address of the voice",
                 "198.51.100.7", PLAIN.reasons[0].text()):  # fmt: skip
        assert said in words
    assert all(line.title in words for line in PLAIN.lines)
    assert f"Campaign {PLAIN.id}" in browser.get("/campaigns/c1").words


def test_a_viewer_sees_no_number_in_a_dossier(site: Site, open_country: Country) -> None:
    line = replace(SIGNED.lines[0], value="<+77172000055>")
    other = elsewhere(SIGNED, "203.0.113.80", "s1|third|key", "c/3 <b>")
    open_country.campaign("shymkent-1", replace(other, lines=(line,)))
    site.desk.forget()
    path = f"/campaigns/{quote('c/3 <b>')}"
    text = site.signed_in(Role.OPERATOR).get(path).text
    assert "&lt;+77172000055&gt;" in text
    assert "<b>" not in text
    assert "+77172000055" not in site.signed_in(Role.VIEWER).get(path).text


def test_reasons_and_clues_are_said_in_the_language_of_who_reads(
    site: Site, open_country: Country
) -> None:
    words = site.signed_in(Role.VIEWER, "ru").get(f"/campaigns/{PLAIN.id}").words
    assert PLAIN.reasons[0].text() not in words
    first = PLAIN.reasons[0]
    assert speech_of("ru").told(BY_CODE[first.code].text, first.values) in words
    assert PLAIN.lines[0].title not in words
    moment = Moment(NOW, 1, "b")
    told = campaign_event(replace(PLAIN, id="c-new", members=()), "open", moment)
    unknown = {"code": "of-tomorrow", "text": "It is odd: +77172000055.", "values": {}}
    odd = msgspec.structs.replace(told, fields={**told.fields, "reasons": (unknown,)})
    open_country.tell("shymkent-1", odd)
    site.desk.forget()
    assert "It is odd: +77172000055." in site.signed_in(Role.OPERATOR).get("/campaigns/c-new").words
    assert "It is odd: +7717*" in site.signed_in(Role.VIEWER).get("/campaigns/c-new").words


def test_one_that_nobody_told_of(site: Site) -> None:
    assert site.signed_in(Role.VIEWER).get("/campaigns/none").status == 404
