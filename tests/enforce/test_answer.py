# SPDX-License-Identifier: Apache-2.0
"""What is said about each verdict: by basis, and never what a switch would route around."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from edge.decode.cause import LOCATIONS as CAUSE_LOCATIONS
from edge.enforce import analytics
from edge.enforce.analytics import Contacts
from edge.enforce.answer import Answers, Terms, number_uri, sayable
from edge.errors import ConfigError
from edge.model.answer import GO_ON, LOCATIONS
from edge.model.number import Party
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.settings.keys import AnswerTable
from tests.verdict.calls import ABSENT, CITY, GB, POLICE, call

ID = "18c4f2-17"
WEB, DESK = "https://redress.example/", "sip:desk@198.51.100.9:5060"
CARD = "https://redress.example/card.jws"
FULL = Terms(608, CARD, Contacts(WEB), LOCATIONS["international"], DESK)
REROUTED = {404, 480, 500, 502, 503, 504}
"Statuses on which a switch tries the next route."


def verdict(action=Action.BLOCK, basis=Basis.LIST, **fields) -> Verdict:
    said: Any = {"legal_basis": "AST-1", "category": "bank", "list_version": 42} | fields
    why = Reason("list.calling", "A calling number is listed.")
    return Verdict(action, action, basis, "list.calling", Mode.ENFORCE, (why,), **said)


def said(terms: Terms, about: Verdict, redress: str = ID):
    return Answers(terms).answer(call(), about, redress)


@pytest.mark.parametrize(
    ("basis", "terms", "status", "phrase", "location"),
    [
        (Basis.LIST, Terms(), 603, "Decline", "transit"),
        (Basis.LIST, FULL, 608, "Rejected", "international"),
        (Basis.LIST, Terms(card_url=CARD), 603, "Decline", "transit"),
        (Basis.RULE, Terms(), 603, "Decline", "transit"),
        (Basis.RULE, FULL, 603, "Decline", "international"),
        (Basis.ANALYTICS, FULL, 603, "Network Blocked", "user"),
        (Basis.ANALYTICS, Terms(), 603, "Decline", "transit"),
    ],
)
def test_a_block_is_said_by_its_basis(basis, terms, status, phrase, location) -> None:
    answer = said(terms, verdict(basis=basis))
    assert (answer.action, answer.status, answer.phrase) == (Action.BLOCK, status, phrase)
    assert (answer.cause, answer.location) == (21, LOCATIONS[location])
    assert (answer.redress, answer.contact, answer.stops) == (ID, "", True)


def test_a_plain_refusal_says_its_cause_and_what_to_quote() -> None:
    answer = said(Terms(), verdict())
    assert answer.headers == (
        ("Reason", f'Q.850;cause=21;text="Call rejected ref {ID}";location=TN'),
    )


def test_608_leads_to_the_card() -> None:
    assert ("Call-Info", f"<{CARD}>;purpose=jwscard") in said(FULL, verdict()).headers


def test_only_analytics_read_as_603_plus() -> None:
    for basis in Basis:
        answer = said(FULL, verdict(basis=basis))
        reasons = [value for name, value in answer.headers if name == "Reason"]
        notice = analytics.read(answer.status, answer.phrase, reasons)
        assert (notice is not None) == (basis is Basis.ANALYTICS)
        if notice:
            assert (notice.id, notice.contacts.url, notice.location) == (ID, WEB, "INTL")


def test_what_need_not_be_stopped_goes_on() -> None:
    for action, basis in product(Action, Basis):
        answer = said(FULL, verdict(action, basis))
        blocks = action is Action.BLOCK and basis in {Basis.LIST, Basis.RULE, Basis.ANALYTICS}
        if not blocks and action is not Action.DIVERT:
            assert answer is GO_ON
        assert answer.stops == (blocks or action is Action.DIVERT)


def test_no_answer_is_one_that_a_switch_routes_around() -> None:
    for action, basis, terms in product(Action, Basis, (FULL, Terms())):
        answer = said(terms, verdict(action, basis))
        assert answer.status not in REROUTED
        assert answer.status in {0, 302, 603, 608}
        assert answer.cause in {0, 21}


def test_a_diverted_call_tells_the_desk_who_whom_and_why() -> None:
    answer = said(FULL, verdict(Action.DIVERT))
    assert (answer.status, answer.phrase, answer.contact) == (302, "Moved Temporarily", DESK)
    assert (answer.cause, answer.redress) == (0, ID), "nothing is refused"
    assert dict(answer.headers) == {
        "Diversion": "<tel:+77172000001>;reason=deflection;counter=1",
        "X-Qalqan-Called": "+77172000001",
        "X-Qalqan-Calling": "+447700900123",
        "X-Qalqan-Verdict": (
            'rule="list.calling"; basis="list"; category="bank"; legal-basis="AST-1";'
            f' list-version="42"; record="{ID}"'
        ),
        "X-Qalqan-Why": "A calling number is listed.",
    }


def test_what_is_not_known_of_a_diverted_call_is_left_out() -> None:
    bare = replace(verdict(Action.DIVERT), reasons=(), category="", legal_basis="", list_version=0)
    headers = dict(Answers(FULL).answer(call(called=ABSENT), bare, "").headers)
    assert headers.keys() == {"X-Qalqan-Called", "X-Qalqan-Calling", "X-Qalqan-Verdict"}
    assert headers["X-Qalqan-Verdict"] == 'rule="list.calling"; basis="list"'


def test_without_a_desk_a_diverted_call_goes_on() -> None:
    assert said(replace(FULL, desk=""), verdict(Action.DIVERT)) is GO_ON


@pytest.mark.parametrize(("uri", "goes_on"), [
    (DESK, True),
    ("sip:desk@198.51.100.9;transport=tcp", True),
    ("SIPS:DESK@198.51.100.9", True),
    ("sip:desk@198.51.100.10", False),
    ("sip:77172000001@198.51.100.9", False),
    ("tel:+77172000001", False),
    ("", False),
])  # fmt: skip
def test_who_is_sent_to_the_desk_arrives_there(uri: str, goes_on: bool) -> None:
    """A caller whose own side follows the 302 calls the desk anew, from the same listed number."""
    offer = call(called=Party("request-uri", GB, uri=uri))
    answer = Answers(FULL).answer(offer, verdict(Action.DIVERT), ID)
    assert (answer is GO_ON) == goes_on


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_data_ends_a_line_or_a_value(heard: str, redress: str) -> None:
    offer = call(replace(GB, e164="", raw=heard))
    for action, basis in product((Action.BLOCK, Action.DIVERT), Basis):
        about = replace(verdict(action, basis), category=heard, legal_basis=heard, rule=heard)
        answer = Answers(FULL).answer(offer, about, redress)
        for _, value in answer.headers:
            assert value.isascii()
            assert value.isprintable()
            assert value.count('"') % 2 == 0
        assert answer.redress in {"", redress}
        assert not answer.redress or analytics.is_shaped("id", answer.redress)


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        (GB, "tel:+447700900123"),
        (POLICE, "tel:102;phone-context=+7"),
        (CITY, "tel:109;phone-context=+7"),
        (ABSENT, ""),
    ],
)
def test_a_number_as_a_uri(number, uri: str) -> None:
    assert number_uri(number, "7") == uri


def test_what_is_sayable_is_short() -> None:
    assert sayable('a"\r\n;,b<c>') == "a_____b_c_"
    assert len(sayable("x" * 1000)) == 128


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": 503}, "603 or 608"),
        ({"status": 608}, "needs card_url"),
        ({"card_url": "http://redress.example/card"}, "no https address"),
        ({"card_url": "https://redress.example/<card>"}, "no https address"),
        ({"desk": "tel:+77172000001"}, "no SIP URI"),
        ({"desk": "sip:desk@198.51.100.9>;x"}, "no SIP URI"),
    ],
)
def test_terms_that_may_not_be_are_refused(fields, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Terms(**fields)


def test_what_the_terms_lack_is_said() -> None:
    assert FULL.lacks() == []
    desk, contacts = Terms().lacks()
    assert "answer.desk" in desk
    assert "603 Decline, not 603 Network Blocked" in contacts


def test_the_table_of_the_file_becomes_these_terms() -> None:
    table = AnswerTable(status=608, card_url=CARD, url=WEB, location="international", desk=DESK)
    assert table.terms() == FULL
    assert AnswerTable().terms() == Terms()


def test_locations_are_those_of_q850() -> None:
    assert {location.code for location in LOCATIONS.values()} == CAUSE_LOCATIONS.keys()
