# SPDX-License-Identifier: Apache-2.0
"""A desk on a real socket, people at it, and the keys of both sides, for urgent records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.blocklist.manifest import Signed, write_signed
from edge.console.people import Role
from edge.trust.urgent import countersign
from hil.hub.store import Store, sqlite_url
from tests.console.site_house import Answer, Browser, Site
from tests.hil.hub.desk.country_house import Country, shown
from tests.trust.centre import Centre
from tests.verdict.calls import GB, GB_2

URGENT = "/lists/fraud/urgent"
ADDITION = {
    "patterns": f"+{GB.e164}\r\n +{GB_2.e164} \r\n", "action": "block", "party": "calling",
    "category": "fraud", "basis": "order <18>", "hours": "6", "reason": "a campaign runs",
}  # fmt: skip
LIFTING = {"pattern": "+77172000001", "hours": "6", "reason": "a mistake"}
SIDES = (Role.OPERATOR, Role.PROSECUTOR)


class Seats(dict[Role, Browser]):
    """Browsers of people, each of whom signs in when they are first asked for."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site

    def __missing__(self, role: Role) -> Browser:
        self[role] = self._site.signed_in(role)
        return self[role]


class Table:
    """A desk, and people at it; what a side keeps on its own machine is not in the hub's folder."""

    def __init__(self, site: Site, centre: Centre, folder: Path) -> None:
        self.site, self.centre, self.folder = site, centre, folder
        self.who = Seats(site)

    def post(self, role: Role, path: str, **fields: str) -> Answer:
        self.who[role].get("/people")
        return self.who[role].post(f"{URGENT}/{path}", **fields)

    def words(self, role: Role = Role.ENGINEER, more: str = "") -> str:
        return self.who[role].get(URGENT + more).words

    def add(self, **more: str) -> None:
        assert self.post(Role.OPERATOR, "add", **{**ADDITION, **more}).status == 303

    def lift(self, role: Role = Role.OPERATOR, **more: str) -> None:
        assert self.post(role, "lift", **{**LIFTING, **more}).status == 303

    def record(self, seq: int) -> bytes:
        return self.who[Role.ENGINEER].get(f"{URGENT}/{seq}/record").octets

    def signed(self, seq: int, *roles: Role) -> str:
        signed = Signed(self.record(seq), ())
        for role in roles:
            signed = countersign(signed, self.centre.keys["fraud", role.value])
        return write_signed(signed).decode()

    def hand_in(self, role: Role, seq: int, signature: str = "") -> Answer:
        return self.post(role, f"{seq}/sign", signature=signature or self.signed(seq, role))

    def acts(self, most: int) -> list[tuple[str, str, str]]:
        acts = (line.act for line in self.site.desk.acts.latest(most))
        return [(act.person, act.text, act.reason) for act in acts]


@contextmanager
def laid(folder: Path) -> Iterator[Table]:
    store = Store(sqlite_url(folder / "hub.db"))
    country = Country(store, folder / "hub")
    centre = country.centre()
    with shown(country.office(centre.online)) as site:
        yield Table(site, centre, folder)
    store.close()
