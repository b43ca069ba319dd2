# SPDX-License-Identifier: Apache-2.0
"""*List* says whether a number is listed, why and how long."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.console.people import Role
from edge.evidence.shelf import lines
from edge.spared import Spared, read_spared, write_spared
from tests.console.site_house import LISTED, Site, furnish, shown

SPARE = {"number": f"+{LISTED}", "hours": "24", "reason": "calls his bank"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with shown(furnish(tmp_path, "spoofed_7172.pcap")) as site:
        yield site


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


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.PROSECUTOR, Role.ENGINEER])
def test_a_number_is_let_through_and_listed_again(own: Site, role: Role) -> None:
    browser, path = own.signed_in(role), own.desk.places.spared
    browser.get(f"/list?number=%2B{LISTED}")
    answer = browser.post("/list/spare", **SPARE)
    assert (answer.status, answer.headers["location"]) == (303, f"/list?number=%2B{LISTED}")
    (one,) = read_spared(path).values()
    assert one.until_s - one.since_s == 24 * 3600
    words = browser.get(f"/list?number=%2B{LISTED}").words
    assert f"+{LISTED} : let through at this box until" in words
    assert f"Numbers that are let through at this box +{LISTED} until" in words
    assert browser.post("/list/spare", **{**SPARE, "hours": "0"}).status == 303
    assert read_spared(path) == {}
    acts = [json.loads(line.octets) for line in lines(own.desk.places.acts)]
    assert [one["act"] for one in acts if one["act"] != "notice"] == ["spare", "spare"]
    assert acts[0]["text"].endswith("for 24 h; calls his bank")
    assert acts[0]["by"][1].startswith(f"some-{role.value} by ")


@pytest.mark.parametrize(("change", "status"), [
    ({"reason": ""}, 422), ({"number": "x"}, 422), ({"hours": "73"}, 422), ({"token": "x"}, 403),
])  # fmt: skip
def test_what_is_not_said_is_not_done(own: Site, change: dict[str, str], status: int) -> None:
    browser = own.signed_in(Role.OPERATOR)
    browser.get("/list")
    answer = browser.send("/list/spare", {"token": browser.form_token, **SPARE, **change})
    assert answer.status == status
    assert not own.desk.places.spared.exists()


def test_a_viewer_lets_nobody_through(own: Site) -> None:
    browser = own.signed_in(Role.VIEWER)
    browser.get("/")
    assert browser.post("/list/spare", **SPARE).status == 403
    assert not own.desk.places.spared.exists()


def test_what_is_over_is_not_shown(own: Site) -> None:
    write_spared(own.desk.places.spared, {LISTED: Spared(0, own.desk.wall_s(), "a-1")})
    words = own.signed_in(Role.OPERATOR).get(f"/list?number=%2B{LISTED}").words
    assert "let through at this box until" not in words
