# SPDX-License-Identifier: Apache-2.0
"""Calls as ladders: each row is a message heard and what comes of it."""

import gc
import tracemalloc

import pytest
from hypothesis import given, strategies as st

from tests.call.sip_talk import Talk, write

BOTH = ("caller", "callee")
BACK = ("callee", "caller")
ANSWER = {"tags": BOTH}

Row = tuple[bytes, str]

CALL_UP: list[Row] = [
    (write("INVITE"), "offered 1"),
    (write("100"), "proceeding"),
    (write("180", tags=BOTH), "alerting"),
    (write("200", tags=BOTH), "answered after 3"),
    (write("ACK", tags=BOTH, via=("b",)), ""),
]

LADDERS: dict[str, list[Row]] = {
    "caller hangs up": [
        *CALL_UP,
        (write("BYE", cseq="2", tags=BOTH), "released BYE by calling after 2"),
        (write("200 of BYE", cseq="2", tags=BOTH), ""),
    ],
    "callee hangs up": [
        *CALL_UP,
        (write("BYE", cseq="9", tags=BACK, via=("z",)), "released BYE by called after 2"),
    ],
    "BYE not heard, its answer is": [
        *CALL_UP,
        (write("200 of BYE", cseq="2", tags=BOTH), "released BYE by calling after 2"),
    ],
    "early media before ringing": [
        (write("INVITE"), "offered 1"),
        (write("183", tags=BOTH), "progress"),
        (write("180", tags=BOTH), "alerting"),
        (write("183", tags=BOTH), ""),
    ],
    "busy": [
        (write("INVITE"), "offered 1"),
        (write("486", tags=BOTH), "released 486 by called"),
        (write("486", tags=BOTH), ""),
        (write("ACK", tags=BOTH), ""),
    ],
    "cancelled": [
        (write("INVITE"), "offered 1"),
        (write("180", tags=BOTH), "alerting"),
        (write("CANCEL"), ""),
        (write("200 of CANCEL", tags=BOTH), ""),
        (write("487", tags=BOTH), "released 487 by calling"),
    ],
    "answer crosses the CANCEL": [
        (write("INVITE"), "offered 1"),
        (write("CANCEL"), ""),
        (write("200", tags=BOTH), "answered after 2"),
    ],
    "INVITE repeated": [
        (write("INVITE"), "offered 1"),
        (write("INVITE"), ""),
        (write("INVITE"), ""),
    ],
    "re-INVITE refused, the call stays": [
        *CALL_UP,
        (write("INVITE", cseq="2", tags=BOTH, via=("r",)), ""),
        (write("488", cseq="2", tags=BOTH, via=("r",)), ""),
        (write("BYE", cseq="3", tags=BOTH), "released BYE by calling after 4"),
    ],
    "heard before and after a proxy": [
        (write("INVITE", via=("a",)), "offered 1"),
        (write("INVITE", via=("p", "a")), ""),
        (write("486", via=("p", "a"), tags=BOTH), ""),
        (write("486", via=("a",), tags=BOTH), "released 486 by called"),
    ],
    "forked: one refuses, one answers": [
        (write("INVITE", via=("a",)), "offered 1"),
        (write("INVITE", via=("p1", "a")), ""),
        (write("INVITE", via=("p2", "a")), ""),
        (write("180", via=("p1", "a"), tags=("caller", "one")), "alerting"),
        (write("486", via=("p1", "a"), tags=("caller", "one")), ""),
        (write("200", via=("p2", "a"), tags=("caller", "two")), "answered after 5"),
    ],
    "only the forks are heard: released with the last": [
        (write("INVITE", via=("p1", "a")), "offered 1"),
        (write("INVITE", via=("p2", "a")), ""),
        (write("486", via=("p1", "a"), tags=("caller", "one")), ""),
        (write("603", via=("p2", "a"), tags=("caller", "two")), "released 603 by called"),
    ],
    "the proxy cancels the losing fork": [
        (write("INVITE", via=("a",)), "offered 1"),
        (write("INVITE", via=("p1", "a")), ""),
        (write("CANCEL", via=("p1",)), ""),
        (write("200", via=("a",), tags=BOTH), "answered after 3"),
    ],
    "challenged, then with credentials: one attempt": [
        (write("INVITE"), "offered 1"),
        (write("407", tags=BOTH), ""),
        (write("ACK", tags=BOTH), ""),
        (write("INVITE", cseq="2", via=("b",)), ""),
        (write("200", cseq="2", via=("b",), tags=BOTH), "answered after 4"),
    ],
    "redirected: the next INVITE is decided anew": [
        (write("INVITE"), "offered 1"),
        (write("302", tags=BOTH), "released 302 by called"),
        (write("INVITE", cseq="2", via=("b",)), "offered 2"),
    ],
    "a Call-ID used again by somebody else is decided": [
        (write("INVITE"), "offered 1"),
        (write("INVITE", tags=("other", ""), via=("x",)), "offered 2"),
        (write("486", via=("x",), tags=("other", "callee")), "released 486 by called"),
        (write("180", tags=BOTH), "alerting"),
    ],
    "a copy without the Via chain is decided": [
        (write("INVITE"), "offered 1"),
        (write("INVITE", via=("x",)), "offered 2"),
    ],
    "a made-up To tag is no way past the verdict": [
        (write("INVITE", tags=BOTH), "offered 1"),
    ],
    "a To tag of another call is no way past the verdict": [
        *CALL_UP,
        (write("INVITE", tags=("evil", "made-up"), via=("x",)), "offered 2"),
    ],
    "hung up by the caller before the answer": [
        (write("INVITE"), "offered 1"),
        (write("180", tags=BOTH), "alerting"),
        (write("BYE", cseq="2", tags=BOTH), "released BYE by calling"),
    ],
    "no tags at all (RFC 2543)": [
        (write("INVITE", tags=("", "")), "offered 1"),
        (write("200", tags=("", "")), "answered after 1"),
        (write("BYE", cseq="2", tags=("", "")), "released BYE by calling after 1"),
    ],
    "messages of calls we never heard begin": [
        (write("180", tags=BOTH), ""),
        (write("BYE", tags=BOTH), ""),
        (write("OPTIONS"), ""),
    ],
}


