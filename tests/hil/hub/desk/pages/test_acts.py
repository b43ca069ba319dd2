# SPDX-License-Identifier: Apache-2.0
"""*Log of acts*: whoever did something is in it, and a change of it is seen."""

import sqlalchemy as sa

from edge.console.people import Role
from hil.hub.desk.acts import ACTS
from tests.console.site_house import PASSWORD, Site
from tests.hil.hub.desk.country_house import Country


def test_signing_in_and_letting_in_stand_there_with_the_address(site: Site) -> None:
    engineer = site.signed_in(Role.ENGINEER)
    engineer.get("/people")
    fields = {"name": "dana", "role": "viewer", "password": PASSWORD}
    assert engineer.post("/people/add", **fields).status == 303
    assert engineer.post("/people/drop", name="dana").status == 303
    words = site.signed_in(Role.PROSECUTOR).get("/acts").words
    assert "some-engineer let in dana as viewer 127.0.0.1" in words
    assert "some-engineer took out dana 127.0.0.1" in words
    assert "some-prosecutor signed in as prosecutor 127.0.0.1" in words
    assert "none of these was changed" in words


def test_who_guesses_is_locked_out_and_it_is_recorded(site: Site) -> None:
    browser = site.browser()
    browser.get("/sign-in")
    for _ in range(6):
        browser.post("/sign-in", name="guess", password="wrong wrong wrong")
    assert browser.post("/sign-in", name="guess", password="wrong").status == 429
    site.desk.lockout.right(("address 127.0.0.1",))
    assert (
        "locked out for a while: 'name guess'" in site.signed_in(Role.ENGINEER).get("/acts").words
    )


def test_a_line_that_was_changed_is_called_out(site: Site, open_country: Country) -> None:
    engineer = site.signed_in(Role.ENGINEER)
    number = site.desk.acts.latest(1)[0].number
    where = ACTS.c.number == number
    with open_country.store.writing() as connection:
        text = connection.execute(sa.select(ACTS.c.text).where(where)).scalar_one()
        connection.execute(sa.update(ACTS).where(where).values(text="<b>did nothing</b>"))
    try:
        answer = engineer.get("/acts")
        assert "The chain is broken" in answer.words
        assert "<b>did nothing" not in answer.text
    finally:
        with open_country.store.writing() as connection:
            connection.execute(sa.update(ACTS).where(where).values(text=text))
