# SPDX-License-Identifier: Apache-2.0
"""What the region reads of its own calls, without the box's decoder."""

import struct

import pytest

from edge import clock
from hil.region.watch import NS, Seen, Watcher, _came_ns, read
from hil.rig.mirror import Call, frame, invite

CALL = Call("+447700900101", "+77172000001")
ANSWER = (
    b"SIP/2.0 %s\r\nVia: SIP/2.0/UDP 198.51.100.10\r\nFrom: <sip:+447700900101@a>;tag=1\r\n"
    b"To: <sip:+77172000001@b>\r\nCall-ID: c@a\r\nCSeq: 1 %s\r\n\r\n"
)


def message(status: bytes, method: bytes = b"INVITE", at_ns: int = 1):
    there = CALL._replace(peer=CALL.switch, switch=CALL.peer)  # from the switch to the caller
    found = read(frame(there, ANSWER % (status, method)), at_ns)
    assert found
    return found


def test_an_invite_is_read() -> None:
    found = read(frame(CALL, invite(CALL)), 7)
    assert found
    assert (found.at_ns, found.label, found.method) == (7, "INVITE", "INVITE")
    assert (found.calling, found.called) == (CALL.calling, CALL.called)
    assert (found.source, found.destination) == ("198.51.100.10", "192.0.2.20")


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0" * 60, frame(CALL, b"\r\n\r\n"), frame(CALL, b"\x80" * 40), frame(CALL, b"GET /")],
    ids=["nothing", "no IPv4", "a keep-alive", "speech", "another protocol"],
)
def test_what_is_no_sip_is_passed_over(octets: bytes) -> None:
    assert read(octets, 1) is None


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ((), "called"),
        ((b"100 Trying",), "called"),
        ((b"180 Ringing",), "rings"),
        ((b"180 Ringing", b"200 OK"), "talks"),
        ((b"603 Decline",), "stopped"),
        ((b"486 Busy Here",), "486"),
    ],
)
def test_what_became_of_a_call(said: tuple[bytes, ...], result: str) -> None:
    first = read(frame(CALL, invite(CALL)), 1)
    assert first
    seen = Seen("c@a", CALL.calling, CALL.called, [first, *map(message, said)])
    assert seen.result == result


def test_the_answer_to_another_request_is_none_to_the_call() -> None:
    first = read(frame(CALL, invite(CALL)), 1)
    assert first
    seen = Seen("c@a", CALL.calling, CALL.called, [first, message(b"200 OK", b"OPTIONS")])
    assert seen.result == "called"


def test_messages_of_a_call_are_in_the_order_of_the_wires_however_they_were_read() -> None:
    watcher = Watcher(())
    for at_ns, status in ((5, b"100 Trying"), (9, b"200 OK"), (7, b"180 Ringing")):
        watcher.take(message(status, at_ns=at_ns))
    (call,) = watcher.calls()
    watcher.close()
    assert [one.label for one in call.messages] == ["100 Trying", "180 Ringing", "200 OK"]
    assert call.at_ns == 5


@pytest.mark.parametrize(
    ("more", "expected"), [([(1, 35, struct.pack("=qq", 7, 5))], 7 * NS + 5), ([], None)]
)
def test_a_frame_came_when_the_kernel_says_so(more, expected) -> None:
    before_ns = clock.now_ns()
    found = _came_ns(more)
    assert found == expected if expected else before_ns <= found <= clock.now_ns()
