# SPDX-License-Identifier: Apache-2.0
"""Words of a call in a command, what has no place there; echoes, prompts, alarms and garbage."""

import re

import pytest
from hypothesis import given, strategies as st

from drivers.enforcers.serial_mml import wire
from drivers.enforcers.serial_mml.wire import WORDS, Heard, check, fill, line_with, of_call
from edge.errors import EnforceError
from edge.ports import Order
from tests.drivers.enforcers.serial_mml.calls import SLOT_7, iam, order, setup

COMMON = {"calling": "447700900123", "called": "77172000001", "cause": "21"}


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (
            order(iam(cic=37)),
            {"opc": "2057", "dpc": "2058", "cic": "37", "span": "1", "slot": "5"}
            | {"call": "2057-2058-37"},
        ),
        (
            order(setup(SLOT_7)),
            {"callref": "4711", "span": "2", "slot": "7", "call": "e1/2:16/4711"},
        ),
        (order(setup()), {"callref": "4711", "span": "2", "call": "e1/2:16/4711"}),
    ],
    ids=["isup", "q931", "q931 without its channel"],
)
def test_what_is_known_of_a_call(told: Order, known: dict[str, str]) -> None:
    assert of_call(told) == COMMON | known
    assert set(of_call(told)) <= WORDS


def test_of_a_sip_call_only_numbers_and_call_id_are_known() -> None:
    message = order().call.message
    told = order()
    assert message.call == told.call.call
    sip = order(type("Invite", (), {"call": "a@192.0.2.1", "proto": "sip"})())
    assert of_call(sip) == COMMON | {"call": "a@192.0.2.1"}


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("REL:{cicc};", r"unknown placeholder \{cicc\}; known: \{call\}, "),
        ("REL:{};", r"unknown placeholder \{\}"),
        ("REL:{0};", "unknown placeholder"),
        ("REL:{cic.__class__};", "unknown placeholder"),
        ("REL:{cic!r};", "unknown placeholder"),
        ("REL:{cic:>9};", "unknown placeholder"),
        ("REL:{cic", "expected '}'"),
        ("REL:}", "Single '}'"),
        ("REL:{cic};\rEXIT;", "without control characters"),
        ("REL:{cic};\x18", "without control characters"),
    ],
)
def test_what_is_no_template(template: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        check(template, WORDS)


def test_braces_of_the_exchange_s_own() -> None:
    assert fill(check("REL {{{cic}}};", WORDS), {"cic": "5"}) == "REL {5};"


@pytest.mark.parametrize(
    "value",
    [
        "5;DELSUB:ALL",
        "5\r",
        "5\n",
        "5\r\nEXIT",
        "5,CAUSE=1",
        '5"',
        "5'",
        "5 ",
        "5&&ALL",
        "5!",
        "5\x18",
        "5\x1b[A",
        "*",
        "٥",
        "",
    ],
)
def test_no_value_becomes_a_command(value: str) -> None:
    with pytest.raises(EnforceError, match=r"\{cic\} of the call: .* has no place in a command"):
        fill("RELCALL:CIC={cic};", {"cic": value})


@given(st.text())
def test_whatever_a_number_is_a_command_stays_one(value: str) -> None:
    try:
        filled = fill("REL:B={called};", {"called": value})
    except EnforceError:
        return
    assert re.fullmatch(r"REL:B=[0-9A-Za-z+:._-]+;", filled)


def test_a_word_that_is_not_known_of_this_call() -> None:
    with pytest.raises(EnforceError, match=r"\{callref\} of the call: is unknown"):
        fill("REL:{callref};", of_call(order(iam())))


def heard(*pieces: str, sent: str = "", ignored: str = "", encoding: str = "ascii") -> Heard:
    one = Heard("<", ignored, encoding)
    one.sent(sent)
    for piece in pieces:
        one.feed(piece.encode(encoding))
    return one


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("REL:1;\r\nEXECUTED\r\n<", "\nEXECUTED\n<"),
        ("\r\nALARM\r\nREL:1;\r\nEXECUTED\r\n<", "\nALARM\n\nEXECUTED\n<"),
        ("EXECUTED\r\n<", "EXECUTED\n<"),
        ("REL", ""),
        ("\r\nREL:1", "\n"),
        ("REL:1;REL:1;", "REL:1;"),
        ("A\n\rB\rC\nD", "A\nB\nC\nD"),
        ("E\0X", "EX"),
    ],
)
def test_our_echo_is_no_answer(said: str, text: str) -> None:
    assert heard(said, sent="REL:1;").text == text


@pytest.mark.parametrize(
    ("said", "answer", "at_prompt"),
    [
        ("EXEC", "", False),
        ("NOT EXECUTED", "", False),
        ("ORDERED\r\nEXECU", "ORDERED\n", False),
        ("EXECUTED\r\n", "EXECUTED\n", False),
        ("EXECUTED<", "EXECUTED<", True),
        ("EXECUTED\r\n< ", "EXECUTED\n< ", True),
        ("A < B\r\n", "A < B\n", False),
    ],
)
def test_an_answer_is_whole_lines_or_all_at_the_prompt(
    said: str, answer: str, at_prompt: bool
) -> None:
    one = heard(said)
    assert (one.answer, one.at_prompt) == (answer, at_prompt)


def test_what_an_exchange_prints_of_its_own_accord_is_ignored() -> None:
    said = "ORDERED\r\n*** LINK FAULT\r\n*** END\r\nEXECUTED\r\n<"
    assert heard(said, ignored=r"^\*\*\*.*\n").answer == "ORDERED\nEXECUTED\n<"


def test_letters_of_the_exchange() -> None:
    assert heard("ВЫПОЛНЕНО\r\n", encoding="cp866").answer == "ВЫПОЛНЕНО\n"


def test_what_was_said_before_is_forgotten() -> None:
    one = heard("EXECUTED\r\n<")
    one.sent("REL:2;")
    assert (one.text, one.at_prompt) == ("", False)


@given(st.lists(st.binary(max_size=9000), max_size=6))
def test_anything_may_be_heard_and_memory_is_bounded(pieces: list[bytes]) -> None:
    one = heard(sent="REL:1;", ignored=r"^\*.*\n")
    for piece in pieces:
        one.feed(piece)
    assert len(one.text) <= len(one._raw) <= wire.MAX_HEARD
    assert isinstance(one.at_prompt, bool)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ORDERED\n  EXECUTED CIC=5\x07 \n<", "EXECUTED CIC=5"),
        ("EXECUTED", "EXECUTED"),
        ("EXECUTED" + "!" * 999, "EXECUTED" + "!" * 152),
    ],
)
def test_the_line_that_people_are_shown(text: str, line: str) -> None:
    found = re.search("EXECUTED", text)
    assert found
    assert line_with(found) == line
