# SPDX-License-Identifier: Apache-2.0
"""Time passes by what is heard, whichever way the clock of the tap goes."""

from edge.call.tracker import Tracker
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.message import NO_FLOW
from edge.model.unit import Unit
from hil.e1.calls import Call, Number, iam
from tests.call.circuit_talk import IAM, Q931, SETUP, Isup, isup_message, q931_message
from tests.call.sip_talk import NS, Talk, word, write

DAY = 86_400


def hear(tracker: Tracker, octets: bytes, second: float) -> list[str]:
    (message,) = read_datagram(Unit("t", 1, int(second * NS), octets), NO_FLOW, octets)
    assert isinstance(message, SipMessage)
    return [word(event) for event in tracker.feed(message)]


def test_a_silent_call_ends_when_another_is_heard() -> None:
    tracker = Tracker(Talk(setup_idle_s=60).calls)
    assert hear(tracker, write("INVITE"), 100) == ["offered 1"]
    assert tracker.up == 1
    assert hear(tracker, write("OPTIONS", call="other"), 159.5) == []
    assert hear(tracker, write("OPTIONS", call="other"), 160.6) == ["released idle by us"]
    assert (tracker.up, tracker.counts()["idle"]) == (0, 1)


def test_silence_is_looked_for_no_oftener_than_every_second() -> None:
    tracker = Tracker(Talk(setup_idle_s=60).calls)
    hear(tracker, write("INVITE"), 100)
    assert hear(tracker, write("OPTIONS", call="other"), 159.9) == []
    assert hear(tracker, write("OPTIONS", call="other"), 160.5) == []
    assert hear(tracker, write("OPTIONS", call="other"), 160.9) == ["released idle by us"]


def test_a_clock_that_was_set_back_does_not_stop_time() -> None:
    tracker = Tracker(Talk(setup_idle_s=60).calls)
    hear(tracker, write("OPTIONS", call="other"), 3 * DAY)
    hear(tracker, write("INVITE"), DAY)
    assert hear(tracker, write("OPTIONS", call="other"), DAY + 61) == ["released idle by us"]


def test_what_is_no_sip_moves_nothing() -> None:
    class Other:
        unit = Unit("t", 1, 0, b"")

    assert list(Tracker(Talk().calls).feed(Other())) == []  # type: ignore[arg-type]


def test_the_same_invite_after_the_patience_is_a_new_call() -> None:
    tracker = Tracker(Talk(setup_idle_s=60).calls)
    hear(tracker, write("INVITE"), 100)
    assert hear(tracker, write("INVITE"), 159) == []
    assert hear(tracker, write("INVITE"), 159 + 60) == ["released idle by us", "offered 1"]


def test_each_message_goes_to_its_signalling() -> None:
    isup, q931 = Isup(), Q931()
    tracker = Tracker(Talk().calls, isup.calls, q931.calls)
    assert hear(tracker, write("INVITE"), 1) == ["offered 1"]
    assert [word(event) for event in tracker.feed(isup_message(IAM, at=NS))] == ["offered 1"]
    assert [word(event) for event in tracker.feed(q931_message(SETUP, at=NS))] == ["offered 1"]
    assert tracker.up == 3
    tracker.feed(isup_message(IAM, at=NS))
    hear(tracker, write("INVITE"), 1)
    assert tracker.counts()["repeated"] == 2
    assert {word(event) for event in tracker.expire(DAY * NS)} == {"released idle by us"}


def test_what_waits_for_digits_is_offered_at_the_end() -> None:
    tracker = Tracker(Talk().calls, Isup().calls, Q931().calls)
    short = iam(Call(Number("442079460123"), Number("77172000001"), overlap=5))
    assert tracker.feed(isup_message(short)) == []
    assert [word(event) for event in tracker.finish(5 * NS)] == ["offered 1"]
