# SPDX-License-Identifier: Apache-2.0
"""Calls on a D channel as ladders: each row is who says what, and what comes of it."""

import pytest
from hypothesis import given, strategies as st

from edge.call.q931 import T302_NS, T305_NS
from edge.call.seizure import MAX_PIECES
from edge.model.event import CallReleased
from tests.call.circuit_talk import (
    CALLING,
    COMPLETE,
    Q931,
    SETUP,
    bounds,
    cause,
    dialled,
    element,
    q931,
    q931_message,
    slot,
)
from tests.call.sip_talk import NS

Row = tuple[str, bytes, str]

NET, USER = "network", "user"

PROCEEDING, PROGRESS, ALERTING = (q931(code, far=True) for code in (0x02, 0x03, 0x01))
CONNECT, CONNECT_ACK = q931(0x07, far=True), q931(0x0F)
DISCONNECT, RELEASE = q931(0x45, cause(16)), q931(0x4D, far=True)
COMPLETE_RELEASE = q931(0x5A)
OTHER_SETUP = q931(0x05, slot(4), element(0x70, b"\x9177172000002"), COMPLETE)
BARE_SETUP = q931(0x05, slot(3), CALLING)
SETUP_ACK = q931(0x0D, slot(3), far=True)

UP: list[Row] = [
    (NET, SETUP, "offered 1"),
    (USER, PROCEEDING, "proceeding"),
    (USER, ALERTING, "alerting"),
    (USER, CONNECT, "answered after 3"),
    (NET, CONNECT_ACK, ""),
]

LADDERS: dict[str, list[Row]] = {
    "the calling side hangs up": [
        *UP,
        (NET, DISCONNECT, "released DISCONNECT 16 by calling after 2"),
        (USER, RELEASE, ""),
        (NET, COMPLETE_RELEASE, ""),
        (NET, SETUP, "offered 2"),
    ],
    "the called side hangs up": [
        *UP,
        (USER, q931(0x45, cause(16), far=True), "released DISCONNECT 16 by called after 2"),
        (NET, q931(0x4D), ""),
        (USER, q931(0x5A, far=True), ""),
    ],
    "both hang up at once": [
        *UP,
        (NET, DISCONNECT, "released DISCONNECT 16 by calling after 2"),
        (USER, q931(0x45, cause(16), far=True), ""),
        (NET, q931(0x4D), ""),
        (USER, RELEASE, ""),
        (NET, COMPLETE_RELEASE, ""),
    ],
    "CONNECT crosses the DISCONNECT": [
        (NET, SETUP, "offered 1"),
        (NET, DISCONNECT, "released DISCONNECT 16 by calling"),
        (USER, CONNECT, ""),
        (USER, RELEASE, ""),
    ],
    "refused at once": [
        (NET, SETUP, "offered 1"),
        (USER, q931(0x5A, cause(21), far=True), "released RELEASE COMPLETE 21 by called"),
        (USER, ALERTING, ""),
    ],
    "released without a DISCONNECT": [
        *UP,
        (USER, q931(0x4D, cause(41), far=True), "released RELEASE 41 by called after 2"),
        (NET, COMPLETE_RELEASE, ""),
    ],
    "in-band, ringing, in-band": [
        (NET, SETUP, "offered 1"),
        (USER, PROGRESS, "progress"),
        (USER, ALERTING, "alerting"),
        (USER, PROGRESS, ""),
    ],
    "T303 sends the SETUP again": [(NET, SETUP, "offered 1"), (NET, SETUP, "")],
    "the release is missed: a new SETUP ends the call": [
        *UP,
        (NET, OTHER_SETUP, "released SETUP by us after 2, offered 2"),
    ],
    "both sides use the same value": [
        (NET, SETUP, "offered 1"),
        (USER, OTHER_SETUP, "offered 2"),
        (NET, q931(0x01, far=True), "alerting"),
        (USER, q931(0x5A, cause(17), far=True), "released RELEASE COMPLETE 17 by called"),
        (NET, q931(0x07, far=True), "answered after 3"),
    ],
    "STATUS says that there is no such call": [
        *UP,
        (
            USER,
            q931(0x7D, cause(30), element(0x14, b"\x00"), far=True),
            "released STATUS by called after 2",
        ),
    ],
    "STATUS says that there is": [*UP, (USER, q931(0x7D, element(0x14, b"\x0a"), far=True), "")],
    "restart of its channel": [
        *UP,
        (
            NET,
            q931(0x46, slot(3), element(0x79, b"\x80"), reference=0),
            "released RESTART by network after 2",
        ),
    ],
    "restart of another channel": [
        *UP,
        (NET, q931(0x46, slot(5), element(0x79, b"\x80"), reference=0), ""),
    ],
    "restart of all": [
        *UP,
        (
            USER,
            q931(0x46, element(0x79, b"\x87"), reference=0),
            "released RESTART by network after 2",
        ),
    ],
    "the answer names another channel": [
        (NET, SETUP, "offered 1"),
        (USER, q931(0x02, slot(9), far=True), "proceeding"),
        (
            NET,
            q931(0x46, slot(9), element(0x79, b"\x80"), reference=0),
            "released RESTART by network",
        ),
    ],
    "nothing is known of it": [
        (USER, ALERTING, ""),
        (NET, DISCONNECT, ""),
        (NET, q931(0x7B, dialled("1")), ""),
    ],
    "a SETUP that nobody numbered": [(USER, q931(0x05, far=True), "")],
    "messages without a call": [
        (NET, q931(0x62, reference=0), ""),
        (NET, q931(0x5A, reference=0), ""),
    ],
}


