# SPDX-License-Identifier: Apache-2.0
"""Every identity an INVITE carries, in its role, normal form and presentation."""

import pytest

from edge.call import sip_offer
from edge.call.sip_offer import SipOffers, is_hidden
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.event import UNKNOWN_TRUNK, CallOffered, Trunk, TrunkClass
from edge.model.message import Flow
from edge.model.number import Kind, Nature, Party, Presentation, Refusal, Screening
from edge.model.unit import Unit
from edge.numbering.normalise import home_of
from hil.e1.calls import Call, Number, iam
from tests.call.circuit_talk import LONDON
from tests.call.sip_talk import CALLER, INTERNATIONAL, SWITCH
from tests.decode.sip.test_encapsulated import invite as invite_with, mixed, read

ASTANA = Trunk("pbx", TrunkClass.PBX, "7", "7172")
OFFERS = SipOffers({"pbx": home_of(ASTANA)}, home_of(UNKNOWN_TRUNK))


def invite(*headers: str, uri: str = "sip:+77172000001@s") -> SipMessage:
    head = [f"INVITE {uri} SIP/2.0", "Call-ID: c1", "CSeq: 1 INVITE", *headers, "", ""]
    octets = "\r\n".join(head).encode()
    flow = Flow(CALLER, SWITCH, 5060, 5060, "udp")
    (message,) = read_datagram(Unit("t", 1, 7, octets), flow, octets)
    assert isinstance(message, SipMessage)
    return message


def offer(
    *headers: str, uri: str = "sip:+77172000001@s", trunk: Trunk = INTERNATIONAL
) -> CallOffered:
    return OFFERS.offer(invite(*headers, uri=uri), trunk, 1)


def told(party: Party) -> str:
    """Return a party in words: role, number, and what is not usual."""
    words = [party.role, party.number.e164 or party.number.refusal.value]
    if party.presentation is not Presentation.ALLOWED:
        words.append(party.presentation.value)
    if party.screening is not Screening.UNKNOWN:
        words.append(party.screening.value)
    return " ".join(words)


FROM = 'From: "Bank" <sip:+447700900123@x>;tag=1'
TO = "To: <sip:+77172000001@s>"

CASES = {
    "plain": ((FROM, TO), ["from 447700900123", "request-uri 77172000001"]),
    "all headers": (
        (
            FROM,
            TO,
            "P-Asserted-Identity: <sip:+447700900124@x>, <tel:+447700900125>",
            "P-Preferred-Identity: <sip:+447700900126@x>",
            "Remote-Party-ID: <sip:+447700900127@x>;screen=yes;privacy=full",
            "Diversion: <sip:+77172000002@x>;privacy=off, <sip:+77172000003@x>",
            "History-Info: <sip:+77172000004@x>;index=1",
        ),
        [
            "from 447700900123",
            "request-uri 77172000001",
            "p-asserted-identity 447700900124 network",
            "p-asserted-identity 447700900125 network",
            "p-preferred-identity 447700900126",
            "remote-party-id 447700900127 restricted user-passed",
            "diversion 77172000002",
            "diversion 77172000003",
            "history-info 77172000004",
        ],
    ),
    "hidden": (
        (FROM, TO, "Privacy: critical, id", "P-Asserted-Identity: <tel:+447700900124>"),
        [
            "from 447700900123 restricted",
            "request-uri 77172000001",
            "p-asserted-identity 447700900124 restricted network",
        ],
    ),
    "anonymous host": (
        ("From: <sip:anonymous@anonymous.invalid>;tag=1", TO),
        ["from absent restricted", "request-uri 77172000001"],
    ),
    "nobody": ((TO,), ["from absent unavailable", "request-uri 77172000001"]),
    "letters": (("From: <sip:anna@x>", TO), ["from not-digits", "request-uri 77172000001"]),
    "retargeted": (
        (FROM, "To: <sip:+77172000009@s>"),
        ["from 447700900123", "request-uri 77172000001", "to 77172000009"],
    ),
}


