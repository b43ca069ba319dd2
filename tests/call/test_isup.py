# SPDX-License-Identifier: Apache-2.0
"""Calls on circuits as ladders: each row is who says what, and what comes of it."""

import gc
import tracemalloc

import pytest
from hypothesis import given, strategies as st

from edge.call.isup import T2_MTP_NS, T5_NS, T10_NS
from edge.model.event import CallReleased
from hil.e1.calls import Call, Number, iam
from tests.call.circuit_talk import (
    ACM,
    ACM_FREE,
    ANM,
    ASTANA,
    CON,
    CPG,
    CPG_ALERTING,
    IAM,
    LONDON,
    RES,
    RLC,
    RSC,
    SUS,
    UCIC,
    A,
    B,
    Isup,
    bounds,
    isup_message,
    rel,
    sam,
)
from tests.call.sip_talk import NS

Row = tuple[int, bytes, str]

OTHER_IAM = iam(Call(Number("447700900123"), ASTANA))
SHORT_IAM = iam(Call(LONDON, Number("77172000001"), overlap=6))
SOS_IAM = iam(Call(LONDON, Number("112", 2), overlap=2))

UP: list[Row] = [
    (A, IAM, "offered 1"),
    (B, ACM_FREE, "alerting"),
    (B, ANM, "answered after 2"),
]

LADDERS: dict[str, list[Row]] = {
    "the calling side hangs up": [
        *UP,
        (A, rel(16), "released REL 16 by calling after 1"),
        (B, RLC, ""),
    ],
    "the called side hangs up": [*UP, (B, rel(16), "released REL 16 by called after 1")],
    "busy": [(A, IAM, "offered 1"), (B, rel(17), "released REL 17 by called"), (A, RLC, "")],
    "rejected": [(A, IAM, "offered 1"), (B, rel(21), "released REL 21 by called")],
    "in-band, then ringing, then in-band again": [
        (A, IAM, "offered 1"),
        (B, ACM, "proceeding"),
        (B, CPG, "progress"),
        (B, CPG_ALERTING, "alerting"),
        (B, CPG, ""),
        (B, ANM, "answered after 5"),
    ],
    "connected at once": [(A, IAM, "offered 1"), (B, CON, "answered after 1")],
    "suspended and resumed is no second answer": [
        *UP,
        (B, SUS, ""),
        (B, RES, ""),
        (B, SUS, ""),
        (B, rel(16), "released REL 16 by called after 4"),
    ],
    "both release at once": [
        *UP,
        (A, rel(16), "released REL 16 by calling after 1"),
        (B, rel(16), ""),
        (B, RLC, ""),
        (A, RLC, ""),
        (A, IAM, "offered 2"),
    ],
    "ANM crosses the REL": [
        (A, IAM, "offered 1"),
        (A, rel(16), "released REL 16 by calling"),
        (B, ACM, ""),
        (B, ANM, ""),
        (B, RLC, ""),
    ],
    "only the RLC is heard": [*UP, (B, RLC, "released RLC by called after 1")],
    "the release is missed: a new IAM ends the call": [
        *UP,
        (A, OTHER_IAM, "released IAM by us after 1, offered 2"),
    ],
    "the release is missed: the other side seizes": [
        *UP,
        (B, OTHER_IAM, "released IAM by us after 1, offered 1"),
        (A, ACM_FREE, "alerting"),
    ],
    "after the REL the circuit is seized again without a RLC": [
        *UP,
        (A, rel(16), "released REL 16 by calling after 1"),
        (A, IAM, "offered 2"),
        (B, ACM_FREE, "alerting"),
    ],
    "dual seizure: both are decided, the answer tells who has the circuit": [
        (A, IAM, "offered 1"),
        (B, OTHER_IAM, "offered 1"),
        (A, ACM_FREE, "released dual seizure by network, alerting"),
        (A, ANM, "answered after 2"),
        (B, rel(16), "released REL 16 by calling after 1"),
    ],
    "a message handed on again by a changeover": [
        (A, IAM, "offered 1"),
        (A, IAM, ""),
        (B, ACM_FREE, "alerting"),
    ],
    "reset": [*UP, (B, RSC, "released RSC by network after 1"), (A, RLC, "")],
    "not equipped": [(A, IAM, "offered 1"), (B, UCIC, "released UCIC by network")],
    "forwards nobody says ACM": [(A, IAM, "offered 1"), (A, ACM, ""), (A, ANM, "")],
    "nothing is known of it": [(A, rel(16), ""), (B, ACM, ""), (A, RLC, ""), (A, sam("1"), "")],
}


