# SPDX-License-Identifier: Apache-2.0
"""Octets of an event socket and what they mean; what is said to it, and can never be two things."""

import json

import pytest
from hypothesis import given, strategies as st

from drivers.enforcers.freeswitch_esl.wire import (
    MAX_BODY,
    MAX_HEAD,
    MAX_REASON,
    Channel,
    Framer,
    Said,
    channel_of,
    channels,
    command,
    deflect,
    get_call_id,
    kill,
    lines,
    redirect,
    settings,
    tag_of,
)
from edge.model.message import Malformed

STREAM = (
    b"Content-Type: auth/request\n\n"
    b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
    b"Content-Type: api/response\nContent-Length: 4\n\n+OK\n"
    b"Content-Type: api/response\nContent-Length: 0\n\n"
    b"Content-Length: 30\nContent-Type: text/event-plain\n\nEvent-Name: A\nX: a%20b\n\nbody\n\n"
    b"\n\ncontent-type:text/disconnect-notice\ncontent-length:2\n\n\xff\n"
)
SAID = [
    Said("auth/request", ""),
    Said("command/reply", "+OK accepted"),
    Said("api/response", "+OK\n"),
    Said("api/response", ""),
    Said("text/event-plain", "Event-Name: A\nX: a%20b\n\nbody\n\n"),
    Said("text/disconnect-notice", "\ufffd\n"),
]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_stream_is_cut_wherever_it_was_cut_before(size: int) -> None:
    framer = Framer()
    found = [
        one for at in range(0, len(STREAM), size) for one in framer.feed(STREAM[at : at + size])
    ]
    assert found == SAID
    assert [one.done for one in SAID] == [False, True, True, False, False, False]


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Length: x\n\n",
        b"Content-Length: -1\n\n",
        b"Content-Length: \xd9\xa1\n\n",
        b"Content-Length: %d\n\n" % (MAX_BODY + 1),
        b"Content-Length: " + b"9" * 500 + b"\n\n",
        b"A" * (MAX_HEAD + 1),
        b"A" * (MAX_HEAD + 1) + b"\n\n",
    ],
)
def test_what_cannot_be_framed_is_malformed(octets: bytes) -> None:
    *_, last = Framer().feed(STREAM + octets)
    assert isinstance(last, Malformed)
    assert last.layer == "esl"


def test_a_body_that_is_announced_is_waited_for_in_bounded_room() -> None:
    framer = Framer()
    assert framer.feed(b"Content-Length: %d\n\n" % MAX_BODY) == []
    assert framer.feed(bytes(1000)) == []
    assert len(framer._held) == 1000


@given(st.lists(st.binary(max_size=50) | st.sampled_from([b"\n\n", b"Content-Length: 3\n\n"])))
def test_nothing_heard_raises(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        for one in framer.feed(piece):
            assert isinstance(one, Said | Malformed)
            if isinstance(one, Said):
                channel_of(one.text)
                channels(one.text)


EVENT = (
    "Event-Name: CHANNEL_CREATE\nUnique-ID: 8b5c-1\nCall-Direction: inbound\n"
    "Answer-State: ringing\n"
    "variable_sip_call_id: a%25b%40192.0.2.1\n"
    "variable_sip_full_from: %22x%22%20%3Csip%3A%2B447700900123%40x%3E%3Btag%3Dt1\n\nignored: 1\n"
)


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        (("", ""), Channel("8b5c-1", "a%b@192.0.2.1", "t1")),
        (("ringing", "answered"), Channel("8b5c-1", "a%b@192.0.2.1", "t1", answered=True)),
        (("CHANNEL_CREATE", "CHANNEL_HANGUP"), Channel("8b5c-1", "a%b@192.0.2.1", "t1", over=True)),
        (
            ("CHANNEL_CREATE", "CHANNEL_DESTROY"),
            Channel("8b5c-1", "a%b@192.0.2.1", "t1", over=True),
        ),
        (("variable_sip_", "variable_"), Channel("8b5c-1")),
        (("inbound", "outbound"), None),
        (("8b5c-1", ""), None),
        (("8b5c-1", "1%0A%0Aapi%20shutdown"), None),
        (("8b5c-1", "1 2"), None),
        (("8b5c-1", "1" * 65), None),
    ],
)
def test_events(change: tuple[str, str], channel: Channel | None) -> None:
    assert channel_of(EVENT.replace(*change)) == channel