@pytest.mark.parametrize(("headers", "expected"), CASES.values(), ids=CASES)
def test_identities(headers: tuple[str, ...], expected: list[str]) -> None:
    assert [told(party) for party in offer(*headers).identities] == expected


def test_the_event_itself() -> None:
    found = offer(FROM, TO)
    assert (found.at, found.call, found.attempt, found.proto) == (7, "c1", 1, "sip")
    assert found.trunk is INTERNATIONAL
    assert (found.calling, found.called) == found.identities
    assert (found.calling.display, found.calling.host, found.calling.uri) == (
        "Bank",
        "x",
        "sip:+447700900123@x",
    )
    assert found.calling.nature is Nature.INTERNATIONAL


def test_the_networks_word_counts_where_from_says_nothing() -> None:
    found = offer("From: <sip:anonymous@x>", TO, "P-Asserted-Identity: <tel:+447700900124>")
    assert found.calling.role == "p-asserted-identity"
    found = offer("From: <sip:anonymous@x>", TO, "P-Asserted-Identity: <sip:anna@x>")
    assert found.calling.role == "from"
    found = offer(FROM, TO, "P-Asserted-Identity: <tel:+447700900124>")
    assert found.calling.role == "from"


def test_a_trunk_at_home_completes_its_numbers() -> None:
    found = offer("From: <sip:000123@x>", uri="sip:87172000001@s", trunk=ASTANA)
    assert [party.number.e164 for party in found.identities] == ["77172000123", "77172000001"]
    assert offer("From: <sip:000123@x>").calling.number.refusal is not None


@pytest.mark.parametrize(
    ("uri", "role"),
    [
        ("urn:service:sos.police", "request-uri"),
        ("sip:112@s", "request-uri"),
        ("tel:112;phone-context=+7", "request-uri"),
        ("sip:s", "to"),
        ("x-own:whatever", "to"),
    ],
)
def test_emergency_services_under_every_name(uri: str, role: str) -> None:
    found = offer(FROM, "To: <sip:112@s>", uri=uri)
    assert (found.called.role, found.called.number.kind) == (role, Kind.EMERGENCY)


@pytest.mark.parametrize(
    ("privacy", "hidden"),
    [
        ("id", True),
        ("Header;USER", True),
        ("full", True),
        ("none", False),
        ("header", False),
        ("", False),
    ],
)
def test_is_hidden(privacy: str, hidden: bool) -> None:
    assert is_hidden(invite(f"Privacy: {privacy}")) is hidden
    assert not is_hidden(invite())


def test_remembers_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_offer, "MAX_KNOWN", 4)
    offers = SipOffers({}, home_of(UNKNOWN_TRUNK))
    for number in range(20):
        message = invite(f"From: <sip:+4477009001{number:02}@x>")
        assert offers.offer(message, UNKNOWN_TRUNK, 1).calling.number.kind is Kind.FOREIGN
    giant = offers.offer(invite(f"From: <sip:{'1' * 5000}@x>"), UNKNOWN_TRUNK, 1)
    assert giant.calling.number.refusal is Refusal.TOO_LONG
    assert len(offers._default.known) <= 4
    assert max(map(len, offers._default.known)) <= sip_offer.MAX_KNOWN_LENGTH


def test_the_identities_of_an_iam_in_the_body_are_offered_too() -> None:
    """SIP-I: the network's word stands beside what the headers say."""
    call = Call(LONDON, Number("7172000001", 3), redirecting=Number("447700900456"))
    message = read(invite_with(mixed(iam(call)), calling="anonymous"))
    offer = OFFERS.offer(message, INTERNATIONAL, 1)
    assert [told(party) for party in offer.identities][2:] == [
        "called 77172000001",
        "calling 442079460123 network",
        "redirecting 447700900456",
    ]
    assert told(offer.calling) == "calling 442079460123 network"