@pytest.mark.parametrize("rows", LADDERS.values(), ids=LADDERS.keys())
def test_ladder(rows: list[Row]) -> None:
    talk = Talk()
    heard = [", ".join(talk.hear(octets)) for octets, _ in rows]
    assert heard == [expected for _, expected in rows]


def to(uri: bytes, octets: bytes) -> bytes:
    """Return a message with another Request-URI."""
    return octets.replace(b"sip:+77172000001@s SIP", uri + b" SIP", 1)


LEG = write("INVITE", via=("p", "a"))


@pytest.mark.parametrize(
    ("leg", "heard"),
    [
        (to(b"sip:desk@pbx.example", LEG), ["diverted"]),
        (to(b"sip:desk@PBX.Example:5070;transport=tcp", LEG), ["diverted"]),
        (to(b"sips:desk@pbx.example", LEG), ["diverted"]),
        (to(b"sip:Desk@pbx.example", LEG), []),  # a user part is not folded, RFC 3261 19.1.4
        (to(b"sip:desk@other.example", LEG), []),
        (to(b"sip:pbx.example", LEG), []),
        (LEG, []),
        (to(b"sip:desk@pbx.example", write("INVITE", call="c2")), ["offered 1"]),
    ],
)
def test_the_leg_to_an_operator_desk_is_told(leg: bytes, heard: list[str]) -> None:
    talk = Talk()
    talk.calls.desks = frozenset({("desk", "pbx.example")})
    assert talk.hear(write("INVITE")) == ["offered 1"]
    assert talk.hear(leg) == heard


def test_without_a_desk_no_leg_is_one() -> None:
    talk = Talk()
    talk.hear(write("INVITE"))
    assert talk.hear(to(b"sip:desk@pbx.example", LEG)) == []


def test_leg_on_an_international_trunk_is_decided_anew() -> None:
    talk = Talk()
    assert talk.hear(write("INVITE", via=("a",))) == ["offered 1"]
    assert talk.hear(write("INVITE", via=("b", "a")), tap="abroad") == ["offered 2"]


def test_silence_ends_a_call_and_repeats_of_a_finished_one_are_waited_for() -> None:
    talk = Talk(setup_idle_s=60, talk_idle_s=600)
    talk.hear(write("INVITE"))
    assert talk.wait(59) == []
    assert talk.wait(1) == ["released idle by us"]
    for octets, _ in CALL_UP:
        talk.hear(octets)
    assert talk.wait(599) == []
    talk.hear(write("UPDATE", cseq="5", tags=BOTH))
    assert talk.wait(599) == []
    assert talk.wait(1) == ["released idle by us after 1201"]
    talk.hear(write("INVITE", call="c2"))
    talk.hear(write("486", call="c2", tags=BOTH))
    assert len(talk.calls) == 1
    talk.wait(32)
    assert len(talk.calls) == 0