@pytest.mark.parametrize("rows", LADDERS.values(), ids=LADDERS)
def test_ladder(rows: list[Row]) -> None:
    talk = Q931()
    for number, (side, octets, expected) in enumerate(rows, 1):
        assert ", ".join(talk.hear(octets, side)) == expected, f"row {number}"


def test_the_event_of_a_release() -> None:
    talk = Q931()
    for side, octets, _ in UP:
        talk.hear(octets, side)
    message = q931_message(q931(0x45, cause(21), far=True), USER, 9 * NS)
    (event,) = talk.calls.feed(message)
    assert event == CallReleased(
        at=9 * NS,
        call="e1/1:16/7",
        attempt=1,
        cause="DISCONNECT 21",
        by="called",
        answered=True,
        lasted_ns=5 * NS,
        q850_cause=21,
        units=(message.unit,),
    )


class TestOverlap:
    def test_one_offer_when_the_other_side_has_enough(self) -> None:
        talk = Q931()
        assert talk.hear(BARE_SETUP) == []
        assert talk.hear(SETUP_ACK, USER) == []
        for digit in "87717200000188":
            assert talk.hear(q931(0x7B, dialled(digit))) == []
        assert talk.hear(PROCEEDING, USER) == ["offered 1", "proceeding"]
        assert talk.offers[0].message.called == "87717200000188"

    def test_where_it_is_not_heard_the_numbering_plan_says(self) -> None:
        talk = Q931()
        told = [talk.hear(BARE_SETUP)]
        told += [talk.hear(q931(0x7B, dialled(digit))) for digit in "87172000001"]
        assert told == [*([[]] * 11), ["offered 1"]]
        assert talk.offers[0].called.number.e164 == "77172000001"

    def test_an_emergency_number_is_known_as_such(self) -> None:
        talk = Q931()
        told = [talk.hear(BARE_SETUP), *(talk.hear(q931(0x7B, dialled(d))) for d in "112")]
        assert told == [[], [], [], ["offered 1"]]
        assert talk.offers[0].called.number.e164 == "112"

    def test_sending_complete_ends_the_wait(self) -> None:
        talk = Q931()
        talk.hear(BARE_SETUP)
        talk.hear(q931(0x7B, dialled("83")))
        assert talk.hear(q931(0x7B, dialled("4"), COMPLETE)) == ["offered 1"]
        assert talk.offers[0].called.number.raw == "834"

    def test_sending_complete_in_the_setup(self) -> None:
        assert Q931().hear(q931(0x05, slot(3), dialled("834"), COMPLETE)) == ["offered 1"]

    def test_the_other_side_knows_when_it_has_enough(self) -> None:
        talk = Q931()
        talk.hear(BARE_SETUP)
        assert talk.hear(SETUP_ACK, USER) == []
        assert talk.hear(PROCEEDING, USER) == ["offered 1", "proceeding"]

    def test_nobody_waits_longer_than_t302(self) -> None:
        talk = Q931()
        talk.hear(BARE_SETUP)
        assert talk.wait(T302_NS // NS - 1) == []
        assert talk.wait(1) == ["offered 1"]

    def test_nobody_dials_forever(self) -> None:
        talk = Q931()
        talk.hear(BARE_SETUP)
        talk.hear(SETUP_ACK, USER)
        told = [talk.hear(q931(0x7B)) for _ in range(40)]
        assert [words for words in told if words] == [["offered 1"]]
        assert len(talk.offers[0].message.earlier) == MAX_PIECES

    def test_digits_of_the_called_side_are_none(self) -> None:
        talk = Q931()
        talk.hear(BARE_SETUP)
        talk.hear(q931(0x7B, dialled("112"), far=True), USER)
        assert talk.offers == []


def test_a_release_that_is_not_completed() -> None:
    talk = Q931()
    talk.hear(SETUP)
    talk.hear(DISCONNECT)
    assert talk.wait(T305_NS // NS) == []
    assert len(talk.calls.calls) == 0
    assert talk.calls.calls._calls == {}


def test_silence_and_bounds() -> None:
    talk = Q931(bounds(limit=1, setup_idle_s=60))
    talk.hear(SETUP)
    assert talk.hear(OTHER_SETUP, USER) == ["released evicted by us", "offered 2"]
    assert talk.wait(60) == ["released idle by us"]
    assert talk.calls.calls._calls == {}


@given(st.lists(st.tuples(st.sampled_from([NET, USER]), st.integers(0, 14)), max_size=40))
def test_any_order_of_messages_offers_before_it_releases(said: list[tuple[str, int]]) -> None:
    words = [
        SETUP, OTHER_SETUP, BARE_SETUP, SETUP_ACK, PROCEEDING, ALERTING, CONNECT, CONNECT_ACK,
        DISCONNECT, RELEASE, COMPLETE_RELEASE, q931(0x7B, dialled("1")), q931(0x46, reference=0),
        q931(0x5A, far=True), q931(0x45, far=True),
    ]  # fmt: skip
    talk = Q931(bounds(limit=2))
    open_calls: set[tuple[str, int]] = set()
    for second, (side, index) in enumerate(said):
        for event in talk.calls.feed(q931_message(words[index], side, second * NS)):
            key = (event.call, event.attempt)
            assert (key in open_calls) is not hasattr(event, "identities")
            open_calls.add(key)
            if isinstance(event, CallReleased):
                open_calls.remove(key)
    assert len(talk.calls.calls) <= 2
