# SPDX-License-Identifier: Apache-2.0
"""Via chains, contacts and responses, as the RFCs have them."""

import socket

import pytest
from hypothesis import given, strategies as st

from drivers.gates.sip_redirect import wire
from drivers.gates.sip_redirect.wire import Peer, Reply
from edge.decode.sip.framer import read_message
from edge.decode.sip.message import SipMessage
from edge.decode.sip.uri import parse_uri
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit

SWITCH = Peer("192.0.2.1", 5070, bytes((192, 0, 2, 1)))
SWITCH_6 = Peer("2001:db8::1", 5070, socket.inet_pton(socket.AF_INET6, "2001:db8::1"))


def message(*lines: str) -> SipMessage:
    octets = "\r\n".join((*lines, "", "")).encode()
    read, _ = read_message(Unit("g", LinkType.UPPER_PDU, 0, octets), NO_FLOW, octets, 0)
    assert isinstance(read, SipMessage)
    return read


@pytest.mark.parametrize(
    ("value", "host", "port", "rport"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1", "192.0.2.1", 5070, None),
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1", 5060, None),
        ("SIP/2.0/UDP 192.0.2.1", "192.0.2.1", 5060, None),
        ("SIP/2.0/TCP sbc.example.net:5070;rport;branch=z9hG4bK1", "sbc.example.net", 5070, ""),
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;RPORT", "192.0.2.1", 5060, ""),
        ("SIP/2.0/UDP 192.0.2.1;rport=5071;branch=z9hG4bK1", "192.0.2.1", 5060, "5071"),
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-rport", "192.0.2.1", 5060, None),
        ("SIP/2.0/UDP [2001:db8::1]:5070;branch=z9hG4bK1", "[2001:db8::1]", 5070, None),
        ("SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1", "[2001:db8::1]", 5060, None),
        (
            "SIP  / 2.0 /  UDP \t first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9",
            "first.example.com", 4000, None,
        ),
        ("sip/2.0/sctp 192.0.2.1 : 5070 ;rport", "192.0.2.1", 5070, ""),
    ],
)  # fmt: skip
def test_a_via_is_read(value: str, host: str, port: int, rport: str | None) -> None:
    via = wire.read_via(value.encode())
    assert via
    assert (via.host.decode(), via.port) == (host, port)
    assert (None if via.rport is None else via.rport.decode()) == rport


