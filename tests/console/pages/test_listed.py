# SPDX-License-Identifier: Apache-2.0
"""*List* says whether a number is listed, why and how long."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.blocklist.entry import Listed
from edge.blocklist.store import Store
from edge.box.spared import Spared, read_spared, write_spared
from edge.console.people import Role
from edge.console.tables import Tables
from edge.evidence.shelf import lines
from edge.judging import lists_of
from edge.model.event import Trunk, TrunkClass
from edge.model.verdict import Action
from tests.console.site_house import LISTED, Site, furnish, shown

SPARE = {"number": f"+{LISTED}", "hours": "24", "reason": "calls his bank"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with shown(furnish(tmp_path, "spoofed_7172.pcap")) as site:
        yield site


@pytest.mark.parametrize("written", ["+77172000001", "77172000001", "+7 (7172) 000-001"])
def test_a_listed_number_is_found_however_it_is_written(site: Site, written: str) -> None:
    words = site.signed_in(Role.OPERATOR).get(f"/list?number={quote(written)}").words
    assert f"+{LISTED} in force blocked calling number fraud order-1 – no end fraud 3" in words


def test_a_number_that_is_not_listed_is_said(site: Site) -> None:
    words = site.signed_in(Role.OPERATOR).get("/list?number=%2B77172000002").words
    assert "+77172000002 : on no list of this box" in words


@pytest.mark.parametrize("wrong", ["x", "+", "1", "+77172000001x", "1" * 16, "٣٤٥٦"])
def test_what_is_no_number_is_said(site: Site, wrong: str) -> None:
    answer = site.signed_in(Role.OPERATOR).get(f"/list?number={quote(wrong)}")
    assert (answer.status, "This is no telephone number" in answer.words) == (200, True)


def test_the_lists_of_the_box_stand_there(site: Site) -> None:
    assert "fraud 3 1 25 Nov 2026, 14:46:40" in site.signed_in(Role.OPERATOR).get("/list").words


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.PROSECUTOR, Role.ENGINEER])
def test_a_number_is_let_through_and_listed_again(own: Site, role: Role) -> None:
    browser, path = own.signed_in(role), own.desk.places.spared
    browser.get(f"/list?number=%2B{LISTED}")
    answer = browser.post("/list/spare", **SPARE)
    assert (answer.status, answer.headers["location"]) == (303, f"/list?number=%2B{LISTED}")
    (one,) = read_spared(path).values()
    assert one.until_s - one.since_s == 24 * 3600
    words = browser.get(f"/list?number=%2B{LISTED}").words
    assert f"+{LISTED} : let through at this box until" in words
    assert f"Numbers that are let through at this box +{LISTED} until" in words
    assert browser.post("/list/spare", **{**SPARE, "hours": "0"}).status == 303
    assert read_spared(path) == {}
    acts = [json.loads(line.octets) for line in lines(own.desk.places.acts)]
    assert [one["act"] for one in acts if one["act"] != "notice"] == ["spare", "spare"]
    assert acts[0]["text"].endswith("for 24 h; calls his bank")
    assert acts[0]["by"][1].startswith(f"some-{role.value} by ")


@pytest.mark.parametrize(("change", "status"), [
    ({"reason": ""}, 422), ({"number": "x"}, 422), ({"hours": "73"}, 422), ({"token": "x"}, 403),
])  # fmt: skip
def test_what_is_not_said_is_not_done(own: Site, change: dict[str, str], status: int) -> None:
    browser = own.signed_in(Role.OPERATOR)
    browser.get("/list")
    answer = browser.send("/list/spare", {"token": browser.form_token, **SPARE, **change})
    assert answer.status == status
    assert not own.desk.places.spared.exists()


def test_a_viewer_lets_nobody_through(own: Site) -> None:
    browser = own.signed_in(Role.VIEWER)
    browser.get("/")
    assert browser.post("/list/spare", **SPARE).status == 403
    assert not own.desk.places.spared.exists()


def test_what_is_over_is_not_shown(own: Site) -> None:
    write_spared(own.desk.places.spared, {LISTED: Spared(0, own.desk.wall_s(), "a-1")})
    words = own.signed_in(Role.OPERATOR).get(f"/list?number=%2B{LISTED}").words
    assert "let through at this box until" not in words


def test_where_those_let_through_cannot_be_read_another_still_can_be(own: Site) -> None:
    browser, path = own.signed_in(Role.OPERATOR), own.desk.places.spared
    path.write_text("{")
    answer = browser.get(f"/list?number=%2B{LISTED}")
    assert answer.status == 200
    assert "Which numbers are let through at this box cannot be read." in answer.words
    assert f'<code lang="en">{path}: ' in answer.text
    assert browser.post("/list/spare", **SPARE).status == 303
    assert list(read_spared(path)) == [LISTED]


def test_what_could_not_be_done_is_said_in_the_language_of_the_page(own: Site) -> None:
    browser, acts = own.signed_in(Role.OPERATOR, "ru"), own.desk.places.acts
    browser.get(f"/list?number=%2B{LISTED}")
    acts.write_text("")
    answer = browser.post("/list/spare", **SPARE)
    assert answer.status == 503
    assert f"Не выполнено причину сообщила сама система {acts}: File exists" in answer.words
    assert f"<code>{acts}: File exists</code>" in answer.text
    assert not own.desk.places.spared.exists()


# Files of the configuration ---------------------------------------------------

TABLE = """# version: 7
pattern,party,action,category,basis,valid_until
+77172000009,calling,block,fraud,order-2,2020-01-01
+7717200*,calling,block,fraud,order-3,
"""


@pytest.fixture
def table(own: Site, tmp_path: Path) -> Path:
    """A file that the configuration names."""
    path = tmp_path / "own<b>.csv"
    path.write_text(TABLE)
    named = own.desk.config.blocklist.model_copy(update={"files": (path,)})
    own.desk.config = own.desk.config.model_copy(update={"blocklist": named})
    own.desk.tables = Tables((path,), 3)
    return path


def test_an_entry_of_a_file_is_found_with_its_line(own: Site, table: Path) -> None:
    words = own.signed_in(Role.OPERATOR).get("/list?number=%2B77172000009").words
    assert "+77172000009 expired blocked calling number fraud order-2 – 1 Jan 2020" in words
    assert f"+7717200* in force blocked calling number fraud order-3 – no end {table}" in words
    assert f"{table} line 3, not signed" in words
    assert f"{table} line 4, not signed" in words
    assert f"{table} 2 not signed" in words
    assert "systemctl restart qalqan-core" in words
    assert "on no list of this box" not in words


def test_signed_entries_stand_before_those_of_a_file(own: Site, table: Path) -> None:
    words = own.signed_in(Role.OPERATOR).get(f"/list?number=%2B{LISTED}").words
    assert words.index(f"+{LISTED} in force blocked") < words.index("+7717200* in force blocked")
    assert str(table) in words


def test_a_number_of_a_file_is_let_through_as_any(own: Site, table: Path) -> None:
    asked, trunk = lists_of(own.desk.config), Trunk("intl", TrunkClass.INTERNATIONAL)

    def done() -> Action:
        found = asked.look(own.desk.wall_s())
        assert found is not None
        hit = found.blocklist.find("77172000009", Listed.CALLING, trunk, own.desk.wall_s())
        assert hit is not None
        return hit.entry.action

    assert done() is Action.BLOCK
    browser = own.signed_in(Role.OPERATOR)
    browser.get("/list?number=%2B77172000009")
    assert browser.post("/list/spare", **{**SPARE, "number": "+77172000009"}).status == 303
    assert done() is Action.ALLOW
    assert table.exists()


def test_a_file_that_core_has_not_read_as_it_is_now_is_said(own: Site, table: Path) -> None:
    later = "core has not read it since it was changed"
    assert later in own.signed_in(Role.OPERATOR).get("/list").words
    core = own.desk.places.run / "core.numbers"
    said = json.loads(core.read_bytes())
    said["numbers"]["qalqan_process_start_time_seconds"] = [[[], [table.stat().st_ctime + 1]]]
    core.write_text(json.dumps(said))
    assert later not in own.signed_in(Role.OPERATOR).get("/list").words


@pytest.mark.parametrize(("language", "said"), [
    ("en", "+77173000001 : on none of the lists that could be searched"),
    ("en", "This list was not searched: what it says of a number is not known here."),
    ("ru", "+77173000001 : нет ни в одном из списков, которые удалось проверить"),
    ("kk", "файл жоқ"),
])  # fmt: skip
def test_of_a_file_that_cannot_be_read_nothing_is_said_to_be_unlisted(
    own: Site, table: Path, language: str, said: str
) -> None:
    table.unlink()
    answer = own.signed_in(Role.OPERATOR, language).get("/list?number=%2B77173000001")
    assert (answer.status, said in answer.words) == (200, True)
    assert "on no list of this box" not in answer.words
    assert f"{str(table).replace('<b>', '&lt;b&gt;')}: No such file" in answer.text


def test_of_a_signed_list_that_is_damaged_neither(own: Site) -> None:
    store = Store(own.desk.places.lists, "fraud")
    store.current.write_bytes(b"x")
    words = own.signed_in(Role.OPERATOR).get(f"/list?number=%2B{LISTED}").words
    assert "on none of the lists that could be searched" in words
    assert "what it says of a number is not known here. fraud: no version" in words
    os.truncate(own.desk.places.lists / "fraud.state", 0)
    assert "not known here. fraud: " in own.signed_in(Role.OPERATOR).get("/list").words
