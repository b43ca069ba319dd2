# SPDX-License-Identifier: Apache-2.0
"""SIGTRAN packets to messages, against tshark, and the same call over every carrier."""

import pytest

from edge.decode.sigtran.link import SigtranLink
from edge.decode.ss7 import Ss7Link
from edge.model.message import Flow, Malformed
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import (
    ISUP_MESSAGES,
    Q931_MESSAGES,
    SIGTRAN,
    adaptation,
    chunk,
    iua,
    m2pa,
    m2ua,
    m3ua,
    m3ua_draft,
    mtp3,
    q931,
    sctp,
)
from tests.vectors.e1.oracle import tshark

UNIT = Unit("mirror", LinkType.ETHERNET, 0, b"")
FLOW = Flow(b"\xc0\0\2\1", b"\xc0\0\2\2", 0, 0, "sctp")
FIELDS = [
    "isup.cic", "isup.calling",
    "q931.call_ref", "q931.calling_party_number.digits",
]  # fmt: skip


def isup_fields(message):
    return {"isup.cic": [str(message.circuit.cic)], "isup.calling": [message.calling]}


def q931_fields(message):
    digits = [number.digits for number in message.numbers if number.role == "calling"] or [""]
    reference = message.reference.value.to_bytes(2, "big").hex()
    return {"q931.call_ref": [reference], "q931.calling_party_number.digits": digits}


OURS = {"isup": isup_fields, "q931": q931_fields}


@pytest.mark.peer("tshark")
def test_every_packet_is_what_tshark_reads():
    link = SigtranLink()
    rows = tshark("sigtran.pcap", FIELDS, "iua.use_gsm_sapi_values:FALSE")
    heard = []
    for row, packet in zip(rows, SIGTRAN, strict=True):
        for message in link.feed(UNIT, FLOW, packet):
            heard.append(message.proto)
            if message.proto in OURS:
                fields = OURS[message.proto](message)
                assert {name: row[name] or [""] for name in fields} == fields
    messages = len(ISUP_MESSAGES) + 1 + 12
    assert heard == ["m3ua"] * 2 + ["isup"] * messages + ["q931"] * len(Q931_MESSAGES)


def read(body, protocol):
    found = SigtranLink().feed(UNIT, FLOW, sctp(chunk(body, 1, protocol)))
    return [message for message in found if not isinstance(message, Malformed)]


@pytest.mark.parametrize("octets", ISUP_MESSAGES, ids=lambda octets: f"{octets[2]:02x}")
def test_a_message_is_the_same_over_every_carrier(octets):
    [expected] = Ss7Link().feed(Unit("tap", LinkType.MTP3, 0, mtp3(octets)))
    carriers = [(m3ua, 3), (m3ua_draft, 3), (m2ua, 2), (lambda message: m2pa(message, 1), 5)]
    for carried, protocol in carriers:
        [message] = read(carried(octets), protocol)
        assert (message.type, message.fields()) == (expected.type, expected.fields())


def test_the_flow_names_the_ports_of_the_association():
    [message] = read(m3ua(ISUP_MESSAGES[0]), 3)
    assert message.flow.text() == "192.0.2.1:2905 > 192.0.2.2:2905 sctp"


def test_a_call_over_iua_is_named_by_interface_and_reference():
    [asked] = read(iua(q931(0x05), 2), 1)
    [answered] = read(iua(q931(0x02, flag=1), 1), 1)
    assert asked.call == answered.call == "mirror/iua-7/5"
    assert asked.reference.key() == answered.reference.key()


def test_management_is_shown_and_other_users_are_counted():
    link = SigtranLink()
    packet = sctp(chunk(adaptation(3, 1), 1, 3), chunk(b"diameter", 2, 46))
    assert [(m.proto, m.type) for m in link.feed(UNIT, FLOW, packet)] == [("m3ua", "ASPUP")]
    assert link.counts["sctp.other_users"] == 1


def test_evidence_names_the_unit():
    for packet in (b"\0", sctp(chunk(b"\0", 1, 3)), sctp(chunk(iua(b"", 1), 2, 1))):
        [malformed] = SigtranLink().feed(UNIT, FLOW, packet)
        assert isinstance(malformed, Malformed)
        assert malformed.unit is UNIT


def test_q931_messages_pass_over_iua():
    for side, octets in Q931_MESSAGES:
        [message] = read(iua(octets, 1 + side), 1)
        assert message.proto == "q931"
