# SPDX-License-Identifier: Apache-2.0
"""*Rollouts* shows how far each group has got; an engineer halts one, and has it go on."""

import pytest

from edge.console.people import Role
from hil.hub import rollout
from tests.console.site_house import Site
from tests.hil.hub.desk.country_house import Country

HOSTILE = "<i>no-space</i>"


def test_groups_are_shown_as_far_as_they_have_got(site: Site) -> None:
    answer = site.signed_in(Role.VIEWER).get("/rollouts")
    assert "canary confirmed: 1 / 2" in answer.words
    assert "rest not begun" in answer.words
    assert '<progress max="2" value="1"' in answer.text
    assert "/rollouts/spring" not in answer.text, "a viewer steers nothing"


def test_an_engineer_halts_one_with_a_reason_and_has_it_go_on(
    site: Site, open_country: Country
) -> None:
    browser = site.signed_in(Role.ENGINEER)
    browser.get("/rollouts")
    assert browser.post("/rollouts/spring", to="halt", reason="x").status == 422
    assert browser.post("/rollouts/spring", to="halt", reason="taps are <deaf>").status == 303
    (found,) = rollout.show(open_country.store, "spring")
    assert (found.state, found.why) == ("halted", "some-engineer: taps are <deaf>")
    assert "taps are &lt;deaf&gt;" in browser.get("/rollouts").text
    assert browser.post("/rollouts/spring", to="resume", reason="mended").status == 303
    assert rollout.show(open_country.store, "spring")[0].state == "running"
    acts = site.desk.acts.latest(2)
    assert [(line.act.person, line.act.text, line.act.reason) for line in acts] == [
        ("some-engineer", "rollout spring: resume", "mended"),
        ("some-engineer", "rollout spring: halt", "taps are <deaf>"),
    ]


@pytest.mark.parametrize(("name", "to"), [("spring", "resume"), ("none", "halt")])
def test_what_cannot_be_done_is_said_and_recorded(site: Site, name: str, to: str) -> None:
    browser = site.signed_in(Role.ENGINEER)
    browser.get("/rollouts")
    answer = browser.post(f"/rollouts/{name}", to=to, reason="because")
    assert (answer.status, "The hub refuses it" in answer.words) == (409, True)
    assert site.desk.acts.latest(1)[0].act.text == f"not done: rollout {name}: {to}"


def test_a_box_that_failed_is_named_with_its_reason(site: Site, open_country: Country) -> None:
    open_country.updated("aktau-1", "failed", HOSTILE)
    text = site.signed_in(Role.VIEWER).get("/rollouts").text
    assert HOSTILE not in text
    assert "aktau-1" in text
    assert "1 of 2 failed" in text
