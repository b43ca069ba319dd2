# SPDX-License-Identifier: Apache-2.0
"""What every house shows alike: its files, what is not there, and a language that is chosen."""

import pytest

from edge.console.people import Role
from edge.console.ways import COMMON, FILES, NOBODY
from tests.console.site_house import Site


def test_files_are_those_that_are_named(site: Site) -> None:
    for path, kind in FILES.items():
        answer = site.browser().get(f"/static/{path.name}")
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert len(answer.octets) > 100
    assert site.browser().get("/static/../desk.py").status == 404


def test_what_is_not_there_is_said(site: Site) -> None:
    assert site.browser("ru").get("/nothing").status == 404
    assert "По этому адресу ничего нет" in site.browser("ru").get("/nothing").words


def test_nobody_is_asked_who_they_are_before_they_can_say_it() -> None:
    assert {way.path for way in COMMON if way.who == NOBODY} == {"/sign-in", "/first", "/language"}


@pytest.mark.parametrize(("path", "back"), [
    ("/trunks", "/trunks"), ("/campaigns/c0123456789ab", "/campaigns/c0123456789ab"),
    ("/campaigns/a%22%3E", "/"),
])  # fmt: skip
def test_who_chooses_a_language_comes_back_to_the_page(site: Site, path: str, back: str) -> None:
    browser = site.signed_in(Role.ENGINEER)
    assert f'name="back" value="{back}"' in browser.get(path).text
    answer = browser.post("/language", language="ru", back=back)
    assert (answer.status, answer.headers["location"]) == (303, back)


def test_a_form_that_was_refused_leads_back_to_the_beginning(site: Site) -> None:
    browser = site.signed_in(Role.ENGINEER)
    browser.get("/people")
    assert 'name="back" value="/"' in browser.post("/people/add", name="!").text
