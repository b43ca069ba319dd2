# SPDX-License-Identifier: Apache-2.0
"""What a box shows of itself, and what some may not see."""

from http import HTTPStatus

from edge.console.desk import DOORS
from edge.console.people import Role
from tests.console.site_house import Site


def test_everybody_is_led_to_what_they_may_see(site: Site) -> None:
    for role in (Role.VIEWER, Role.OPERATOR):
        text = site.signed_in(role).get("/").text
        for door in DOORS:
            assert (f'<a href="{door.path}"' in text) is (role in door.who)


def test_a_viewer_sees_numbers_masked(site: Site) -> None:
    viewer, operator = site.signed_in(Role.VIEWER), site.signed_in(Role.OPERATOR)
    assert "+77172009131" in operator.get("/").text
    seen = viewer.get("/").text
    assert "+77172009131" not in seen
    assert "+7717" in seen


def test_a_folder_that_is_gone_is_said_and_ends_nothing(site: Site, tmp_path) -> None:
    browser = site.signed_in(Role.ENGINEER)
    evidence = site.desk.places.evidence
    away = evidence.rename(tmp_path / "evidence")
    try:
        for path in ("/", "/call?id=x", "/trunks", "/box"):
            assert browser.get(path).status == HTTPStatus.OK
    finally:
        away.rename(evidence)
