# SPDX-License-Identifier: Apache-2.0
"""What of a head is a device's, and what is a call's or of its way."""

import pytest
from hypothesis import given, strategies as st

from edge.detect.sip_shape import CODES, PASSED_OVER, SPELLED, HeadShapes, Remembered
from tests.detect.box import PLAIN, message, octets

VIA = "Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{branch};rport\n"


def shape(number: int = 1, **change: str) -> str:
    return HeadShapes().of(message(octets(number, **change))).text


def test_a_plain_head() -> None:
    assert shape() == "vimffrtoidcscoalctcl||X32;n;n;1;70|IABC;|s;tag;;branch.rport"


@pytest.mark.parametrize(
    "change",
    [
        {"calling": "+33199001234"},
        {"called": "112"},
        {"host": "203.0.113.200"},
        {"extra": "Privacy: id\n"},
        {"extra": "P-Asserted-Identity: <sip:+1@h>\nProxy-Authorization: Digest x\n"},
        {"extra": "Diversion: <sip:+1@h>\nHistory-Info: <sip:+1@h>\nRecord-Route: <sip:p;lr>\n"},
        {"extra": "Identity: a.b.c\n"},
    ],
    ids=str,
)
def test_numbers_and_circumstances_do_not_show(change) -> None:
    assert shape(2, **change) == shape()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("From:", "f:"),
        ("Call-ID:", "Call-Id:"),
        ("To: <", "To:<"),
        ("CSeq: 1", "CSeq: 20"),
        ("CSeq: 1 INVITE\n", "CSeq: 1 INVITE\nUser-Agent: x\n"),
        ("INVITE, ACK, BYE, CANCEL", "INVITE,ACK,BYE,CANCEL"),
        ("ACK, BYE", "BYE, ACK"),
        ("Max-Forwards: 70", "Max-Forwards: 255"),
        (":5060>\n", ":5060;ob>\n"),
        (";rport", ""),
        ("@192.0.2.1 SIP", "@192.0.2.1;user=phone SIP"),
        ("sip:{called}@192.0.2.1 SIP", "tel:{called} SIP"),
        ("z9hG4bK", ""),
        ("CSeq: 1", "X-New: 1\nCSeq: 1"),
        ("CSeq: 1", "CSeq:  1"),
    ],
)
def test_how_a_stack_writes_shows(old: str, new: str) -> None:
    assert shape(text=PLAIN.replace(old, new, 1)) != shape()


def test_a_proxy_on_the_way_changes_the_depth_alone() -> None:
    proxy = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKab12.0\n"
    received = VIA.replace("rport", "rport=5060;received=192.0.2.77")
    text = PLAIN.replace(VIA, proxy + received).replace("70", "69")
    behind = HeadShapes().of(message(octets(text=text)))
    assert (behind.depth, behind.hidden, behind.text) == (2, 0, shape())
    joined = PLAIN.replace(VIA, proxy.strip() + ", " + VIA[5:]).replace("70", "69")
    assert HeadShapes().of(message(octets(text=joined))).depth == 2


def test_hops_that_left_no_via_are_counted() -> None:
    assert HeadShapes().of(message(octets(text=PLAIN.replace("70", "67")))).hidden == 3
    assert HeadShapes().of(message(octets(text=PLAIN.replace("70", "20")))).hidden == 0


def test_a_display_name_may_hold_anything() -> None:
    text = PLAIN.replace("From: <", 'From: "a;b=c <d>" <')
    assert shape(text=text) == shape()


def test_every_code_is_its_own_and_nothing_is_both_told_and_passed_over() -> None:
    assert len(set(CODES.values())) == len(CODES)
    assert not CODES.keys() & PASSED_OVER
    assert all(name.lower() == long for long, name in SPELLED.items())


def test_what_is_remembered_is_bounded() -> None:
    some = Remembered(lambda octets: octets.decode())
    assert [some[b"%d" % number] for number in range(10_000)][-1] == "9999"
    assert len(some) <= 4096
    assert some[b"x" * 5000] == "x" * 5000
    assert b"x" * 5000 not in some


@given(st.text("\x20\t:;<>@,=|\"'abcABC\r\n", max_size=200))
def test_any_head_that_can_be_read_has_a_shape(extra: str) -> None:
    text = (
        f"INVITE sip:1@h SIP/2.0\r\nVia: {extra}\r\nFrom: {extra}\r\nCall-ID: x\r\n{extra}\r\n\r\n"
    )
    found = HeadShapes().of(message(text.encode()))
    assert found.text.count("|") == 4
