# SPDX-License-Identifier: Apache-2.0
"""What one offering message says about where it comes from, and how far each word can be trusted.

What we heard ourselves (which peer handed us the call) is a fact. What a network of ours or the
next one wrote is likely. What the sender wrote may be a lie, and is still worth keeping: a device
that lies says the same lie each time.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from enum import Enum

import msgspec

from edge.decode.isup.message import IsupMessage
from edge.decode.sip.grammar import text
from edge.decode.sip.message import SipMessage
from edge.decode.sip.uri import parse_parameters
from edge.detect.fingerprint import Fingerprint
from edge.model.event import CallOffered, shown
from edge.model.message import address_text
from edge.model.number import Screening

MOST_VALUE = 200
"Characters of a value: it is the wire's."
MOST_HOPS = 16


class Trust(Enum):
    """Who says so."""

    HEARD = "heard"
    "Our own tap."
    NETWORK = "network"
    "A network between, for which it is of no use to lie."
    CLAIMED = "claimed"
    "The sender, or whoever stands before him."


class ClueKind(msgspec.Struct, frozen=True, gc=False):
    """A kind of clue, declared once."""

    code: str
    trust: Trust
    confidence: float
    "That it leads to the sender, were it in every call."
    title: str


PEER = ClueKind("ingress-peer", Trust.HEARD, 0.95, "Peer that handed us the calls")
TRUNK = ClueKind("trunk", Trust.HEARD, 0.95, "Trunk")
CIRCUIT = ClueKind("circuit", Trust.HEARD, 0.9, "Point codes")
CIC = ClueKind("cic", Trust.HEARD, 0.5, "Circuits")
VIA_NEAR = ClueKind("via", Trust.NETWORK, 0.7, "Hop named in a Via")
VIA_FAR = ClueKind("via-first", Trust.CLAIMED, 0.5, "First hop, as the sender names itself")
RECEIVED = ClueKind("via-received", Trust.NETWORK, 0.8, "Address from which a hop received it")
CONTACT = ClueKind("contact", Trust.CLAIMED, 0.45, "Host of the Contact")
CALL_ID = ClueKind("call-id-host", Trust.CLAIMED, 0.4, "Host in the Call-ID")
MEDIA = ClueKind("media", Trust.CLAIMED, 0.65, "Address that speech is to go to")
ORIGIN = ClueKind("sdp-origin", Trust.CLAIMED, 0.5, "Address in the origin line of the SDP")
ICE = ClueKind("ice", Trust.CLAIMED, 0.6, "Address that ICE offers")
ICE_PUBLIC = ClueKind("ice-reflexive", Trust.CLAIMED, 0.8, "Public address that ICE found out")
DEVICE = ClueKind("device", Trust.CLAIMED, 0.3, "Name that the device gives itself")
PRINT = ClueKind("fingerprint", Trust.HEARD, 0.7, "How its messages are written")
OPERATOR = ClueKind("originating-operator", Trust.NETWORK, 0.7, "Operator that charges (orig-ioi)")
TRANSIT = ClueKind("transit-operator", Trust.NETWORK, 0.6, "Operator that carried it (transit-ioi)")
ICID = ClueKind("charging-host", Trust.NETWORK, 0.6, "Host that made the charging id")
ORIGID = ClueKind("stir-origid", Trust.CLAIMED, 0.6, "Source that the signer tells apart (origid)")
ATTEST = ClueKind("stir-attest", Trust.CLAIMED, 0.4, "What the signer vouches for")
SIGNER = ClueKind("stir-signer", Trust.CLAIMED, 0.6, "Certificate of the signer (x5u)")
LOCATION = ClueKind("location-number", Trust.NETWORK, 0.75, "Location number, network provided")
LOCATION_USER = ClueKind("location-number", Trust.CLAIMED, 0.4, "Location number, not verified")
REDIRECTED = ClueKind("redirected-by", Trust.CLAIMED, 0.4, "Number that redirected the call")
HOPS = ClueKind("hop-counter", Trust.NETWORK, 0.4, "Exchanges the call may still pass")
HIDDEN = ClueKind("hidden-hops", Trust.NETWORK, 0.4, "Hops that left no Via")
DELAY = ClueKind("propagation-delay", Trust.NETWORK, 0.4, "Delay of the way so far, milliseconds")
ACCESS = ClueKind("access", Trust.NETWORK, 0.6, "Access network")
EXCHANGE = ClueKind("originating-exchange", Trust.NETWORK, 0.8, "Exchange where the call began")
SATELLITES = ClueKind("satellites", Trust.NETWORK, 0.3, "Satellite hops")
HOURS = ClueKind("hours", Trust.HEARD, 0.4, "Hours in which it calls")
KINDS = (
    TRUNK, PEER, CIRCUIT, CIC, VIA_NEAR, VIA_FAR, RECEIVED, CONTACT, CALL_ID, MEDIA, ORIGIN, ICE,
    ICE_PUBLIC, DEVICE, PRINT, OPERATOR, TRANSIT, ICID, ORIGID, ATTEST, SIGNER, LOCATION,
    LOCATION_USER, REDIRECTED, HOPS, HIDDEN, DELAY, ACCESS, EXCHANGE, SATELLITES, HOURS,
)  # fmt: skip

Said = tuple[ClueKind, str]

_CANDIDATE = re.compile(rb"a=candidate:\S+ \d+ \S+ \d+ (\S+) \d+ typ (\w+)", re.IGNORECASE)
_CONNECTION = re.compile(rb"(?:^|\n)c=IN IP[46] ([^\s/]+)")
_ORIGIN = re.compile(rb"(?:^|\n)o=\S* \S+ \S+ IN IP[46] (\S+)")
_SENT_BY = re.compile(rb"SIP\s*/\s*2\.0\s*/\s*\w+\s+(\[[^\]\s]*\]|[^\s:;,]+)", re.IGNORECASE)
_RECEIVED = re.compile(rb";\s*received=([^\s;,]+)", re.IGNORECASE)
_ADDRESS = re.compile(rb"@(\d+\.\d+\.\d+\.\d+)")


def clues_of(offer: CallOffered, fingerprint: Fingerprint) -> Iterator[Said]:
    """Yield what an offer says of its origin; values are cut to `MOST_VALUE` characters."""
    for kind, value in _all(offer, fingerprint):
        if value:
            yield kind, value[:MOST_VALUE]


def _all(offer: CallOffered, fingerprint: Fingerprint) -> Iterator[Said]:
    message = offer.message
    yield TRUNK, offer.trunk.name
    yield PRINT, fingerprint.text
    if message.flow.source:
        yield PEER, address_text(message.flow.source)
    if isinstance(message, SipMessage):
        yield from _of_invite(message)
        if fingerprint.hidden:
            yield HIDDEN, str(fingerprint.hidden)
        if message.iam:
            yield from _of_iam(message.iam)
    elif isinstance(message, IsupMessage):
        yield from _of_iam(message)
    yield from _of_parties(offer)


def _of_parties(offer: CallOffered) -> Iterator[Said]:
    for party in offer.identities:
        if party.role in {"redirecting", "original-called", "diversion", "history-info"}:
            yield REDIRECTED, shown(party.number)
        elif party.role == "location":
            vouched = party.screening is Screening.NETWORK
            yield LOCATION if vouched else LOCATION_USER, shown(party.number)


def _of_invite(message: SipMessage) -> Iterator[Said]:
    vias = message.values("via")[:MOST_HOPS]
    for place, via in enumerate(vias, 1):
        if found := _SENT_BY.search(via):
            yield VIA_FAR if place == len(vias) else VIA_NEAR, text(found[1]).strip("[]")
        if found := _RECEIVED.search(via):
            yield RECEIVED, text(found[1])
    yield DEVICE, message.value("user-agent")
    for address in message.addresses("contact")[:1]:
        yield CONTACT, address.uri.host
    if found := _ADDRESS.search(message.call_id):
        yield CALL_ID, text(found[1])
    yield ACCESS, message.value("p-access-network-info")
    yield from _of_sdp(message.body)
    yield from _of_charging(message.first(b"p-charging-vector"))
    yield from _of_identity(message.first(b"identity"))


def _of_sdp(body: bytes) -> Iterator[Said]:
    for address in dict.fromkeys(_CONNECTION.findall(body)[:MOST_HOPS]):
        yield MEDIA, text(address)
    if found := _ORIGIN.search(body):
        yield ORIGIN, text(found[1])
    for address, kind in _CANDIDATE.findall(body)[:MOST_HOPS]:
        yield ICE_PUBLIC if kind.lower() in {b"srflx", b"prflx"} else ICE, text(address)


def _of_charging(value: bytes) -> Iterator[Said]:
    """Yield what a P-Charging-Vector names (RFC 7315 section 5.6)."""
    if value:
        named = parse_parameters(b";" + value)
        yield OPERATOR, named.get("orig-ioi", "")
        yield TRANSIT, named.get("transit-ioi", "")
        yield ICID, named.get("icid-generated-at", "")


class _Passport(msgspec.Struct):
    """The claims of a PASSporT that say who signed for what (RFC 8225, RFC 8588)."""

    attest: str = ""
    origid: str = ""


def _of_identity(value: bytes) -> Iterator[Said]:
    """Yield what an Identity header claims (RFC 8224); its signature is not checked here."""
    token, _, rest = value.partition(b";")
    pieces = token.strip().split(b".")
    if len(pieces) < 3:  # noqa: PLR2004 - header, payload, signature
        return
    try:
        payload = base64.urlsafe_b64decode(pieces[1] + b"=" * (-len(pieces[1]) % 4))
        claims = msgspec.json.decode(payload, type=_Passport)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return
    yield ORIGID, claims.origid
    yield ATTEST, claims.attest
    yield SIGNER, parse_parameters(b";" + rest).get("info", "").strip("<>")


def _of_iam(message: IsupMessage) -> Iterator[Said]:
    if message.circuit:
        label = message.circuit.label
        yield CIRCUIT, f"OPC {label.opc}, DPC {label.dpc}"
        yield CIC, str(message.circuit.cic)
    for code, kind, read in _PARAMETERS:
        if octets := message.octets(code):
            yield kind, read(octets)


_PARAMETERS: tuple[tuple[int, ClueKind, Callable[[bytes], str]], ...] = (
    (0x3D, HOPS, lambda octets: str(octets[0] & 0x1F)),
    (0x31, DELAY, lambda octets: str(int.from_bytes(octets[:2], "big"))),
    (0x2B, EXCHANGE, lambda octets: str(int.from_bytes(octets[:2], "little") & 0x3FFF)),
    (0x06, SATELLITES, lambda octets: str(octets[0] & 3) if octets[0] & 3 else ""),
)
