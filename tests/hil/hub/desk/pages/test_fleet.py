# SPDX-License-Identifier: Apache-2.0
"""*Boxes* shows who needs people first, and all that is known of one."""

import re

from edge.console.people import Role
from tests.console.site_house import Site
from tests.hil.hub.desk.country_house import Country


def nodes(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/fleet/([^"]+)"', text)


def test_who_needs_people_comes_first(site: Site) -> None:
    found = nodes(site.signed_in(Role.VIEWER).get("/fleet").text)
    assert len(found) == 9
    assert found[0] == "taraz-1"
    assert set(found[1:4]) == {"oral-1", "semey-1", "aktau-1"}
    assert found[4:] == sorted(found[4:])


def test_those_of_one_region(site: Site) -> None:
    browser = site.signed_in(Role.VIEWER)
    assert nodes(browser.get("/fleet?region=west").text) == ["oral-1"]
    assert nodes(browser.get("/fleet?region=ulytau").text) == []
    assert "No box has reported" in browser.get("/fleet?region=ulytau").words
    assert len(nodes(browser.get("/fleet?region=narnia").text)) == 9


def test_one_box_says_how_it_stands(site: Site) -> None:
    browser = site.signed_in(Role.VIEWER)
    words = browser.get("/fleet/oral-1").words
    for said in ("works, with an alarm", "a list is old", "1.4.0", "fraud: version 12",
                 "West Kazakhstan", "Wait there 3"):  # fmt: skip
        assert said in words
    assert "its certificate ends soon" in browser.get("/fleet/semey-1").words
    assert "connection lost" in browser.get("/fleet/taraz-1").words
    assert "Could not be read 1" in browser.get("/fleet/aktau-1").words


def test_what_a_box_says_of_itself_is_text(site: Site, open_country: Country) -> None:
    hostile = "<b>1.4.0</b>"
    open_country.born("ekibastuz-1", software=hostile, boot=hostile, lists={hostile: 1},
                      alarms=(hostile,))  # fmt: skip
    try:
        for path in ("/fleet", "/fleet/ekibastuz-1"):
            text = site.signed_in(Role.VIEWER).get(path).text
            assert hostile not in text
            assert "&lt;b&gt;" in text
    finally:
        open_country.forget("ekibastuz-1")


def test_a_box_that_nobody_heard_of(site: Site) -> None:
    answer = site.signed_in(Role.VIEWER).get("/fleet/nowhere-1")
    assert (answer.status, "There is no such box" in answer.words) == (404, True)
