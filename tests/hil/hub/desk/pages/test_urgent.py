# SPDX-License-Identifier: Apache-2.0
"""Urgent records at the desk: what is shown of them, who may do what, and what is not taken."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.console.people import Role
from edge.console.speech import LANGUAGES
from hil.hub.desk.acts import ACTS
from tests.hil.hub.desk.country_house import NOW_S
from tests.hil.hub.desk.urgent_house import ADDITION, LIFTING, SIDES, URGENT, Table, laid
from tests.verdict.calls import GB


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with laid(tmp_path) as table:
        yield table


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """A desk at which nothing is changed."""
    with laid(tmp_path_factory.mktemp("still")) as table:
        yield table


# What the page shows --------------------------------------------------------------


def test_records_that_wait_are_shown_the_oldest_first_on_every_page_of_lists(table: Table) -> None:
    table.add()
    table.add(patterns="+4477009*")
    words = table.words()
    assert words.index("Record 1 waits to be signed") < words.index("Record 2 waits to be signed")
    assert "Both sides must sign it" in words
    browser = table.who[Role.ENGINEER]
    assert "Urgent records that wait 2" in browser.get("/lists").words
    assert "wait to be signed: 2" in browser.get("/lists/fraud").words
    table.hand_in(Role.PROSECUTOR, 1)
    assert "operator has not signed prosecutor has signed" in table.words()
    assert "sign-record fraud-urgent-1.json" not in table.words(Role.PROSECUTOR)
    assert "sign-record fraud-urgent-2.json" in table.words(Role.PROSECUTOR)
    assert "sign-record" not in table.words(Role.ENGINEER), "an engineer signs as nobody"


def test_what_is_signed_is_handed_out_to_the_octet(table: Table) -> None:
    table.add()
    octets = (table.centre.folder / "lists/fraud/urgent/1.json").read_bytes()
    answer = table.who[Role.PROSECUTOR].get(f"{URGENT}/1/record")
    assert answer.octets == octets
    assert 'filename="fraud-urgent-1.json"' in answer.headers["content-disposition"]
    assert sha256(octets).hexdigest() in table.words(Role.PROSECUTOR)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_with_records_of_every_state_is_whole(table: Table, language: str) -> None:
    for _ in range(5):
        table.add(hours="1")
    table.lift()
    for role in SIDES:
        table.hand_in(role, 3)
    assert table.post(Role.OPERATOR, "2/withdraw", reason="a mistake").status == 303
    table.site.desk.at_s = NOW_S + 3600
    table.add(patterns="+4477009*")
    for role in SIDES:
        table.hand_in(role, 7)
    table.add(patterns="+4477008*")
    table.site.desk.at_s = NOW_S + 3601
    text = table.site.signed_in(Role.OPERATOR, language).get(URGENT).text
    assert f'<html lang="{language}">' in text
    assert "order &lt;18&gt;" in text
    for state in ("lapsed", "waits", "withdrawn", "sent", "ended"):
        assert table.site.desk.look.speeches[language].word("urgent", state) in text, state
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    labels = set(re.findall(r'<label for="([^"]+)"', text))
    fields = re.findall(r'<(?:input|select|textarea) id="([^"]+)"', text)
    assert set(fields) <= labels
    for one in re.findall(r"<table.*?</table>", text, re.DOTALL):
        assert "<caption" in one


def test_of_those_that_are_done_the_latest_are_shown(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.hub.desk.pages.urgent.MOST_PAST", 2)
    for seq in (1, 2, 3):
        table.add()
        table.post(Role.OPERATOR, f"{seq}/withdraw", reason="a mistake")
    past = table.words().partition("Done, the latest first")[2]
    assert re.findall(r"\b([1-3]) \d+ Mar", past) == ["3", "2"]
    assert "More, which are not shown: 1" in past


def test_a_number_that_was_looked_for_is_put_into_the_form(table: Table) -> None:
    browser = table.who[Role.OPERATOR]
    text = browser.get(f"/lists/fraud?number={quote('+' + GB.e164)}").text
    assert f'{URGENT}?pattern=%2B{GB.e164}#add-title"' in text
    found = browser.get(f"{URGENT}?pattern=%2B{GB.e164}").text
    assert f"+{GB.e164}</textarea>" in found
    text = browser.get("/lists/fraud?number=77172000001").text
    assert f'{URGENT}?pattern=%2B77172000001#lift-title"' in text
    hostile = browser.get(f"{URGENT}?pattern={quote('</textarea><script>')}").text
    assert "<script>" not in hostile.partition("</head>")[2]


def test_a_number_is_told_as_what_records_say_of_it(table: Table) -> None:
    table.add()
    for role in SIDES:
        table.hand_in(role, 1)
    table.lift()
    table.hand_in(Role.OPERATOR, 2)
    browser = table.who[Role.PROSECUTOR]
    assert "in force as an urgent record" in browser.get(f"/lists/fraud?number={GB.e164}").words
    assert "lifted by an urgent record" in browser.get("/lists/fraud?number=77172000001").words


# Who may, and what is not taken ---------------------------------------------------


def test_viewers_see_nothing_of_it_and_each_role_does_its_own(table: Table) -> None:
    table.add()
    table.lift()
    signature = table.signed(1, Role.OPERATOR)
    assert table.who[Role.VIEWER].get(URGENT).status == 403
    assert table.who[Role.VIEWER].get(f"{URGENT}/1/record").status == 403
    refused = [
        (Role.PROSECUTOR, "add", ADDITION), (Role.ENGINEER, "add", ADDITION),
        (Role.VIEWER, "add", ADDITION), (Role.ENGINEER, "lift", LIFTING),
        (Role.VIEWER, "lift", LIFTING), (Role.ENGINEER, "1/sign", {"signature": signature}),
        (Role.VIEWER, "1/sign", {"signature": signature}),
        (Role.PROSECUTOR, "1/withdraw", {"reason": "because"}),
        (Role.ENGINEER, "1/withdraw", {"reason": "because"}),
    ]  # fmt: skip
    for role, path, fields in refused:
        assert table.post(role, path, **fields).status == 403, (role, path)
    assert table.words().count("waits to be signed") == 2
    assert "Prepare an urgent addition" not in table.words(Role.PROSECUTOR)
    assert "Prepare an urgent lifting" in table.words(Role.PROSECUTOR)
    assert "Prepare an urgent" not in table.words(Role.ENGINEER)
    assert table.post(Role.PROSECUTOR, "2/withdraw", reason="because").status == 303
    table.lift(Role.PROSECUTOR)


def test_each_wrong_signature_is_refused_by_its_name_and_recorded(table: Table) -> None:
    table.add()
    table.add(patterns="+4477009*")
    wrong = {
        "It is not signed by the key of your side": table.signed(1),
        "It is signed by the other side": table.signed(1, Role.PROSECUTOR),
        "It signs another record": table.signed(2, Role.OPERATOR),
        "This is no signature": "<script>alert(1)</script>",
    }
    for text, signature in wrong.items():
        answer = table.hand_in(Role.OPERATOR, 1, signature)
        assert (answer.status, text in answer.words) == (422, True), (text, answer.words)
        assert table.acts(1)[0][1].startswith("not done: list fraud: sign urgent 1 as operator")
    assert table.hand_in(Role.OPERATOR, 1).status == 303
    answer = table.hand_in(Role.OPERATOR, 1)
    assert (answer.status, "Your side has signed this already" in answer.words) == (409, True)
    assert table.acts(1)[0][2] == "this side has signed already"
    assert table.words().count("operator has signed") == 1


def test_what_has_ended_or_was_withdrawn_takes_no_signature(table: Table) -> None:
    table.add(hours="1")
    table.add(patterns="+4477009*")
    first, second = (table.signed(seq, Role.OPERATOR) for seq in (1, 2))
    table.site.desk.at_s = NOW_S + 3600
    answer = table.hand_in(Role.OPERATOR, 1, first)
    assert (answer.status, "any more: ended before it was signed" in answer.words) == (409, True)
    assert "Nobody can sign it any more" in table.words()
    assert table.post(Role.OPERATOR, "2/withdraw", reason="a mistake").status == 303
    assert ("some-operator", "list fraud: withdraw urgent 2", "a mistake") in table.acts(2)
    answer = table.hand_in(Role.OPERATOR, 2, second)
    assert (answer.status, "any more: withdrawn" in answer.words) == (409, True)
    answer = table.post(Role.OPERATOR, "2/withdraw", reason="a mistake")
    assert (answer.status, "cannot be withdrawn: withdrawn" in answer.words) == (409, True)


def test_only_what_is_in_force_is_lifted(table: Table) -> None:
    answer = table.post(Role.PROSECUTOR, "lift", **{**LIFTING, "pattern": "+77172000009"})
    assert (answer.status, "Nothing of this is in force" in answer.words) == (409, True)
    person, text, why = table.acts(1)[0]
    assert (person, why) == ("some-prosecutor", "+77172000009 is not in force in fraud")
    assert text == "not done: list fraud: prepare an urgent lifting, 6 h: +77172000009"


@pytest.mark.parametrize("wrong", [
    {"patterns": ""}, {"patterns": "77172000003"}, {"patterns": "+1*"}, {"patterns": "+112"},
    {"patterns": "+7 7172"}, {"patterns": " ".join(["+77172000003"] * 21)}, {"basis": ""},
    {"patterns": "+77172000003 +77172000009..+77172000003"}, {"hours": "0"}, {"hours": "721"},
    {"action": "hang"}, {"reason": ""}, {"category": ""},
])  # fmt: skip
def test_what_no_record_may_say_is_not_prepared(still: Table, wrong: dict[str, str]) -> None:
    assert still.post(Role.OPERATOR, "add", **{**ADDITION, **wrong}).status == 422
    assert "No record waits to be signed" in still.words()


@pytest.mark.parametrize("path", ["9", "0", "x", "01", "9" * 1500, "..%2F1"])
def test_a_record_that_is_none(still: Table, path: str) -> None:
    assert still.who[Role.OPERATOR].get(f"{URGENT}/{path}/record").status == 404
    answer = still.post(Role.OPERATOR, f"{path}/sign", signature="x")
    assert answer.status == 404


def test_a_form_of_another_site_signs_and_prepares_nothing(table: Table) -> None:
    table.add()
    browser = table.who[Role.OPERATOR]
    browser.get(URGENT)
    ours, signature = browser.form_token, table.signed(1, Role.OPERATOR)
    for path, fields in (("1/sign", {"signature": signature}), ("add", ADDITION)):
        for token in ("", "0" * 64):
            sent = {"token": token, **fields}
            assert browser.send(f"{URGENT}/{path}", sent).status == 403
        sent = {"token": ours, **fields}
        answer = browser.send(f"{URGENT}/{path}", sent, Origin="https://evil.example")
        assert answer.status == 403
    assert table.words().count("waits to be signed") == 1
    assert "operator has signed" not in table.words()


def test_what_cannot_be_recorded_beforehand_is_not_done(table: Table) -> None:
    table.add()
    store = table.site.desk.store
    signature = table.signed(1, Role.OPERATOR)
    with store.writing() as connection:
        ACTS.drop(connection)
    assert table.hand_in(Role.OPERATOR, 1, signature).status == 503
    assert table.post(Role.OPERATOR, "add", **ADDITION).status == 503
    store.make()
    assert table.words().count("waits to be signed") == 1
    assert "operator has signed" not in table.words()


def test_a_version_that_waits_is_prepared_anew_after_an_urgent_record(table: Table) -> None:
    table.centre.add("77172000002")
    browser = table.who[Role.OPERATOR]
    browser.get("/lists/fraud")
    assert browser.post("/lists/fraud/prepare", days="30").status == 303
    assert "A version waits to be signed" in table.words(Role.OPERATOR)
    table.add()
    assert "No version waits to be signed" in browser.get("/lists/fraud").words
    assert "A version waits to be signed" not in table.words(Role.OPERATOR)