ROW = {"uuid": "8b5c-1", "direction": "inbound", "callstate": "RINGING"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([ROW], [Channel("8b5c-1")]),
        ([ROW | {"callstate": "ACTIVE"}], [Channel("8b5c-1", answered=True)]),
        ([ROW | {"callstate": "HELD"}], [Channel("8b5c-1", answered=True)]),
        ([ROW | {"callstate": "EARLY"}], [Channel("8b5c-1")]),
        ([ROW | {"direction": "outbound"}, ROW], [Channel("8b5c-1")]),
        ([ROW | {"uuid": "1 2"}, ROW | {"uuid": None}, [], None, 1], []),
        ([ROW | {"callstate": []}], [Channel("8b5c-1")]),
        ({}, []),
        (None, []),
    ],
)  # fmt: skip
def test_the_list_of_channels(rows: object, found: list[Channel]) -> None:
    assert channels(json.dumps({"row_count": 1, "rows": rows})) == found


@pytest.mark.parametrize("text", ["", "-ERR no", "[]", "1", '{"row_count":0}', "[" * 60_000])
def test_what_is_no_list(text: str) -> None:
    assert channels(text) == []


def test_lines_stop_where_a_body_begins() -> None:
    assert lines("A: 1\nb:2:3\nodd\n\nC: 4") == {"a": "1", "b": "2:3"}


def test_a_tag_is_read_from_a_header() -> None:
    assert tag_of('"a;tag=no" <sip:a@b;tag=no>;x=1;tag=yes') == "yes"
    assert tag_of("") == ""


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (get_call_id("u"), b"api uuid_getvar u sip_call_id\n\n"),
        (kill("u"), b"api uuid_kill u CALL_REJECTED\n\n"),
        (redirect("u", "sip:a@b"), b"api uuid_transfer u m:^:redirect:sip:a@b inline\n\n"),
        (redirect("u", "sip:a@b;x,y"), b"api uuid_transfer u m:^:redirect:sip:a@b;x,y inline\n\n"),
        (
            redirect("u", "sip:a@b>^hangup: '$\n\napi x"),
            b"api uuid_transfer u m:^:redirect:sip:a@bhangup: apix inline\n\n",
        ),
        (deflect("u", "sip:a@b\n\nx"), b"bgapi uuid_deflect u sip:a@b x\n\n"),
        ("auth a\r\n\r\napi shutdown", b"auth a api shutdown\n\n"),
    ],
)
def test_a_command_is_one(text: str, sent: bytes) -> None:
    assert command(text) == sent
    assert sent.count(b"\n\n") == 1


REASON = "Q.850;cause=21"
LONG = 'SIP;cause=603;text="' + "x" * MAX_REASON + '"'


@pytest.mark.parametrize(
    ("headers", "variables"),
    [
        ((), []),
        ((("Reason", REASON),), [f"sip_reason {REASON}"]),
        ((("reason", "SIP"), ("Reason", REASON)), [f"sip_reason SIP, {REASON}"]),
        ((("Reason", LONG),), ["disable_q850_reason true", f"sip_rh_Reason {LONG}"]),
        ((("Call-Info", "<x>;a=\"b\""),), ["sip_rh_Call-Info <x>;a=\"b\""]),
        ((("X", "a\r\nY: '${z}\\"),), ["sip_rh_X a Y: {z}"]),
        ((("X y:\n", "a"), (":", "b")), ["sip_rh_Xy a"]),
    ],
)  # fmt: skip
def test_headers_become_variables(
    headers: tuple[tuple[str, str], ...], variables: list[str]
) -> None:
    always = "api uuid_setvar u sip_ignore_remote_cause true"
    assert settings("u", headers) == [always, *(f"api uuid_setvar u {one}" for one in variables)]
