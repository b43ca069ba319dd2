# SPDX-License-Identifier: Apache-2.0
"""What all pages of the desk share; and that each of them is whole on every kind of database."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.console.people import Role
from edge.errors import InputError
from hil.hub.desk.acts import ACTS
from hil.hub.desk.office import FRESH_S
from hil.hub.store import Store
from tests.hil.hub.desk.conftest import furnish
from tests.hil.hub.desk.country_house import Country, shown
from tests.hil.hub.desk.test_site import SEEN


def test_every_page_is_whole_on_every_database(store: Store, tmp_path: Path) -> None:
    country = Country(store, tmp_path)
    furnish(country)
    country.centre()
    with shown(country.office()) as site:
        browser = site.signed_in(Role.ENGINEER)
        for path in SEEN:
            answer = browser.get(path)
            assert answer.status == 200, (path, answer.words)
        browser.get("/rollouts")
        assert browser.post("/rollouts/spring", to="halt", reason="because").status == 303
        assert "some-engineer rollout spring: halt because" in browser.get("/acts").words
        words = browser.get("/").words
        assert "Stopped today 3" in words
        assert "stopped before it rang" in words


def test_a_fresh_hub_is_shown_as_empty(store: Store, tmp_path: Path) -> None:
    with shown(Country(store, tmp_path).office()) as site:
        browser = site.signed_in(Role.ENGINEER)
        for path, said in {
            "/": "No stop was told of yet", "/fleet": "No box has reported",
            "/campaigns": "None was found yet", "/lists": "No list is here yet",
            "/rollouts": "There was none", "/acts": "signed in as engineer",
        }.items():  # fmt: skip
            answer = browser.get(path)
            assert (answer.status, said in answer.words) == (200, True), path


def test_the_fleet_is_asked_for_once_in_a_while(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    country = Country(store, tmp_path)
    office = country.office()
    monkeypatch.setattr(office, "now_s", lambda: 100.0)
    assert office.fleet() == []
    country.born("astana-1")
    assert office.fleet() == []
    monkeypatch.setattr(office, "now_s", lambda: 100.0 + FRESH_S)
    assert [one.member.node for one in office.fleet()] == ["astana-1"]


def test_what_cannot_be_recorded_beforehand_is_not_done(store: Store, tmp_path: Path) -> None:
    country = Country(store, tmp_path)
    with shown(country.office()) as site:
        browser = site.signed_in(Role.ENGINEER)
        browser.get("/people")
        with store.writing() as connection:
            ACTS.drop(connection)
        fields = {"name": "dana", "role": "viewer", "password": "correct horse battery"}
        assert browser.post("/people/add", **fields).status == 503
        assert site.desk.people.get("dana") is None
        with capture_logs() as logs:
            site.desk.later("asel", "signed in", "10.0.0.7")
        assert logs[0]["event"] == "not recorded"
        with pytest.raises(InputError):
            site.desk.note("asel", "signed in", "10.0.0.7")
    store.make()
