# SPDX-License-Identifier: Apache-2.0
"""*Campaigns* and their dossiers, whose numbers only those see who may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.console.people import Role
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


@pytest.mark.parametrize("name", ["c000000000000", "x", "%2e%2e%2fusers"])
def test_a_campaign_that_is_none_is_said(own: Site, name: str) -> None:
    assert own.signed_in(Role.VIEWER).get(f"/campaigns/{name}").status == 404
