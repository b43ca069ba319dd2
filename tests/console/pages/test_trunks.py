# SPDX-License-Identifier: Apache-2.0
"""*Trunks*: what would have been stopped, and the switch, for engineers who say why."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.console.people import Role
from edge.evidence.shelf import lines
from edge.model.verdict import Mode
from edge.modes import read_modes, stop
from tests.console.site_house import Site, furnish, shown

ENFORCE = {"trunk": "intl", "mode": "enforce", "reason": "a clean week", "sure": "yes"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with shown(furnish(tmp_path, "spoofed_7172.pcap")) as site:
        yield site


def test_what_would_have_been_stopped_stands_there_by_rule(site: Site) -> None:
    answer = site.signed_in(Role.VIEWER).get("/trunks?days=28")
    assert "nobody redirected the call. – 3 0 3" in answer.words
    assert '<form method="post" action="/trunks/mode"' not in answer.text
    assert site.signed_in(Role.VIEWER).get("/trunks?days=9999999").status == 200


def test_an_engineer_has_calls_stopped_and_says_why(own: Site) -> None:
    browser = own.signed_in(Role.ENGINEER)
    browser.get("/trunks")
    answer = browser.post("/trunks/mode", **ENFORCE)
    assert (answer.status, answer.headers["location"]) == (303, "/trunks?done=intl")
    assert read_modes(own.desk.places.modes) == {"intl": Mode.ENFORCE}
    assert "The mode was set: intl" in browser.get("/trunks?done=intl").words
    (act,) = [json.loads(line.octets) for line in lines(own.desk.places.acts)]
    assert (act["act"], act["text"]) == ("mode", "intl is in enforce; a clean week")
    assert act["by"][1].startswith("some-engineer by ")
    observe = {"trunk": "intl", "mode": "observe", "reason": "too many"}
    assert browser.post("/trunks/mode", **observe).status == 303
    assert read_modes(own.desk.places.modes) == {"intl": Mode.OBSERVE}


@pytest.mark.parametrize(("change", "status"), [
    ({"sure": ""}, 422), ({"reason": ""}, 422), ({"mode": "off"}, 422), ({"trunk": "x"}, 404),
    ({"trunk": "natl"}, 409), ({"token": "x"}, 403),
])  # fmt: skip
def test_what_is_not_said_is_not_done(own: Site, change: dict[str, str], status: int) -> None:
    browser = own.signed_in(Role.ENGINEER)
    browser.get("/trunks")
    answer = browser.send("/trunks/mode", {"token": browser.form_token, **ENFORCE, **change})
    assert answer.status == status
    assert read_modes(own.desk.places.modes) == {}


def test_an_emergency_stop_is_said(own: Site) -> None:
    stop(own.desk.places.stop, "test")
    assert "the emergency stop is in force" in own.signed_in(Role.VIEWER).get("/trunks").words
