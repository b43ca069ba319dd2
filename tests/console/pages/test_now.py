# SPDX-License-Identifier: Apache-2.0
"""*Now* says what the box hears and decides, to who reads it and to a script."""

from edge.console.people import Role
from tests.console.site_house import Site


def test_it_says_how_everything_stands(site: Site) -> None:
    words = site.signed_in(Role.OPERATOR).get("/").words
    for said in (
        "Calls heard 15", "Would have been stopped 3", "mirror", "intl international observe only",
        "this box stands alone", "fraud , entries: 1", "a list is old",
        "core hears and decides : runs",
    ):  # fmt: skip
        assert said in words, said


def test_calls_stand_there_with_why(site: Site) -> None:
    answer = site.signed_in(Role.OPERATOR).get("/")
    assert "+77172009131 +77172000131 let through with a remark; would be blocked" in answer.words
    assert answer.text.count(">why?<") == 3
    assert answer.text.count('class="would"') >= 3


def test_what_does_not_run_is_said(site: Site) -> None:
    run = site.desk.places.run
    (run / "core.numbers").rename(run / "away")
    try:
        words = site.signed_in(Role.VIEWER).get("/live").words
    finally:
        (run / "away").rename(run / "core.numbers")
    assert "core hears and decides : does not run" in words
    assert "No list is loaded" in words
