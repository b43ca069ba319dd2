# SPDX-License-Identifier: Apache-2.0
"""SIP on connections, told by its content, on TCP and on WebSockets."""

from edge.decode.sip.connections import ASKED, SipConnections
from edge.decode.sip.message import SipMessage
from edge.decode.tcp import UNKNOWN_GAP, Closed, Stretch
from edge.model.message import Flow
from edge.model.unit import Unit

UNIT = Unit("t", 1, 0, b"")
HERE, THERE = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
UP = Flow(HERE, THERE, 40_000, 443, "tcp")
DOWN = Flow(THERE, HERE, 443, 40_000, "tcp")

INVITE = b"INVITE sip:a@b SIP/2.0\r\nCall-ID: c\r\nContent-Length: 0\r\n\r\n"


def feed(connections: SipConnections, data: bytes, flow: Flow = UP, gap: int = 0) -> list[str]:
    found = connections.feed(Stretch(UNIT, flow, data, gap))
    assert found is not None
    return [f"{one.type} {one.flow.transport}" for one in found if isinstance(one, SipMessage)]


def test_each_direction_is_a_stream_of_its_own() -> None:
    connections = SipConnections()
    assert feed(connections, INVITE[:30]) == []
    assert feed(connections, b"SIP/2.0 100 T\r\nCall-ID: c\r\n\r\n", DOWN) == ["100 tcp"]
    assert feed(connections, INVITE[30:]) == ["INVITE tcp"]
    assert len(connections) == 2


def test_a_gap_in_sip_is_counted_and_the_next_message_is_heard() -> None:
    connections = SipConnections()
    feed(connections, INVITE + INVITE[:40])
    assert feed(connections, b"half of something\r\n" + INVITE, gap=100) == ["INVITE tcp"]
    assert connections.counts["tcp gap in sip"] == 1


def test_joined_midway_is_no_loss() -> None:
    connections = SipConnections()
    assert feed(connections, b"tail\r\n\r\n" + INVITE, gap=UNKNOWN_GAP) == ["INVITE tcp"]
    assert connections.counts["tcp gap in sip"] == 0


def test_what_shows_no_sip_is_given_up() -> None:
    connections = SipConnections()
    pieces = [connections.feed(Stretch(UNIT, UP, bytes(8192))) for _ in range(ASKED // 8192 + 1)]
    assert pieces[:-1] == [[]] * (ASKED // 8192)
    assert pieces[-1] is None
    assert len(connections) == 0


def test_closed_within_a_message_is_counted() -> None:
    connections = SipConnections()
    feed(connections, INVITE + INVITE[:40])
    connections.close(Closed(UP))
    connections.close(Closed(DOWN))
    assert (connections.counts["closed within a message"], len(connections)) == (1, 0)


def test_websocket() -> None:
    connections = SipConnections()
    asks = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
    key = b"\x01\x02\x03\x04"
    masked = bytes(octet ^ key[at % 4] for at, octet in enumerate(INVITE))
    frame = bytes([0x81, 0x80 | len(INVITE)]) + key + masked
    assert feed(connections, asks) == []
    assert feed(connections, frame) == ["INVITE ws"]
    agrees = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    answer = b"SIP/2.0 100 T\r\nCall-ID: c\r\n\r\n"
    assert feed(connections, agrees + bytes([0x81, len(answer)]) + answer, DOWN) == ["100 ws"]