def play(rows: list[Row]) -> Isup:
    isup = Isup()
    for number, (sender, octets, expected) in enumerate(rows, 1):
        assert ", ".join(isup.hear(octets, sender)) == expected, f"row {number}"
    return isup


@pytest.mark.parametrize("rows", LADDERS.values(), ids=LADDERS)
def test_ladder(rows: list[Row]) -> None:
    play(rows)


def test_the_event_of_a_release() -> None:
    isup = Isup()
    for sender, octets, _ in UP:
        isup.hear(octets, sender)
    message = isup_message(rel(21), B, at=9 * NS)
    (event,) = isup.calls.feed(message)
    assert event == CallReleased(
        at=9 * NS,
        call=f"{A}-{B}-5",
        attempt=1,
        cause="REL 21",
        by="called",
        answered=True,
        lasted_ns=6 * NS,
        q850_cause=21,
        units=(message.unit,),
    )


def test_circuits_do_not_mix() -> None:
    isup = Isup()
    assert isup.hear(IAM, A, cic=5) == ["offered 1"]
    assert isup.hear(IAM, A, cic=6) == ["offered 1"]
    assert isup.hear(ACM_FREE, B, cic=6) == ["alerting"]
    assert isup.hear(rel(16), A, cic=5) == ["released REL 16 by calling"]
    assert isup.calls.calls.up == 1


@pytest.mark.parametrize(
    ("octets", "ended"),
    [
        pytest.param(b"\x17\x01\x01\x02", {5, 6, 7}, id="GRS of three"),
        pytest.param(b"\x18\x01\x01\x02\x02\x05", {5, 7}, id="hardware failure of two"),
        pytest.param(b"\x18\x00\x01\x02\x02\x05", set(), id="maintenance leaves calls up"),
        pytest.param(b"\x13", set(), id="blocking leaves calls up"),
        pytest.param(b"\x17\x01\x00", set(), id="no range"),
    ],
)
def test_a_group_of_circuits(octets: bytes, ended: set[int]) -> None:
    isup = Isup()
    for cic in range(4, 9):
        isup.hear(IAM, A, cic)
    events = isup.calls.feed(isup_message(octets, B, 5))
    assert {int(event.call.split("-")[2]) for event in events} == ended
    assert {event.by for event in events} <= {"network"}
    assert isup.calls.calls.up == 5 - len(ended)


