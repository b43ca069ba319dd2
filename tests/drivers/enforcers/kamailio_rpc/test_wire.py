# SPDX-License-Identifier: Apache-2.0
"""Questions to Kamailio and its answers, as recorded from 5.6.3, and what is none."""

import json

import msgspec
import pytest
from hypothesis import given, strategies as st

from drivers.enforcers.kamailio_rpc.wire import (
    LOOK,
    Dialog,
    Said,
    dialogs,
    end,
    find,
    header_lines,
    plain,
    read,
    reject,
    request,
)
from edge.model.answer import Answer
from edge.model.message import Malformed
from edge.model.verdict import Action

BLOCK = Answer(Action.BLOCK, 603, "Decline", (("Reason", "Q.850;cause=21"), ("X-A", "b")))
LISTED = {
    "h_entry": 3255,
    "h_id": 9557,
    "ref": 2,
    "call-id": "one@192.0.2.1",
    "state": 4,
    "caller": {"tag": "caller1", "contact": "sip:c@127.0.0.1:15070", "cseq": "7"},
    "callee": {"tag": "callee", "contact": "sip:d@127.0.0.1:15080", "cseq": "0"},
    "profiles": [],
}


def test_a_rejection_names_call_and_attempt_and_is_the_same_for_the_same_order() -> None:
    question = reject(BLOCK, "one@192.0.2.1", "7", "order-1")
    assert question.method == "tm.reply_callid"
    assert question.parameters[:4] == (603, "Decline", "one@192.0.2.1", "7")
    assert question.parameters[5] == "Reason: Q.850;cause=21\r\nX-A: b\r\n"
    assert question == reject(BLOCK, "one@192.0.2.1", "7", "order-1")
    assert question.parameters[4] != reject(BLOCK, "one@192.0.2.1", "7", "order-2").parameters[4]


def test_what_is_sent_is_json_rpc() -> None:
    assert json.loads(request(find('a"b\\c\u0442@x'), 5)) == {
        "jsonrpc": "2.0",
        "method": "dlg.list_match",
        "params": ["callid", "eq", 'a"b\\c\u0442@x'],
        "id": 5,
    }
    assert json.loads(request(LOOK, 1))["params"] == []


def test_a_dialog_is_ended_by_its_place_in_the_table() -> None:
    dialog = Dialog(3255, 9557, 4, "caller1")
    assert end(dialog, BLOCK).parameters == (3255, 9557, "Reason: Q.850;cause=21\r\nX-A: b\r\n")


@pytest.mark.parametrize(
    ("headers", "contact", "lines"),
    [
        ((), "", ""),
        ((("A", "1"),), "sip:desk@192.0.2.9", "A: 1\r\nContact: <sip:desk@192.0.2.9>\r\n"),
        ((("A", "1\r\nB: 2"),), "", "A: 1 B: 2\r\n"),
        ((("A", "1\nB: 2\x00\x0b\u2028"),), "", "A: 1 B: 2\r\n"),
        ((("A:\r\nB", "1"),), "", "AB: 1\r\n"),
        ((("\r\n:", "1"),), "", ""),
        ((), "sip:a@b>\r\nX: 1", "Contact: <sip:a@bX:1>\r\n"),
    ],
)
def test_no_header_brings_another(headers, contact: str, lines: str) -> None:
    assert header_lines(Answer(Action.BLOCK, 603, "", headers, contact)) == lines


def test_a_phrase_is_one_line_and_never_empty() -> None:
    assert plain("a\r\nb") == "a b"
    assert reject(msgspec.structs.replace(BLOCK, phrase="\r\n"), "c", "1", "o").parameters[1] == (
        "Rejected"
    )


@pytest.mark.parametrize(
    ("datagram", "said"),
    [
        (b'{\n\t"jsonrpc":\t"2.0",\n\t"result":\t{\n\t},\n\t"id":\t1\n}', Said(1, result={})),
        (
            b'{"jsonrpc":"2.0","error":{"code":404,"message":"Transaction not found"},"id":7}',
            Said(7, 404, "Transaction not found"),
        ),
        (
            b'{"error":{"code":500,"message":"a\\r\\nb"},"id":2}',
            Said(2, 500, "a b"),
        ),
        (b'{"error":"odd","id":2}', Said(2, -1, "odd")),
        (b'{"error":{"code":0},"id":2}', Said(2, -1, "")),
        (b'{"error":{"code":true,"message":"x"},"id":2}', Said(2, -1, "x")),
        (b'{"result":"\xff","id":3}', Said(3, result="\ufffd")),
    ],
)
def test_answers(datagram: bytes, said: Said) -> None:
    assert read(datagram) == said
    assert said.done is (said.code == 0)


@pytest.mark.parametrize(
    "datagram",
    [b"", b"junk{", b"[]", b"1", b'{"result":{}}', b'{"result":{},"id":"1"}', b'{"id":true}',
     b'{"id":1.5}', b"[" * 60_000],
)  # fmt: skip
def test_what_is_no_answer_is_malformed(datagram: bytes) -> None:
    found = read(datagram)
    assert isinstance(found, Malformed)
    assert (found.layer, found.data) == ("jsonrpc", datagram)


@pytest.mark.parametrize(
    ("state", "talks"), [(1, False), (2, False), (3, True), (4, True), (5, False)]
)
def test_which_dialogs_can_be_ended(state: int, talks: bool) -> None:
    assert dialogs([LISTED | {"state": state}]) == [Dialog(3255, 9557, state, "caller1")]
    assert dialogs([LISTED | {"state": state}])[0].talks is talks


@pytest.mark.parametrize(
    "result",
    [None, {}, "x", [1], [[]], [{}], [LISTED | {"caller": None}], [LISTED | {"h_id": "1"}],
     [LISTED | {"caller": {"tag": None}}], [LISTED | {"state": True}], [LISTED | {"h_entry": -1}]],
)  # fmt: skip
def test_what_is_no_dialog_is_left_out(result: object) -> None:
    assert dialogs(result) == []


@given(st.binary(max_size=200))
def test_nothing_heard_raises(datagram: bytes) -> None:
    found = read(datagram)
    assert isinstance(found, Said | Malformed)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["h_entry", "h_id", "state", "caller", "tag"]), inner)
), max_leaves=12))  # fmt: skip
def test_no_result_raises(result: object) -> None:
    for dialog in dialogs(result):
        assert min(dialog.entry, dialog.id, dialog.state) >= 0
