# SPDX-License-Identifier: Apache-2.0
"""What a message says when it is asked, each question on its own."""

from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.message import NO_FLOW, Message
from edge.model.unit import Unit

HEAD = """\
INVITE sip:+77172000001;npdi@h.example:5070;user=phone SIP/2.0
Via: SIP/2.0/UDP p;branch=z9hG4bKtop;note="a,b", SIP/2.0/UDP q;branch=z9hG4bKmid
v: SIP/2.0/TCP r;branch=z9hG4bKlow
From: "Bank, \\"A\\"" <sip:+447700900001@x;tag=no>;tag=f1
To: <sip:+77172000009@h>
Call-ID: c1@x
CSeq:  7
  INVITE
Contact: <sip:a@1>,<sip:b@2>
P-Asserted-Identity: "N" <sip:+447700900002@n>, <tel:+447700900002>
User-Agent: Pump/1
Privacy: id;critical
Identity: abc;info=<https://x>
Reason: SIP;cause=200, Q.850 ;cause=21;text="a;b,c"
Content-Type: application/sdp
Content-Length: 50

"""
BODY = b"o=- 1 1 IN IP4 198.51.100.1\r\nc=IN IP4 198.51.100.2"


def read(text: str, body: bytes = b"") -> SipMessage:
    octets = text.replace("\n", "\r\n").encode() + body
    (message,) = read_datagram(Unit("t", 1, 0, octets), NO_FLOW, octets)
    assert isinstance(message, SipMessage)
    return message


def test_is_a_message_as_all_stages_know_it() -> None:
    message: Message = read(HEAD, BODY)
    assert (message.proto, message.type, message.call) == ("sip", "INVITE", "c1@x")
    assert (message.calling, message.called) == ("+447700900001", "+77172000001")


def test_what_names_the_call() -> None:
    message = read(HEAD, BODY)
    assert (message.from_tag, message.to_tag, message.cseq) == (b"f1", b"", b"7 INVITE")
    assert message.branch == b"z9hG4bKtop"
    assert message.branches == (b"z9hG4bKtop", b"z9hG4bKmid", b"z9hG4bKlow")
    assert message.from_address.display == 'Bank, "A"'
    assert message.request_uri.port == 5070


def test_lists_and_first_values() -> None:
    message = read(HEAD, BODY)
    assert message.values("CONTACT") == [b"<sip:a@1>", b"<sip:b@2>"]
    assert [a.uri.raw for a in message.addresses("p-asserted-identity")] == [
        "sip:+447700900002@n",
        "tel:+447700900002",
    ]
    assert (message.value("User-Agent"), message.value("server"), message.values("x")) == (
        "Pump/1",
        "",
        [],
    )
    assert len(message.via) == 3
    assert message.reason == {"sip": "200", "q.850": "21"}


def test_fields_and_facts() -> None:
    message = read(HEAD, BODY)
    assert message.fields() == {
        "cseq": "7 INVITE",
        "from": '"Bank, \\"A\\"" <sip:+447700900001@x;tag=no>;tag=f1',
        "to": "<sip:+77172000009@h>",
        "via": [
            'SIP/2.0/UDP p;branch=z9hG4bKtop;note="a,b", SIP/2.0/UDP q;branch=z9hG4bKmid',
            "SIP/2.0/TCP r;branch=z9hG4bKlow",
        ],
        "user_agent": "Pump/1",
    }
    facts = message.facts()
    assert facts.pop("via") == message.via
    assert facts == {
        "user_agent": "Pump/1",
        "contact": ["<sip:a@1>", "<sip:b@2>"],
        "privacy": "id;critical",
        "identity": "abc;info=<https://x>",
        "sdp_origin": "- 1 1 IN IP4 198.51.100.1",
        "sdp_connections": ["198.51.100.2"],
    }


def test_in_a_dialog_to_says_who_is_called() -> None:
    message = read(HEAD.replace("<sip:+77172000009@h>", "<sip:+77172000009@h>;tag=t1"), BODY)
    assert (message.called, message.to_tag) == ("+77172000009", b"t1")


def test_request_uri_in_brackets_and_behind_tabs() -> None:
    for line in ("INVITE <sip:+77172000002@h> SIP/2.0", "INVITE\tsip:+77172000002@h\tSIP/2.0"):
        assert read(line + "\nTo: <sip:112@h>\n\n").called == "+77172000002"


def test_a_message_without_any_header_answers_everything() -> None:
    message = read("OPTIONS sip:h SIP/2.0\n\n")
    assert (message.call, message.calling, message.called, message.cseq) == ("", "", "", b"")
    assert (message.branches, message.reason, message.facts()) == ((b"",), {}, {})
    assert message.fields()["via"] == []


def test_a_response_has_no_request_uri() -> None:
    message = read("SIP/2.0 486 Busy Here\nTo: <sip:5@h>;tag=1\nServer: S/1\n\n")
    assert (message.is_request, message.request_uri.raw, message.called) == (False, "", "5")
    assert (message.start_line, message.fields()["user_agent"]) == ("SIP/2.0 486 Busy Here", "S/1")
