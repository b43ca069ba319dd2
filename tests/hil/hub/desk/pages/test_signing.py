# SPDX-License-Identifier: Apache-2.0
"""Two sign on their own machines, each with their own key; then an appliance takes the version."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from typer.testing import CliRunner

from edge.cli.list import app
from edge.console.people import Role
from edge.trust import handed
from hil.hub.store import Store, sqlite_url
from tests.console.site_house import Answer, Browser, Site
from tests.hil.hub.desk.country_house import NOW_S, Country, shown
from tests.trust.centre import Box, Centre

LIST = "/lists/fraud"


class Table:
    """A desk, and two who sign: what they have on their own machines is not in the hub's folder."""

    def __init__(self, site: Site, centre: Centre, folder: Path) -> None:
        self.site, self.centre, self.folder = site, centre, folder
        self.who = {role: site.signed_in(role) for role in (Role.OPERATOR, Role.PROSECUTOR)}
        self.who[Role.ENGINEER] = site.signed_in(Role.ENGINEER)

    def post(self, role: Role, path: str, **fields: str) -> Answer:
        self.who[role].get(LIST)
        return self.who[role].post(f"{LIST}/{path}", **fields)

    def prepare(self) -> bytes:
        assert self.post(Role.OPERATOR, "prepare", days="30").status == 303
        return self.who[Role.PROSECUTOR].get(f"{LIST}/manifest").octets

    def signed(self, role: Role, manifest: bytes, key: CryptoSigner | None = None) -> str:
        side = role.value
        place = ("fraud", side, self.centre.repository.next_number("fraud", side))
        signer = key or self.centre.keys["fraud", side]
        return handed.sign(place, manifest, signer, NOW_S).decode()

    def hand_in(self, role: Role, signature: str, manifest: bytes) -> Answer:
        digest = sha256(manifest).hexdigest()
        return self.post(role, "sign", sha256=digest, signature=signature)

    def refusal(self, role: Role, signature: str, manifest: bytes) -> tuple[int, str]:
        answer = self.hand_in(role, signature, manifest)
        return answer.status, answer.words

    @property
    def browser(self) -> Browser:
        return self.who[Role.OPERATOR]


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    yield Country(store, tmp_path / "hub")
    store.close()


@pytest.fixture
def centre(country: Country) -> Centre:
    made = country.centre()
    made.add("77172000002", basis="order 2")
    return made


@pytest.fixture
def table(country: Country, centre: Centre, tmp_path: Path) -> Iterator[Table]:
    with shown(country.office(centre.online)) as site:
        yield Table(site, centre, tmp_path)


def test_two_sign_and_an_appliance_takes_the_version(table: Table, tmp_path: Path) -> None:
    box = Box(tmp_path / "box", table.centre)
    assert box.update().version == 1
    manifest = table.prepare()
    for role in (Role.OPERATOR, Role.PROSECUTOR):
        answer = table.hand_in(role, table.signed(role, manifest), manifest)
        assert answer.status == 303, answer.words
    assert "operator has signed" in table.browser.get(LIST).words
    assert table.post(Role.OPERATOR, "publish").status == 303
    assert "Version in force 2 Entries 2" in table.browser.get(LIST).words
    assert box.update().version == 2
    assert {entry.text() for entry in box.store.open().covering("77172000002")} == {"+77172000002"}
    texts = [line.act.text for line in table.site.desk.acts.latest(20)]
    assert "list fraud: put version 2 in force" in texts
    digest = sha256(manifest).hexdigest()
    for side in ("operator", "prosecutor"):
        assert f"list fraud: sign version 2 as {side}, {digest}" in texts


