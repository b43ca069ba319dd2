# SPDX-License-Identifier: Apache-2.0
"""*List* says whether a number is listed, why and how long."""

from urllib.parse import quote

import pytest

from edge.console.people import Role
from tests.console.site_house import LISTED, Site


@pytest.mark.parametrize("written", ["+77172000001", "77172000001", "+7 (7172) 000-001"])
def test_a_listed_number_is_found_however_it_is_written(site: Site, written: str) -> None:
    words = site.signed_in(Role.OPERATOR).get(f"/list?number={quote(written)}").words
    assert f"+{LISTED} in force blocked calling number fraud order-1 – no end fraud 3" in words


def test_a_number_that_is_not_listed_is_said(site: Site) -> None:
    words = site.signed_in(Role.OPERATOR).get("/list?number=%2B77172000002").words
    assert "+77172000002 : on no list of this box" in words


@pytest.mark.parametrize("wrong", ["x", "+", "1", "+77172000001x", "1" * 16, "٣٤٥٦"])
def test_what_is_no_number_is_said(site: Site, wrong: str) -> None:
    answer = site.signed_in(Role.OPERATOR).get(f"/list?number={quote(wrong)}")
    assert (answer.status, "This is no telephone number" in answer.words) == (200, True)


def test_the_lists_of_the_box_stand_there(site: Site) -> None:
    assert "fraud 3 1 25 Nov 2026, 14:46:40" in site.signed_in(Role.OPERATOR).get("/list").words