def test_bounded_finished_first_then_longest_silent() -> None:
    talk = Talk(limit=2)
    talk.hear(write("INVITE", call="c1"))
    talk.hear(write("INVITE", call="c2"))
    talk.hear(write("486", call="c2", tags=BOTH))
    assert talk.hear(write("INVITE", call="c3")) == ["offered 1"]
    assert talk.hear(write("INVITE", call="c4")) == ["released evicted by us", "offered 1"]
    assert talk.calls.counts["evicted"] == 2
    assert len(talk.calls) == 2


def test_calls_are_known_when_their_tables_were_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.call.compact.LEAST", 0)
    talk = Talk()
    for rows in CALL_UP[:3], CALL_UP[3:]:
        for octets, _ in rows:
            talk.hear(octets)
        talk.calls.compact()
    assert (talk.calls.up, len(talk.calls)) == (1, 1)
    assert talk.hear(write("BYE", cseq="2", tags=BOTH)) == ["released BYE by calling after 2"]
    talk.calls.compact()
    assert (talk.calls.up, len(talk.calls)) == (0, 1)
    assert talk.wait(32) == []
    assert len(talk.calls) == 0


def test_counts() -> None:
    talk = Talk()
    for octets in (write("INVITE"), write("INVITE"), write("INVITE", via=("p", "a"))):
        talk.hear(octets)
    talk.hear(write("180", call="unknown"))
    counts = talk.calls.counts
    assert (counts["repeated"], counts["legs"], counts["untracked"]) == (1, 1, 1)


def test_reason_header_names_the_q850_cause() -> None:
    talk = Talk()
    talk.hear(write("INVITE"))
    reason = 'Reason: SIP;cause=603, Q.850;cause=21;text="no"\r\n'
    message_events = talk.hear(write("603", tags=BOTH, extra=reason))
    assert message_events == ["released 603 by called"]


STARTS = (
    "INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "100", "180", "183", "200", "302", "401", "407",
    "486", "487", "603", "200 of BYE", "200 of CANCEL",
)  # fmt: skip

ANY_MESSAGE = st.builds(
    write,
    st.sampled_from(STARTS),
    call=st.sampled_from(["c1", "c2"]),
    cseq=st.sampled_from(["1", "2"]),
    via=st.sampled_from([("a",), ("p", "a"), ("q", "a"), ("x",)]),
    tags=st.sampled_from([("caller", ""), BOTH, BACK, ("", ""), ("other", "")]),
)


@given(st.lists(ANY_MESSAGE, max_size=60), st.integers(1, 5))
def test_any_order_of_messages_keeps_the_books(messages: list[bytes], limit: int) -> None:
    """Every attempt offered is released or still up; each at most once; memory is bounded."""
    talk = Talk(limit=limit)
    heard = [event for octets in messages for event in talk.hear(octets)]
    offered = sum(event.startswith("offered") for event in heard)
    released = sum(event.startswith("released") for event in heard)
    assert offered == released + talk.calls.up
    assert len(talk.calls) <= limit
    queues = (talk.calls._setup, talk.calls._talk, talk.calls._over)
    assert len(talk.calls) == sum(map(len, queues))
    rest = talk.wait(100_000)
    assert offered == released + len(rest)
    talk.wait(100_000)
    assert len(talk.calls) == 0


def test_a_hundred_thousand_calls_up_stay_small() -> None:
    """DESIGN section 12: 100,000 calls up in 150 MB; a tenth of them is measured here."""
    talk, count = Talk(limit=20_000), 10_000
    octets = []
    gc.collect()
    tracemalloc.start()
    for start, to_tag in ("INVITE", ""), ("486", "callee"):
        for number in range(count):
            tags = f"{number:016x}", to_tag
            talk.hear(write(start, call=f"{number:032x}@192.0.2.1", tags=tags))
        talk.calls.compact()
        octets.append(tracemalloc.get_traced_memory()[0] / count)
    tracemalloc.stop()
    assert talk.calls.up == 0
    up, over = octets
    assert up < 700
    assert over < up