def test_the_command_that_is_shown_makes_what_is_taken(table: Table) -> None:
    manifest = table.prepare()
    (table.folder / "fraud-2.json").write_bytes(manifest)
    (table.folder / "prosecutor.key").write_bytes(
        table.centre.keys["fraud", "prosecutor"].private_bytes
    )
    words = table.who[Role.PROSECUTOR].get(LIST).words
    command = words[words.index("qalqan list sign-manifest") :].split(" Then put here")[0].split()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(table.folder)
        done = CliRunner().invoke(app, [*command[2:], "--yes"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    signature = (table.folder / "fraud-2-prosecutor.json").read_text()
    # it was signed by the clock of this machine: the desk's is another
    table.site.desk.at_s = NOW_S - 10**9
    assert table.hand_in(Role.PROSECUTOR, signature, manifest).status == 303


def test_nothing_is_put_in_force_that_one_has_not_signed(table: Table) -> None:
    assert table.post(Role.OPERATOR, "publish").status == 409
    manifest = table.prepare()
    table.hand_in(Role.OPERATOR, table.signed(Role.OPERATOR, manifest), manifest)
    answer = table.post(Role.ENGINEER, "publish")
    assert (answer.status, "It is not signed by: prosecutor" in answer.words) == (409, True)


def test_each_wrong_signature_is_refused_by_its_name(table: Table) -> None:
    manifest = table.prepare()
    right = table.signed(Role.OPERATOR, manifest)
    other = CryptoSigner.generate_ed25519()
    wrong = {
        "It is not signed by the key of your side": table.signed(Role.OPERATOR, manifest, other),
        "It is signed by the other side": table.signed(Role.PROSECUTOR, manifest),
        "It signs another manifest": table.signed(Role.OPERATOR, manifest + b" "),
        "This is no signature": "<script>alert(1)</script>",
        "Its number is not the next": handed.sign(
            ("fraud", "operator", 1), manifest, table.centre.keys["fraud", "operator"], NOW_S
        ).decode(),
    }
    for text, signature in wrong.items():
        status, words = table.refusal(Role.OPERATOR, signature, manifest)
        assert (status, text in words) == (422, True), (text, words)
    assert table.hand_in(Role.OPERATOR, right, manifest).status == 303
    status, words = table.refusal(Role.OPERATOR, right, manifest)
    assert (status, "Your side has signed this already" in words) == (409, True)
    acts = table.site.desk.acts.latest(1)
    assert acts[0].act.reason == "this side has signed already"


def test_a_version_that_was_prepared_anew_is_signed_anew(table: Table) -> None:
    before = table.prepare()
    signature = table.signed(Role.OPERATOR, before)
    table.centre.add("77172000003", basis="order 3")
    answer = table.hand_in(Role.OPERATOR, signature, before)
    assert (answer.status, "No version waits" in answer.words) == (409, True)
    after = table.prepare()
    answer = table.hand_in(Role.OPERATOR, signature, before)
    assert (answer.status, "Another version was prepared" in answer.words) == (409, True)
    assert "It signs another manifest" in table.refusal(Role.OPERATOR, signature, after)[1]


def test_an_engineer_signs_as_nobody(table: Table) -> None:
    manifest = table.prepare()
    signature = table.signed(Role.OPERATOR, manifest)
    assert table.hand_in(Role.ENGINEER, signature, manifest).status == 403
    assert 'id="signature"' not in table.who[Role.ENGINEER].get(LIST).text


def test_without_the_online_key_the_command_is_shown(country: Country, centre: Centre) -> None:
    with shown(country.office()) as site:
        table = Table(site, centre, country.folder)
        manifest = table.prepare()
        for role in (Role.OPERATOR, Role.PROSECUTOR):
            table.hand_in(role, table.signed(role, manifest), manifest)
        text = table.browser.get(LIST).text
        assert "qalqan list publish" in text
        assert 'id="publish"' not in text
        answer = table.post(Role.OPERATOR, "publish")
        assert (answer.status, "the online key is not here" in answer.words) == (409, True)


def test_no_private_key_of_a_side_is_in_the_hubs_folder(table: Table, country: Country) -> None:
    manifest = table.prepare()
    table.hand_in(Role.OPERATOR, table.signed(Role.OPERATOR, manifest), manifest)
    keys = [key.private_bytes.strip() for key in table.centre.keys.values()]
    for path in country.folder.rglob("*"):
        if path.is_file():
            octets = path.read_bytes()
            assert not any(key in octets for key in keys), path
