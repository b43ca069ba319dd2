# SPDX-License-Identifier: Apache-2.0
"""Every clue that a message holds is read, and rubbish is none."""

import base64

import pytest
from hypothesis import given, strategies as st

from edge.detect import clues
from edge.detect.clues import KINDS, MOST_VALUE, clues_of
from edge.detect.fingerprint import Fingerprints
from edge.model.event import CallOffered
from hil.e1.calls import Call, Number, iam
from tests.detect.box import PLAIN, SDP, offer, seized

ICE = """\
a=candidate:1 1 UDP 2130706431 10.9.8.7 50000 typ host
a=candidate:2 1 UDP 1694498815 203.0.113.99 50000 typ srflx raddr 10.9.8.7 rport 50000
"""
PASSPORT = b".".join([
    base64.urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"="),
    base64.urlsafe_b64encode(b'{"attest":"A","origid":"8f1c2a7e-0000"}').rstrip(b"="),
    b"signature",
]).decode()  # fmt: skip
EXTRA = (
    "User-Agent: Dialler 3\n"
    "P-Charging-Vector: icid-value=1;icid-generated-at=198.51.100.1;orig-ioi=op.example;"
    "transit-ioi=carrier.example\n"
    "P-Access-Network-Info: GPON;x\n"
    "Diversion: <sip:+33199001234@h>;reason=unconditional\n"
    f"Identity: {PASSPORT};info=<https://cert.example/1.pem>;alg=ES256\n"
)


def said(offered: CallOffered) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in clues_of(offered, Fingerprints().of(offered.message)):
        found.setdefault(kind.code, []).append(value)
    return found


def test_an_invite() -> None:
    hop = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx;received=192.0.2.10\nVia:"
    text = PLAIN.replace("Via:", hop, 1).replace("{call}", "{call}@10.1.2.3").replace("70", "60")
    found = said(offer(sdp=SDP + ICE, extra=EXTRA, text=text, media="203.0.113.50"))
    assert found.pop("fingerprint")[0].startswith("s1|v2.9|")
    assert found == {
        "trunk": ["intl"],
        "ingress-peer": ["192.0.2.20"],
        "via": ["192.0.2.9"],
        "via-received": ["192.0.2.10"],
        "via-first": ["198.51.100.7"],
        "device": ["Dialler 3"],
        "contact": ["198.51.100.7"],
        "call-id-host": ["10.1.2.3"],
        "media": ["203.0.113.50"],
        "sdp-origin": ["203.0.113.50"],
        "ice": ["10.9.8.7"],
        "ice-reflexive": ["203.0.113.99"],
        "originating-operator": ["op.example"],
        "transit-operator": ["carrier.example"],
        "charging-host": ["198.51.100.1"],
        "access": ["GPON;x"],
        "stir-origid": ["8f1c2a7e-0000"],
        "stir-attest": ["A"],
        "stir-signer": ["https://cert.example/1.pem"],
        "redirected-by": ["+33199001234"],
        "hidden-hops": ["9"],
    }


def test_an_iam() -> None:
    call = Call(Number("447700900123"), Number("77172000001"), redirecting=Number("33199001234"))
    more = b"\x3d\x01\x1e\x31\x02\x00\x2a\x2b\x02\x10\x11\x3f\x08\x04\x13\x33\x91\x09\x10\x32\x04"
    octets = iam(call)[:-1] + more + b"\0"
    found = said(seized(b"\x01\x01" + octets[2:]))
    found.pop("fingerprint")
    assert found == {
        "trunk": ["intl"],
        "circuit": ["OPC 4400, DPC 100"],
        "cic": ["5"],
        "hop-counter": ["30"],
        "propagation-delay": ["42"],
        "originating-exchange": ["4368"],
        "satellites": ["1"],
        "location-number": ["+331990012340"],
        "redirected-by": ["+33199001234"],
    }


def test_who_vouches_for_a_location_decides_its_confidence() -> None:
    assert clues.LOCATION.confidence > clues.LOCATION_USER.confidence
    octets = iam(Call(Number("447700900123"), Number("77172000001")))[:-1]
    kinds = []
    for screening in (0x13, 0x10):
        location = b"\x3f\x07\x84" + bytes([screening]) + b"\x33\x91\x09\x10\x02\0"
        offered = seized(octets + location)
        found = clues_of(offered, Fingerprints().of(offered.message))
        kinds += [kind for kind, _ in found if kind.code == "location-number"]
    assert kinds == [clues.LOCATION, clues.LOCATION_USER]


@pytest.mark.parametrize(
    "identity",
    ["", "a.b", "a.!!!.c", f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c", "a.e30.c"],
)
def test_an_identity_that_is_none_says_nothing(identity: str) -> None:
    found = said(offer(extra=f"Identity: {identity}\n"))
    assert "stir-origid" not in found


@given(
    st.text("abc@;=<>,:\"'. 019", max_size=400), st.text("ac=candidate:1 UDP.typ\n", max_size=200)
)
def test_anything_can_be_asked(extra: str, sdp: str) -> None:
    text = f"P-Charging-Vector: {extra}\nUser-Agent: {extra}\nDiversion: {extra}\n"
    offered = offer(extra=text, body=sdp)
    for kind, value in clues_of(offered, Fingerprints().of(offered.message)):
        assert 0 < len(value) <= MOST_VALUE
        assert kind in KINDS


def test_no_claim_is_as_sure_as_what_we_heard() -> None:
    claimed = [kind.confidence for kind in KINDS if kind.trust is clues.Trust.CLAIMED]
    assert max(claimed) < clues.PEER.confidence
    assert all(0 < kind.confidence < 1 for kind in KINDS)
