# SPDX-License-Identifier: Apache-2.0
"""What M3UA, M2UA, M2PA and IUA carry, and hostile lengths in them."""

import struct

import pytest

from edge.decode.mtp3 import Label, Transfer
from edge.decode.sigtran.adaptation import CallControl, parse, protocol_of
from edge.model.message import Malformed
from tests.vectors.e1.make_vectors import (
    ISUP_MESSAGES,
    Q931_MESSAGES,
    adaptation,
    iua,
    m2pa,
    m2ua,
    m3ua,
    m3ua_draft,
    mtp3,
    tlv,
)

LABEL = Label(2057, 4114, 5, 5, 2)
MESSAGE = ISUP_MESSAGES[0]


@pytest.mark.parametrize(
    ("proto", "octets"),
    [
        pytest.param("m3ua", m3ua(MESSAGE), id="M3UA"),
        pytest.param("m3ua", m3ua_draft(MESSAGE), id="M3UA, early draft"),
        pytest.param("m2ua", m2ua(MESSAGE), id="M2UA"),
        pytest.param("m2ua", adaptation(6, 1, tlv(14, mtp3(MESSAGE))), id="M2UA, draft"),
        pytest.param("m2pa", m2pa(MESSAGE, 1), id="M2PA"),
    ],
)
def test_the_message_and_its_label_come_out(proto, octets):
    adapted = parse(proto, octets)
    assert (adapted.proto, adapted.type) == (proto, "DATA")
    assert adapted.carried == Transfer(LABEL, MESSAGE)


@pytest.mark.parametrize(("type_", "side"), [(1, "asp"), (2, "sg"), (3, "asp"), (4, "sg")])
def test_a_message_of_iua_tells_its_interface_and_side(type_, side):
    octets = Q931_MESSAGES[0][1]
    assert parse("iua", iua(octets, type_)).carried == CallControl(7, side, octets)


@pytest.mark.parametrize(
    ("proto", "class_", "type_", "name"),
    [
        ("m3ua", 3, 1, "ASPUP"),
        ("m3ua", 4, 3, "ASPAC ACK"),
        ("m3ua", 2, 1, "DUNA"),
        ("m3ua", 0, 1, "NTFY"),
        ("m2ua", 6, 2, "ESTABLISH REQUEST"),
        ("m2ua", 6, 15, "DATA ACKNOWLEDGE"),
        ("iua", 5, 7, "ESTABLISH INDICATION"),
    ],
)
def test_other_messages_are_named(proto, class_, type_, name):
    tag, detail = (6, "routing_context") if proto == "m3ua" else (1, "interface")
    adapted = parse(proto, adaptation(class_, type_, tlv(tag, struct.pack(">I", 3))))
    assert (adapted.type, adapted.details, adapted.carried) == (name, {detail: 3}, None)


def test_the_state_of_an_m2pa_link_is_named():
    adapted = parse("m2pa", adaptation(11, 2, struct.pack(">III", 0xFFFFFF, 5, 9)))
    assert adapted.type == "LINK STATUS"
    assert adapted.details == {"bsn": 0xFFFFFF, "fsn": 5, "status": "out of service"}


def test_user_data_without_data_is_an_acknowledgement():
    assert parse("m2pa", adaptation(11, 1, struct.pack(">II", 4, 5))).type == "ACK"


@pytest.mark.parametrize(
    ("identifier", "ports", "proto"),
    [
        (3, (1, 2), "m3ua"),
        (0x0300_0000, (1, 2), "m3ua"),
        (0, (40000, 2904), "m2ua"),
        (0, (9900, 40000), "iua"),
        (0, (1, 2), ""),
        (46, (2905, 2905), ""),
    ],
)
def test_the_layer_is_known_by_identifier_or_port(identifier, ports, proto):
    assert protocol_of(identifier, *ports) == proto


@pytest.mark.parametrize(
    ("proto", "octets", "why"),
    [
        pytest.param("m3ua", b"", "4 octets wanted, 0 left", id="empty"),
        pytest.param("m3ua", b"\2\0\1\1\0\0\0\x08", "version 2", id="version"),
        pytest.param("m3ua", adaptation(7, 7), "unknown message class 7 type 7", id="class"),
        pytest.param("m3ua", b"\1\0\1\1\0\0\0\0", "-8 octets wanted, 0 left", id="length 0"),
        pytest.param(
            "m3ua", b"\1\0\1\1\xff\xff\xff\xff", "4294967287 octets wanted, 0 left", id="-1"
        ),
        pytest.param("m3ua", adaptation(1, 1), "DATA without protocol data", id="nothing"),
        pytest.param("m3ua", adaptation(1, 1, b"\2\x10\0\0"), "parameter length 0", id="parameter"),
        pytest.param(
            "m3ua", adaptation(1, 1, b"\2\x10\xff\xff"), "65531 octets wanted, 0 left", id="past"
        ),
        pytest.param(
            "m3ua", adaptation(1, 1, tlv(0x210, b"ab")), "4 octets wanted, 2 left", id="no route"
        ),
        pytest.param(
            "iua", adaptation(5, 1, tlv(9, b"") * 65), "more than 64 parameters", id="endless"
        ),
        pytest.param("m2pa", adaptation(11, 1, b"ab"), "4 octets wanted, 2 left", id="no numbers"),
    ],
)
def test_a_broken_message_is_malformed(proto, octets, why):
    malformed = parse(proto, octets)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why) == (proto, why)
