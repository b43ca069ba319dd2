# SPDX-License-Identifier: Apache-2.0
"""*Country* shows every region and every box, and tells of stops as they come."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from edge.console import stream
from edge.console.people import Role
from hil.hub.desk.regions import FILE, REGIONS
from tests.console.site_house import Browser, Site
from tests.hil.hub.desk.country_house import NOW, NS, Country


def tiles(text: str) -> dict[str, str]:
    """Return how each region stands, as it is coloured."""
    found = re.findall(r'class="tile ([a-z]+)" href="/fleet\?region=([a-z-]+)"', text)
    return {region: level for level, region in found}


def test_all_twenty_regions_are_there_as_their_boxes_stand(site: Site) -> None:
    found = tiles(site.signed_in(Role.VIEWER).get("/").text)
    assert set(found) == {region.id for region in REGIONS}
    levels: dict[str, set[str]] = {}
    for region, level in found.items():
        levels.setdefault(level, set()).add(region)
    assert levels["ok"] == {"astana", "shymkent", "almaty-city", "north"}
    assert levels["warn"] == {"mangystau", "west", "abai"}
    assert levels["fail"] == {"jambyl"}
    assert len(levels["none"]) == 12


def test_the_table_says_the_same_as_the_tiles(site: Site) -> None:
    text = site.signed_in(Role.VIEWER).get("/live").text
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)[1:]
    assert len(rows) == 20
    (astana,) = [row for row in rows if "region=astana" in row]
    assert re.findall(r'<td class="right">([^<]*)</td>', astana) == ["1", "3"]
    assert "all well" in astana


def test_who_is_placed_nowhere_is_named(site: Site) -> None:
    browser = site.signed_in(Role.VIEWER)
    assert "Not placed in a region: laboratory-7" in browser.get("/").words
    words = browser.get("/fleet?region=nowhere").words
    assert "laboratory-7" in words
    assert "astana-1" not in words


def test_a_file_places_who_has_another_name(site: Site, open_country: Country) -> None:
    path = open_country.folder / FILE
    path.write_text("laboratory-7,ulytau\n")
    try:
        text = site.signed_in(Role.VIEWER).get("/").text
        assert tiles(text)["ulytau"] == "ok"
        assert "Not placed" not in text
        path.write_text("laboratory-7,narnia\n")
        answer = site.signed_in(Role.VIEWER).get("/")
        assert answer.status == 503
        assert "regions.csv:1" in answer.words
    finally:
        path.unlink()


def test_a_viewer_sees_numbers_masked(site: Site) -> None:
    assert "+447700900123" in site.signed_in(Role.OPERATOR).get("/").text
    seen = site.signed_in(Role.VIEWER).get("/").text
    assert "+447700900123" not in seen
    assert "+4477" in seen


def test_hostile_words_of_the_wire_are_text(site: Site, open_country: Country) -> None:
    hostile = "<script>alert(1)</script>"
    open_country.stopped("astana-1", hostile, None, NOW + NS, hostile)
    text = site.signed_in(Role.OPERATOR).get("/").text
    assert hostile not in text
    assert "&lt;script&gt;" in text


@contextmanager
def watching(browser: Browser) -> Iterator[http.client.HTTPResponse]:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with closing(http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)) as line:
        line.request("GET", "/stops", headers={"Cookie": cookies, "Accept-Language": "en"})
        yield line.getresponse()


def news(answer: http.client.HTTPResponse) -> list[dict]:
    while line := answer.readline():
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    return []


def test_a_stop_that_comes_is_told_to_who_is_signed_in(
    site: Site, open_country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "EVERY_S", 0.02)
    with watching(site.signed_in(Role.OPERATOR)) as answer:
        assert answer.getheader("content-type", "").startswith("text/event-stream")
        assert len(news(answer)) >= 4
        open_country.stopped("shymkent-1", "s-9", at=NOW + 2 * NS)
        (row,) = news(answer)
        assert (row["region"], row["node"], row["mark"]) == (
            "Shymkent city", "shymkent-1", "stopped",
        )  # fmt: skip
        assert (row["verdict"], row["fate"]) == ("blocked", "stopped before it rang")
    with watching(site.browser()) as answer:
        assert answer.status == 403