class TestOverlap:
    def test_one_offer_with_the_whole_number_when_it_is_whole(self) -> None:
        isup = Isup()
        told = [isup.hear(octets) for octets in (SHORT_IAM, sam("0"), sam("0"), sam("00"))]
        assert told == [[], [], [], []]
        assert isup.hear(sam("01")) == ["offered 1"]
        (offer,) = isup.offers
        assert (offer.called.number.e164, offer.message.called) == ("77172000001", "77172000001")
        assert offer.at == 5 * NS
        assert [unit.at // NS for unit in (*offer.message.earlier, offer.message.unit)] == [
            1, 2, 3, 4, 5,
        ]  # fmt: skip
        assert isup.hear(sam("9")) == []  # too late to matter
        assert isup.calls.calls.counts["overlapped"] == 5

    def test_an_emergency_number_is_known_as_such(self) -> None:
        isup = Isup()
        assert [isup.hear(octets) for octets in (SOS_IAM, sam("1"), sam("2"))] == [
            [], [], ["offered 1"],
        ]  # fmt: skip
        assert isup.offers[0].called.number.e164 == "112"

    def test_the_end_of_dialling_ends_the_wait(self) -> None:
        isup = Isup()
        isup.hear(SHORT_IAM)
        assert isup.hear(sam("F")) == ["offered 1"]

    def test_the_other_exchange_knows_when_it_has_enough(self) -> None:
        isup = Isup()
        isup.hear(SHORT_IAM)
        assert isup.hear(ACM_FREE, B) == ["offered 1", "alerting"]

    def test_a_call_given_up_while_dialling_was_offered(self) -> None:
        isup = Isup()
        isup.hear(SHORT_IAM)
        assert isup.hear(rel(16)) == ["offered 1", "released REL 16 by calling"]

    def test_nobody_waits_longer_than_t10(self) -> None:
        isup = Isup()
        isup.hear(SHORT_IAM)
        isup.hear(sam("0"))
        assert isup.wait(T10_NS // NS - 1) == []
        assert isup.wait(1) == ["offered 1"]

    def test_the_end_of_a_capture_ends_the_wait(self) -> None:
        isup = Isup()
        isup.hear(SHORT_IAM)
        assert isup.told(isup.calls.calls.finish(9 * NS)) == ["offered 1"]
        assert isup.told(isup.calls.calls.finish(9 * NS)) == []


class TestSilence:
    def test_a_call_that_is_not_answered(self) -> None:
        isup = Isup(bounds(setup_idle_s=60))
        isup.hear(IAM)
        assert isup.wait(59) == []
        assert isup.wait(1) == ["released idle by us"]
        assert len(isup.calls.calls) == 0

    def test_a_call_that_is_up(self) -> None:
        isup = Isup(bounds(setup_idle_s=60, talk_idle_s=600))
        for sender, octets, _ in UP:
            isup.hear(octets, sender)
        isup.hear(b"\x32\x00", B)  # NRM: alive
        assert isup.wait(599) == []
        assert isup.wait(1) == ["released idle by us after 601"]

    def test_a_release_that_is_not_completed(self) -> None:
        isup = Isup()
        isup.hear(IAM)
        isup.hear(rel())
        isup.wait(T5_NS // NS)
        assert len(isup.calls.calls) == 0

    def test_the_same_iam_after_a_changeover_would_be_over_is_a_new_call(self) -> None:
        isup = Isup()
        isup.hear(IAM)
        isup.wait(T2_MTP_NS // NS)
        assert isup.hear(IAM) == ["released IAM by us", "offered 2"]


class TestBounds:
    def test_circuits_being_cleared_go_first_then_the_longest_silent(self) -> None:
        isup = Isup(bounds(limit=2))
        isup.hear(IAM, cic=1)
        isup.hear(IAM, cic=2)
        isup.hear(rel(), cic=2)
        assert isup.hear(IAM, cic=3) == ["offered 1"]
        assert isup.hear(IAM, cic=4) == ["released evicted by us", "offered 1"]
        assert isup.calls.calls.counts["evicted"] == 2

    def test_memory_of_many_calls(self) -> None:
        gc.collect()
        tracemalloc.start()
        isup = Isup(bounds(limit=500))
        for cic in range(4096):
            isup.calls.feed(isup_message(IAM, A, cic))
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert isup.calls.calls.up == 500
        assert size < 2_000_000

    def test_the_names_that_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edge.call.seizure.MAX_NAMES", 3)
        isup = Isup()
        for cic in range(10):
            isup.hear(IAM, cic=cic)
        assert len(isup.calls.calls._seized) <= 3


@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 3), st.integers(0, 17)), max_size=40)
)
def test_any_order_of_messages_offers_before_it_releases(
    said: list[tuple[int, int, int]],
) -> None:
    words = [
        IAM, OTHER_IAM, SHORT_IAM, sam("0"), sam("1F"), ACM, ACM_FREE, CPG, CPG_ALERTING, CON, ANM,
        SUS, RES, rel(), RLC, RSC, UCIC, b"\x17\x01\x01\x02",
    ]  # fmt: skip
    isup = Isup(bounds(limit=3))
    open_calls: set[tuple[str, int]] = set()
    for second, (sender, cic, index) in enumerate(said):
        message = isup_message(words[index], sender, cic, second * NS)
        for event in isup.calls.feed(message):
            key = (event.call, event.attempt)
            assert (key in open_calls) is not hasattr(event, "identities")
            open_calls.add(key)
            if isinstance(event, CallReleased):
                open_calls.remove(key)
    assert len(isup.calls.calls) <= 3
