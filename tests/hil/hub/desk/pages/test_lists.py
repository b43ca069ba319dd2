# SPDX-License-Identifier: Apache-2.0
"""*Lists* shows what is in force and what the draft changes; an operator edits the draft."""

from urllib.parse import quote

import pytest

from edge.console.people import Role
from tests.console.site_house import Browser, Site

ENTRY = {
    "pattern": "+77172000003", "action": "block", "party": "calling", "category": "fraud",
    "basis": "order <3>", "until": "", "reason": "a complaint",
}  # fmt: skip


@pytest.fixture
def operator(site: Site) -> Browser:
    browser = site.signed_in(Role.OPERATOR)
    browser.get("/lists/fraud")
    return browser


def test_what_is_in_force_and_what_the_draft_changes(site: Site) -> None:
    browser = site.signed_in(Role.PROSECUTOR)
    assert "fraud Version in force 1 Entries 1 In the draft 2" in browser.get("/lists").words
    words = browser.get("/lists/fraud").words
    assert "What the draft changes: +1 −0" in words
    assert "+ new +77172000002 blocked calling number fraud order 2 no end" in words


@pytest.mark.parametrize(("number", "said"), [
    ("+7 7172 00-00-01", "in force and in the draft +77172000001"),
    ("77172000002", "in the draft only +77172000002"),
    ("+77172000099", "neither in force nor in the draft"), ("<b>", "no telephone number"),
])  # fmt: skip
def test_a_number_is_looked_for_in_both(site: Site, number: str, said: str) -> None:
    words = site.signed_in(Role.ENGINEER).get(f"/lists/fraud?number={quote(number)}").words
    assert said in words


def test_an_operator_adds_and_takes_out_with_a_reason(site: Site, operator: Browser) -> None:
    assert operator.post("/lists/fraud/add", **ENTRY).status == 303
    answer = operator.get("/lists/fraud?done=yes")
    assert "It was done, and recorded" in answer.words
    assert "order &lt;3&gt;" in answer.text
    fields = {"pattern": ENTRY["pattern"], "reason": "a mistake"}
    assert operator.post("/lists/fraud/remove", **fields).status == 303
    assert "order <3>" not in operator.get("/lists/fraud").words
    acts = [line.act for line in site.desk.acts.latest(2)]
    assert [(act.text, act.reason) for act in acts] == [
        ("list fraud: remove +77172000003", "a mistake"),
        ("list fraud: add +77172000003 (order <3>)", "a complaint"),
    ]


@pytest.mark.parametrize("wrong", [
    {"pattern": "+1*"}, {"pattern": "+112"}, {"pattern": "77172000003"}, {"basis": ""},
    {"pattern": "+77172000009..+77172000003"}, {"action": "hang"}, {"reason": ""},
    {"until": "tomorrow"}, {"until": "1960-01-01"},
])  # fmt: skip
def test_what_no_list_may_hold_is_not_taken(operator: Browser, wrong: dict[str, str]) -> None:
    answer = operator.post("/lists/fraud/add", **{**ENTRY, **wrong})
    assert answer.status == 422
    assert "What the draft changes: +1 −0" in operator.get("/lists/fraud").words


def test_what_is_not_there_cannot_be_taken_out(site: Site, operator: Browser) -> None:
    fields = {"pattern": "+77172000077", "reason": "a mistake"}
    answer = operator.post("/lists/fraud/remove", **fields)
    assert (answer.status, "cannot be taken out" in answer.words) == (409, True)
    act = site.desk.acts.latest(1)[0].act
    assert act.text == "not done: list fraud: remove +77172000077"
    assert act.reason == "+77172000077 is not in the draft of fraud"


@pytest.mark.parametrize("path", ["/lists/none", "/lists/command", "/lists/..%2Ffraud"])
def test_a_list_that_is_none(site: Site, path: str) -> None:
    assert site.signed_in(Role.OPERATOR).get(path).status == 404
