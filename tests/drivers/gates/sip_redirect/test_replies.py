# SPDX-License-Identifier: Apache-2.0
"""What is replied to whatever is heard: the table at the top of `replies`, row by row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from drivers.gates.sip_redirect.memory import TIMER_H_S
from drivers.gates.sip_redirect.replies import Here, Onward, Replies
from drivers.gates.sip_redirect.wire import Peer
from edge.decode.chain import Chain
from edge.decode.sip.message import SipMessage
from edge.decode.transport import Datagram
from edge.model.answer import GO_ON, Answer
from edge.model.unit import ClockQuality, LinkType
from edge.model.verdict import Action
from tests.drivers.gates.sip_redirect.asking import DIVERT, STOP, Asked, request

TORTURE = sorted((Path(__file__).parents[3] / "vectors" / "sip" / "torture").glob("*.sip"))
AT = 1_764_000_000_000_000_000
CLOCK = ClockQuality("kernel", 9)
HERE = Here("west", bytes((192, 0, 2, 2)), 5060, "udp", CLOCK)
ONWARD = Onward(302, "192.0.2.9")
SWITCH = Peer("192.0.2.1", 5070, bytes((192, 0, 2, 1)))


def replies(asked: Asked, onward: Onward = ONWARD, memory: int = 100) -> Replies:
    made = Replies(HERE, onward, memory, b"secret")
    made.decide_by(asked)
    return made


def said(to: Replies, octets: bytes, now_s: float = 0.0, **more: bool) -> str:
    answer = to.to(octets, SWITCH, AT, now_s=now_s, **more)
    return answer[0].decode() if answer else ""


def status(answer: str) -> str:
    return answer.partition("\r\n")[0].removeprefix("SIP/2.0 ")


def header(answer: str, name: str) -> str:
    found = [line for line in answer.split("\r\n") if line.startswith(name + ": ")]
    return found[0].partition(": ")[2] if found else ""


def test_a_call_is_stopped_in_the_words_of_the_answer() -> None:
    gate = replies(Asked(STOP))
    answer = said(gate, request())
    assert status(answer) == "603 Network Blocked"
    assert header(answer, "Reason") == "Q.850;cause=21"
    assert header(answer, "Contact") == ""
    assert gate.counts == {"asked": 1, "stopped": 1}


def test_a_call_is_led_to_the_desk() -> None:
    gate = replies(Asked(DIVERT))
    answer = said(gate, request())
    assert status(answer) == "302 Moved Temporarily"
    assert header(answer, "Contact") == "<sip:desk@192.0.2.5;x=1>"
    assert header(answer, "X-Why") == "check"
    assert gate.counts == {"asked": 1, "diverted": 1}


@pytest.mark.parametrize(
    ("onward", "first", "contact"),
    [
        (Onward(302, "192.0.2.9:5070"), "302 Moved Temporarily",
         "<sip:77172000001@192.0.2.9:5070>"),
        (Onward(302), "302 Moved Temporarily", "<sip:77172000001@192.0.2.2;user=phone>"),
        (Onward(404), "404 Not Found", ""),
        (Onward(503), "503 Service Unavailable", ""),
    ],
)  # fmt: skip
def test_a_call_goes_on_as_its_switch_understands_it(
    onward: Onward, first: str, contact: str
) -> None:
    for action in (Action.ALLOW, Action.OBSERVE):
        answer = said(replies(Asked(Answer(action)), onward), request())
        assert (status(answer), header(answer, "Contact")) == (first, contact)


@pytest.mark.parametrize(
    ("octets", "first", "extra", "count"),
    [
        (request("OPTIONS"), "200 OK", "Allow: INVITE, ACK, CANCEL, OPTIONS", "options"),
        (request("OPTIONS", max_forwards="0"), "200 OK", "", "options"),
        (
            request("OPTIONS", Require="100rel, x-y"),
            "420 Bad Extension", "Unsupported: 100rel, x-y", "refused",
        ),
        (request("OPTIONS", to="<sip:x@y>;tag=b"), "481 Call/Transaction Does Not Exist",
         "To: <sip:x@y>;tag=b\r\n", "refused"),
        (request(to="<sip:x@y>;tag=b"), "481 Call/Transaction Does Not Exist",
         "To: <sip:x@y>;tag=b\r\n", "refused"),
        (request(max_forwards="0"), "483 Too Many Hops", "", "refused"),
        (request("REGISTER"), "405 Method Not Allowed", "Allow: INVITE, ACK", "refused"),
        (request("BYE", to="<sip:x@y>;tag=b"), "405 Method Not Allowed", "Allow: ", "refused"),
        (request("CANCEL"), "481 Call/Transaction Does Not Exist", "", "refused"),
        (request(start="INVITE sip:77172000001@192.0.2.2 SIP/3.0"), "505 Version Not Supported",
         "", "refused"),
        (request(**{"from": None}), "400 Missing From", "Call-ID: one", "malformed"),
        (request(to=None), "400 Missing To", "From: ", "malformed"),
        (request(call_id=None), "400 Missing Call-ID", "CSeq: 1 INVITE", "malformed"),
        (request(call_id=""), "400 Missing Call-ID", "CSeq: 1 INVITE", "malformed"),
        (request(to=" "), "400 Missing To", "Call-ID: one", "malformed"),
        (request(cseq=None), "400 Missing CSeq", "Call-ID: one", "malformed"),
        (request(cseq="1 OPTIONS"), "400 Bad CSeq", "CSeq: 1 OPTIONS", "malformed"),
        (request(cseq="x INVITE"), "400 Bad CSeq", "", "malformed"),
        (request("OPTIONS", cseq=None), "400 Missing CSeq", "", "malformed"),
        (request(start="INVITE SIP/2.0"), "400 Missing Request-URI", "", "malformed"),
    ],
)  # fmt: skip
def test_what_is_no_call_is_answered_without_asking(
    octets: bytes, first: str, extra: str, count: str
) -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    answer = said(gate, octets)
    assert status(answer) == first
    assert extra in answer
    assert "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1\r\n" in answer
    assert gate.counts == {count: 1}
    assert not asked.messages


@pytest.mark.parametrize(
    ("octets", "count"),
    [
        (request("ACK", to="<sip:x@y>;tag=b"), "acked"),
        (request("ACK", cseq=None), "acked"),
        (request(via=None), "malformed"),
        (request(via="SIP/2.0/UDP"), "malformed"),
        (request(via="SIP/2.0/UDP 192.0.2.1:99999"), "malformed"),
        (request("OPTIONS", via="nonsense"), "malformed"),
        (b"\x16\x03\x01\x02\x00\x01", "malformed"),
        (b"GET / HTTP/1.1\r\nHost: 192.0.2.2\r\n\r\n", "malformed"),
        (b"INVITE sip:77172000001@192.0.2.2\r\n\r\n", "malformed"),
        (request(start="SIP/2.0 200 OK"), "response"),
        (b"\r\n\r\n", "keepalive"),
        (b"\0", "keepalive"),
        (b"", "keepalive"),
    ],
)
def test_what_cannot_or_must_not_be_answered_is_counted(octets: bytes, count: str) -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    assert said(gate, octets) == ""
    assert gate.counts == {count: 1}
    assert not asked.messages


@pytest.mark.parametrize(
    "octets",
    [
        request(Require="100rel"),
        request(start="INVITE urn:service:sos SIP/2.0"),
        request(start="INVITE mailto:a@example.net SIP/2.0"),
        request(start="INVITE sip:77172000001@192.0.2.2 sip/2.0"),
        request(content_length="500"),
        request(content_length="x"),
        request(max_forwards=None),
        request(max_forwards="many"),
        request(**{"from": "<sip:+447700900123@192.0.2.1>"}),
        b"\r\n" + request(),
        request().replace(b"\r\n", b"\n"),
        request()[:-2],
    ],
    ids=["require", "urn", "mailto", "lower-case", "body-short", "no-length", "no-max-forwards",
         "odd-max-forwards", "no-tag", "crlf-before", "lf-only", "no-end"],
)  # fmt: skip
def test_what_a_phone_would_take_is_decided(octets: bytes) -> None:
    asked = Asked(STOP)
    assert status(said(replies(asked), octets)) == "603 Network Blocked"
    assert len(asked.messages) == 1


def test_a_repeated_call_is_answered_alike_and_decided_once() -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    first = said(gate, request())
    asked.answer = GO_ON
    assert said(gate, request(), 31.0) == first
    assert len(asked.messages) == 1
    assert gate.counts == {"asked": 1, "stopped": 1, "repeated": 1}


def test_what_is_forgotten_is_decided_again_under_the_same_tag() -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    first = said(gate, request())
    asked.answer = GO_ON
    later = said(gate, request(), TIMER_H_S)
    assert status(later) == "302 Moved Temporarily"
    assert header(later, "To") == header(first, "To")


def test_after_ack_nothing_is_repeated() -> None:
    gate = replies(Asked(STOP))
    to = header(said(gate, request()), "To")
    assert said(gate, request("ACK", to=to)) == ""
    assert said(gate, request()) == ""
    assert gate.counts == {"asked": 1, "stopped": 1, "acked": 1, "repeated": 1}


def test_the_memory_is_bounded_and_the_oldest_is_decided_again() -> None:
    asked = Asked(STOP)
    gate = replies(asked, memory=64)
    for number in range(200):
        said(gate, request(call_id=f"{number}@192.0.2.1"))
    assert len(gate._memory) == 64
    said(gate, request(call_id="199@192.0.2.1"))
    assert len(asked.messages) == 200
    said(gate, request(call_id="0@192.0.2.1"))
    assert len(asked.messages) == 201


@pytest.mark.parametrize(
    "change",
    [
        {"via": "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK2"},
        {"call_id": "two@192.0.2.1"},
        {"from": "<sip:+447700900123@192.0.2.1>;tag=b"},
        {"cseq": "2 INVITE"},
        {"start": "INVITE sip:77172000002@192.0.2.2 SIP/2.0"},
    ],
    ids=["branch", "call-id", "from-tag", "cseq", "uri"],
)
def test_another_transaction_is_another_call(change: dict[str, str]) -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    first, second = said(gate, request()), said(gate, request(**change))
    assert len(asked.messages) == 2
    assert header(first, "To").partition("tag=")[2] != header(second, "To").partition("tag=")[2]


def test_another_switch_is_another_call() -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    said(gate, request())
    gate.to(request(), Peer("192.0.2.3", 5070, bytes((192, 0, 2, 3))), AT, now_s=0)
    assert len(asked.messages) == 2


def test_a_cancel_of_an_answered_call_comes_too_late_and_is_told_so() -> None:
    gate = replies(Asked(STOP))
    first = said(gate, request())
    cancelled = said(gate, request("CANCEL", start="CANCEL sip:77172000001@192.0.2.2;user=phone"
                                   " SIP/2.0"))  # fmt: skip
    assert status(cancelled) == "200 OK"
    assert header(cancelled, "To") == header(first, "To")  # RFC 3261 9.2
    assert said(gate, request()) == first
    assert gate.counts["cancelled"] == 1


def test_a_late_call_goes_on_unasked_and_is_repeated_alike() -> None:
    asked = Asked(STOP)
    gate = replies(asked)
    first = said(gate, request(), late=True)
    assert status(first) == "302 Moved Temporarily"
    assert said(gate, request()) == first
    assert gate.counts == {"overload": 1, "went_on": 1, "repeated": 1}
    assert not asked.messages


def raises() -> Answer:
    raise ZeroDivisionError("a bug")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (raises, "ZeroDivisionError: a bug"),
        (Answer(Action.BLOCK), "no answer for a switch: 0 "),
        (Answer(Action.BLOCK, 200, "OK"), "no answer for a switch: 200 "),
        (Answer(Action.DIVERT, 302, "Moved"), "no answer for a switch: 302 "),
        (Answer(Action.DIVERT, 603, "No", contact="sip:d@x"),
         "no answer for a switch: 603 sip:d@x"),
        (lambda: None, "AttributeError: 'NoneType' object has no attribute 'stops'"),
    ],
    ids=["raises", "no-status", "success", "no-desk", "no-redirect", "nothing"],
)  # fmt: skip
def test_whatever_goes_wrong_in_asking_the_call_goes_on(
    answer: Answer | Callable[[], Answer], error: str
) -> None:
    gate = replies(Asked(answer))
    assert status(said(gate, request())) == "302 Moved Temporarily"
    assert gate.counts == {"asked": 1, "errors": 1, "went_on": 1}
    assert gate.error == error


def test_before_it_serves_calls_go_on() -> None:
    gate = Replies(HERE, Onward(404), 100, b"secret")
    assert status(said(gate, request())) == "404 Not Found"


@pytest.mark.parametrize(
    ("vias", "flow"),
    [
        ((), "192.0.2.1:5070 > 192.0.2.2:5060 udp"),
        (("SIP/2.0/UDP 198.51.100.7:5062",), "198.51.100.7:5062 > 192.0.2.2:5060 udp"),
        (("SIP/2.0/UDP 10.0.0.1;received=198.51.100.7;rport=99",),
         "198.51.100.7:99 > 192.0.2.2:5060 udp"),
        (("SIP/2.0/UDP [2001:db8::7]",), "[2001:db8::7]:5060 > 192.0.2.2:5060 udp"),
        (("SIP/2.0/UDP gw.example.net",), "192.0.2.1:5070 > 192.0.2.2:5060 udp"),
        (("SIP/2.0/UDP 198.51.100.7", "SIP/2.0/UDP 198.51.100.8"),
         "198.51.100.7:5060 > 192.0.2.2:5060 udp"),
    ],
    ids=["switch", "caller", "received", "ipv6", "name", "two-hops"],
)  # fmt: skip
def test_a_call_is_asked_about_as_the_switch_heard_it(vias: tuple[str, ...], flow: str) -> None:
    asked = Asked()
    top = "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1"
    octets = request(via=", ".join((top, *vias)))
    said(replies(asked), octets)
    (message,) = asked.messages
    assert isinstance(message, SipMessage)
    assert message.flow.text() == flow
    assert (message.calling, message.called) == ("+447700900123", "77172000001")
    unit = message.unit
    assert (unit.tap, unit.link, unit.at, unit.number) == ("west", LinkType.UPPER_PDU, AT, 1)
    assert unit.clock is CLOCK
    (evidence,) = Chain().feed(unit)
    assert isinstance(evidence, Datagram)
    assert evidence.flow.text() == "192.0.2.1:5070 > 192.0.2.2:5060 udp"
    assert evidence.data == octets


@pytest.mark.parametrize("path", TORTURE, ids=lambda path: path.stem)
def test_nothing_that_was_ever_heard_raises(path: Path) -> None:
    gate = replies(Asked(STOP))
    answer = gate.to(path.read_bytes(), SWITCH, AT, now_s=0)
    assert sum(gate.counts.values()) in {1, 2}  # of a call that it was asked, and how it ended
    if answer:
        assert answer[0].count(b"\r") == answer[0].count(b"\n") == answer[0].count(b"\r\n")


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_octets_raise(noise: bytes, at: int) -> None:
    whole = request()
    gate = replies(Asked(STOP))
    for octets in (noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        answer = gate.to(octets, SWITCH, AT, now_s=0)
        if answer:
            assert answer[0].startswith(b"SIP/2.0 ")
            assert answer[0].count(b"\r\n\r\n") == 1