@pytest.mark.parametrize(
    "value",
    [
        "", "SIP/2.0/UDP", "SIP/3.0/UDP 192.0.2.1", "SIP/2.0/UDP 192.0.2.1:x", "192.0.2.1:5060",
        "SIP/2.0/UDP 192.0.2.1:65536", "SIP/2.0/UDP 192.0.2.1:999999999999999999999",
        "SIP/2.0/UDP 192.0.2.1 5060", "SIP/2.0/UDP [2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_no_via_is_none(value: str) -> None:
    assert wire.read_via(value.encode()) is None


@pytest.mark.parametrize(
    ("value", "peer", "marked", "port"),
    [
        ("192.0.2.1:5062;branch=b", SWITCH, "192.0.2.1:5062;branch=b", 5062),
        ("192.0.2.9:5062;branch=b", SWITCH, "192.0.2.9:5062;branch=b;received=192.0.2.1", 5062),
        ("sbc.example.net;branch=b", SWITCH, "sbc.example.net;branch=b;received=192.0.2.1", 5060),
        (
            "192.0.2.1;rport;branch=b", SWITCH,
            "192.0.2.1;rport=5070;branch=b;received=192.0.2.1", 5070,
        ),
        (
            "192.0.2.9:5062;branch=b;rport", SWITCH,
            "192.0.2.9:5062;branch=b;rport=5070;received=192.0.2.1", 5070,
        ),
        ("192.0.2.1;received=198.51.100.1;branch=b", SWITCH, "192.0.2.1;branch=b", 5060),
        ("192.0.2.1;maddr=198.51.100.1;branch=b", SWITCH, "192.0.2.1;maddr=198.51.100.1;branch=b",
         5060),
        ("[2001:db8::1]:5062;branch=b", SWITCH_6, "[2001:db8::1]:5062;branch=b", 5062),
        ("[::1];branch=b", SWITCH_6, "[::1];branch=b;received=2001:db8::1", 5060),
    ],
    ids=["same", "behind-nat", "name", "rport", "rport-last", "received-claimed", "maddr", "ipv6",
         "ipv6-other"],
)  # fmt: skip
def test_an_answer_finds_back(value: str, peer: Peer, marked: str, port: int) -> None:
    via = wire.read_via(b"SIP/2.0/UDP " + value.encode())
    assert via
    assert wire.marked(via, peer).decode() == "SIP/2.0/UDP " + marked
    assert wire.return_port(via, peer) == port


@pytest.mark.parametrize(
    ("second", "end"),
    [
        ("198.51.100.7", ("198.51.100.7", 5060)),
        ("198.51.100.7:5062;branch=b", ("198.51.100.7", 5062)),
        ("10.0.0.1:5062;received=198.51.100.7;branch=b", ("198.51.100.7", 5062)),
        ("10.0.0.1;rport=1024;received=198.51.100.7", ("198.51.100.7", 1024)),
        ("[2001:db8::7]:5062;branch=b", ("2001:db8::7", 5062)),
        ("gw.example.net;branch=b", ("gw.example.net", 5060)),
    ],
)
def test_the_second_hop_tells_where_the_switch_heard_it(second: str, end: tuple[str, int]) -> None:
    assert wire.came_from([b"SIP/2.0/UDP 192.0.2.1", b"SIP/2.0/UDP " + second.encode()]) == end


def test_without_a_second_hop_the_switch_made_the_call() -> None:
    assert wire.came_from([b"SIP/2.0/UDP 192.0.2.1"]) is None
    assert wire.came_from([b"SIP/2.0/UDP 192.0.2.1", b"nonsense"]) is None


@pytest.mark.parametrize(
    "lines",
    [
        ("Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b", "v: SIP/2.0/UDP c"),
        ("Via: SIP/2.0/UDP a;branch=1", "VIA: SIP/2.0/UDP b,SIP/2.0/UDP c"),
        ("Via: SIP/2.0/UDP a;branch=1", "v : SIP/2.0/UDP b", "via: SIP/2.0/UDP", "  c"),
    ],
)
def test_a_chain_is_one_however_it_is_written(lines: tuple[str, ...]) -> None:
    chain = wire.via_chain(message("OPTIONS sip:x@192.0.2.2 SIP/2.0", *lines))
    assert chain == [b"SIP/2.0/UDP a;branch=1", b"SIP/2.0/UDP b", b"SIP/2.0/UDP c"]


@pytest.mark.parametrize(
    ("uri", "next_hop", "contact"),
    [
        ("sip:77172000001@192.0.2.2:5060;user=phone", "192.0.2.9", "sip:77172000001@192.0.2.9"),
        ("sip:77172000001@192.0.2.2", "", "sip:77172000001@192.0.2.2"),
        ("sip:+77172000001;npdi@gate", "sbc:5070", "sip:+77172000001;npdi@sbc:5070"),
        ("sips:77172000001@192.0.2.2", "[2001:db8::9]:5061",
         "sips:77172000001@[2001:db8::9]:5061"),
        ("tel:+77172000001", "192.0.2.9", "sip:+77172000001@192.0.2.9;user=phone"),
        ("tel:+77172000001", "", "tel:+77172000001"),
        ("urn:service:sos", "192.0.2.9", "urn:service:sos"),
        ("sip:192.0.2.2", "192.0.2.9", "sip:192.0.2.2"),
    ],
)  # fmt: skip
def test_a_call_goes_on_to_its_number(uri: str, next_hop: str, contact: str) -> None:
    assert wire.contact_of(parse_uri(uri.encode()), next_hop) == contact


@pytest.mark.parametrize(
    ("cseq", "method"),
    [
        (b"1 INVITE", "INVITE"), (b"2147483647 ACK", "ACK"), (b"", ""), (b"INVITE", ""),
        (b"-1 INVITE", ""), (b"36893488147419103232 INVITE", ""),
    ],
)  # fmt: skip
def test_a_sequence_number_is_a_number(cseq: bytes, method: str) -> None:
    assert wire.method_of(cseq) == method


INVITE = (
    "INVITE sip:77172000001@192.0.2.2 SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
    "Via: SIP/2.0/UDP 198.51.100.7",
    "f: <sip:+447700900123@192.0.2.1>;tag=a",
    "t: <sip:77172000001@192.0.2.2>",
    "i: one@192.0.2.1",
    "CSeq:  1   INVITE",
)
VIAS = [b"SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1", b"SIP/2.0/UDP 198.51.100.7"]


def test_a_response_repeats_what_names_the_request() -> None:
    reply = Reply(603, "Decline", (wire.header("Reason", "Q.850;cause=21"),))
    assert wire.compose(reply, message(*INVITE), VIAS, b"b").decode().split("\r\n") == [
        "SIP/2.0 603 Decline",
        "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP 198.51.100.7",
        "From: <sip:+447700900123@192.0.2.1>;tag=a",
        "To: <sip:77172000001@192.0.2.2>;tag=b",
        "Call-ID: one@192.0.2.1",
        "CSeq: 1   INVITE",
        "Reason: Q.850;cause=21",
        "Server: Qalqan-Edge",
        "Content-Length: 0",
        "",
        "",
    ]


ANY = st.text(st.characters(max_codepoint=0x2028), max_size=30)


@given(ANY, ANY, ANY, ANY)
def test_no_value_can_begin_a_line(phrase: str, name: str, value: str, uri: str) -> None:
    reply = Reply(302, phrase, (wire.header("X" + name, value), wire.contact(uri)))
    spoilt = message(*INVITE[:5], "Call-ID: one\rVia: evil", "CSeq: 1 INVITE")
    response = wire.compose(reply, spoilt, VIAS, b"b")
    assert response.count(b"\r\n") == response.count(b"\r") == response.count(b"\n") == 12
    assert b"\0" not in response
    assert response.count(b"\r\nVia:") == 2


@given(st.binary(max_size=80))
def test_no_via_raises(value: bytes) -> None:
    for text in (value, b"SIP/2.0/UDP " + value):
        via = wire.read_via(text)
        if via:
            wire.marked(via, SWITCH)
            assert 0 <= wire.return_port(via, SWITCH) <= 65_535
        wire.came_from([text, text])
