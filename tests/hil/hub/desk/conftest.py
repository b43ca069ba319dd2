# SPDX-License-Identifier: Apache-2.0
"""A country with a bit of everything, once for a file."""

from collections.abc import Iterator

import pytest

from hil.hub.rollout import Group
from hil.hub.store import Store, sqlite_url
from tests.console.site_house import Site
from tests.hil.hub.desk.country_house import NOW_S, Country, shown
from tests.hil.hub.test_campaigns import PLAIN, elsewhere


def furnish(country: Country) -> None:
    """Have everything there is to be seen."""
    for node in ("astana-1", "aktau-1", "shymkent-1", "almaty-1", "petropavl-1"):
        country.born(node)
    country.born("oral-1", "alert", alarms=("list-stale",))
    country.born("semey-1", certificate_ends=NOW_S + 86_400)
    country.born("taraz-1")
    country.lost("taraz-1")
    country.born("laboratory-7")
    country.say("aktau-1", "state", b"{}")
    for number in range(3):
        country.stopped("astana-1", f"a-{number}")
    country.stopped("aktau-1", "k-1", None)
    country.campaign("astana-1", PLAIN)
    country.campaign("aktau-1", elsewhere(PLAIN, "198.51.100.7"))
    country.rollout(Group("canary", ("astana-1", "aktau-1")), Group("rest", ("oral-1",)))
    country.updated("astana-1", "confirmed")
    country.updated("aktau-1", "downloading")


@pytest.fixture(scope="module")
def open_country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    folder = tmp_path_factory.mktemp("hub")
    store = Store(sqlite_url(folder / "hub.db"))
    country = Country(store, folder)
    furnish(country)
    yield country
    store.close()


@pytest.fixture(scope="module")
def open_site(open_country: Country) -> Iterator[Site]:
    centre = open_country.centre()
    centre.add("77172000002", basis="order 2")
    with shown(open_country.office(centre.online)) as site:
        yield site


@pytest.fixture
def site(open_site: Site) -> Site:
    open_site.desk.lockout.right(("address 127.0.0.1",))
    open_site.desk.forget()
    open_site.desk.stops._looked_s = None
    return open_site
