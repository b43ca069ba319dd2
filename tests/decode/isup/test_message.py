# SPDX-License-Identifier: Apache-2.0
"""ISUP messages against tshark, field by field, and against hostile pointers and lengths."""

import pytest

from edge.decode import mtp3
from edge.decode.isup.message import IsupMessage, parse, parse_body
from edge.model.message import NO_FLOW
from edge.model.number import Nature, Presentation, Screening
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import (
    CAUSE_21,
    FROM_LONDON,
    ISUP_MESSAGES,
    TO_ASTANA,
    iam,
    isup,
    pointed,
)
from tests.vectors.e1.oracle import numbers, tshark

UNIT = Unit("tap", LinkType.MTP3, 0, b"")
LABEL = mtp3.Label(2057, 4114, 5, 5, 2)
OTHER_ACRONYMS = {"UBLA": "UBA", "UUI": "USR", "IDS": "IRS"}
"tshark's, and those of Q.762."
CALLED = ["isup.called", "isup.subsequent_number"]


def read(octets):
    return parse(UNIT, NO_FLOW, LABEL, octets)


def one(octets):
    [message] = read(octets)
    assert isinstance(message, IsupMessage)
    return message


def called_like(message):
    return [n for n in message.numbers if n.role in {"called", "redirection"}]


def others(message):
    return [n for n in message.numbers if n.role not in {"called", "redirection", "subsequent"}]


def by_role(role):
    return lambda message, _: [n.digits for n in message.numbers if n.role == role]


def inside(parameter, name=None, texts=None):
    """A field of a parameter as the number it has on the wire."""

    def value(_, fields):
        if parameter not in fields:
            return []
        found = fields[parameter][name] if name else fields[parameter]
        return [texts.index(found) if texts else int(found)]

    return value


REASONS = ["unknown", "user busy", "no reply", "unconditional"]
NUMERIC = {
    "mtp3.opc": lambda m, _: [m.circuit.label.opc],
    "mtp3.dpc": lambda m, _: [m.circuit.label.dpc],
    "mtp3.sls": lambda m, _: [m.circuit.label.sls],
    "mtp3.network_indicator": lambda m, _: [m.circuit.label.network],
    "isup.cic": lambda m, _: [m.circuit.cic],
    "isup.called_party_nature_of_address_indicator": lambda m, _: [
        n.nature_code for n in called_like(m)
    ],
    "isup.calling_party_nature_of_address_indicator": lambda m, _: [
        n.nature_code for n in others(m)
    ],
    "isup.address_presentation_restricted_indicator": lambda m, _: [
        list(Presentation).index(n.presentation) for n in others(m)
    ],
    "isup.inn_indicator": lambda m, _: [
        n.no_internal for n in m.numbers if n.role in {"called", "location"}
    ],
    "isup.ni_indicator": lambda m, _: [
        n.incomplete for n in m.numbers if n.role in {"calling", "generic"}
    ],
    "isup.numbering_plan_indicator": lambda m, _: [
        n.plan for n in m.numbers if n.role != "subsequent"
    ],
    "isup.screening_indicator": lambda m, _: [
        list(Screening).index(n.screening) - 1
        for n in m.numbers
        if n.role in {"calling", "location", "connected"}
    ],
    "isup.number_qualifier_indicator": lambda m, _: [
        n.qualifier for n in m.numbers if n.role == "generic"
    ],
    "isup.satellite_indicator": inside("nature_of_connection", "satellites"),
    "isup.continuity_check_indicator": inside(
        "nature_of_connection", "continuity_check", ["not required", "required"]
    ),
    "isup.echo_control_device_indicator": inside("nature_of_connection", "echo_control"),
    "isup.forw_call_natnl_inatnl_call_indicator": inside("forward_call", "international"),
    "isup.forw_call_interworking_indicator": inside("forward_call", "interworking"),
    "isup.forw_call_isdn_user_part_indicator": inside("forward_call", "isup_all_the_way"),
    "isup.forw_call_preferences_indicator": inside(
        "forward_call", "isup_preference", ["preferred", "not required"]
    ),
    "isup.forw_call_isdn_access_indicator": inside("forward_call", "isdn_access"),
    "isup.forw_call_ported_num_trans_indicator": inside("forward_call", "number_translated"),
    "isup.calling_partys_category": inside("calling_category", "code"),
    "isup.transmission_medium_requirement": inside(
        "transmission_medium", None, ["speech", None, None, "3.1 kHz audio"]
    ),
    "isup.charge_indicator": inside("backward_call", "charge", [None, "no charge", "charge"]),
    "isup.called_partys_status_indicator": inside(
        "backward_call", "status", ["no indication", "subscriber free"]
    ),
    "isup.called_partys_category_indicator": inside(
        "backward_call", "category", ["no indication", "ordinary subscriber"]
    ),
    "isup.backw_call_isdn_user_part_indicator": inside("backward_call", "isup_all_the_way"),
    "isup.backw_call_isdn_access_indicator": inside("backward_call", "isdn_access"),
    "isup.inband_information_ind": inside("optional_backward_call", "in_band"),
    "isup.connected_line_identity_request_ind": inside(
        "optional_forward_call", "connected_line_requested"
    ),
    "isup.cause_indicator": lambda m, _: [m.cause.value] if m.cause else [],
    "q931.cause_location": lambda m, _: [m.cause.location] if m.cause else [],
    "isup.event_ind": inside(
        "event", "event", [None, "alerting", "progress", "in-band information"]
    ),
    "isup.event_presentation_restr_ind": inside("event", "restricted"),
    "isup.redirecting_ind": inside("redirection", "indicator", [None, None, None, "diverted"]),
    "isup.original_redirection_reason": inside("redirection", "original_reason", REASONS),
    "isup.redirection_counter": inside("redirection", "count"),
    "isup.redirection_reason": inside("redirection", "reason", REASONS),
    "isup.hop_counter": inside("hop_counter"),
    "isup.propagation_delay_counter": inside("propagation_delay"),
    "isup.suspend_resume_indicator": inside("suspend_resume", None, ["subscriber", "network"]),
    "isup.cgs_message_type": inside(
        "group_supervision_type", None, ["maintenance", "hardware failure"]
    ),
    "isup.range_indicator": lambda _, fields: [
        fields["range_and_status"]["circuits"] for _ in range("range_and_status" in fields)
    ],
    "isup.notification_indicator": lambda _, fields: fields.get("notification", []),
    "isup.continuity_indicator": inside("continuity"),
    "isup.calling_party_address_request_indicator": inside("information_request", "calling_number"),
    "isup.calling_party_address_response_indicator": inside(
        "information", "calling_number", ["not included", "not available", None, "included"]
    ),
    "isup.calling_partys_category_response_indicator": inside("information", "calling_category"),
}
DIGITS = {
    "isup.calling": by_role("calling"),
    "isup.redirecting": by_role("redirecting"),
    "isup.original_called_number": by_role("original-called"),
    "isup.location_number": by_role("location"),
    "isup.generic_number": by_role("generic"),
    "isup.connected_number": by_role("connected"),
}


@pytest.mark.peer("tshark")
def test_every_message_is_what_tshark_reads():
    rows = tshark("mtp3.pcap", [*NUMERIC, *DIGITS, *CALLED, "_ws.col.Info"])
    assert len(rows) == len(ISUP_MESSAGES)
    for row, octets in zip(rows, ISUP_MESSAGES, strict=True):
        message = one(octets)
        fields = message.fields()
        acronym = row["_ws.col.Info"][0].split()[0]
        assert message.type == OTHER_ACRONYMS.get(acronym, acronym)
        for name, ours in NUMERIC.items():
            assert [int(v) for v in ours(message, fields)] == numbers(row[name]), (acronym, name)
        for name, ours in DIGITS.items():
            assert [d for d in ours(message, fields) if d] == row[name], (acronym, name)
        heard = "".join(row["isup.called"] + row["isup.subsequent_number"])
        assert message.called == heard.rstrip("F"), acronym


def test_an_iam_says_who_calls_whom_over_which_circuit():
    message = one(iam(TO_ASTANA, (0x0A, FROM_LONDON)))
    assert (message.proto, message.type, message.call) == ("isup", "IAM", "2057-4114-37")
    assert (message.calling, message.called) == ("442079460123", "7172000001")
    assert message.circuit.key() == (2, 2057, 4114, 37)
    calling, called = message.number("calling"), message.number("called")
    assert (calling.nature, calling.screening) == (Nature.INTERNATIONAL, Screening.NETWORK)
    assert (called.nature, called.ended) == (Nature.NATIONAL, True)


def test_both_directions_of_a_circuit_have_one_key():
    [there] = parse(UNIT, NO_FLOW, LABEL, isup(0x12))
    [back] = parse(UNIT, NO_FLOW, mtp3.Label(4114, 2057, 5, 5, 2), isup(0x12))
    assert there.circuit.key() == back.circuit.key()
    assert (there.call, back.call) == ("2057-4114-37", "4114-2057-37")


def test_every_identity_is_named_by_its_role():
    parties = one(ISUP_MESSAGES[1]).parties
    assert [(party.role, party.number.raw) for party in parties] == [
        ("called", "77172000001"),
        ("calling", "447700900123"),
        ("redirecting", "12025550123"),
        ("original-called", "7172000002"),
        ("location", "7172000003"),
        ("generic", "447700900456"),
    ]
    assert parties[1].presentation is Presentation.RESTRICTED


def test_an_iam_says_how_the_call_came():
    facts = one(ISUP_MESSAGES[1]).facts()
    assert (facts["opc"], facts["cic"], facts["hop_counter"]) == (2057, 37, 17)
    assert facts["forward_call"]["international"] is True
    assert facts["calling_category"]["text"] == "mobile, visited network"
    assert "calling_number" not in facts


def test_a_sip_body_has_no_circuit():
    tapped = Unit("mirror", LinkType.ETHERNET, 0, b"")
    [message] = parse_body(tapped, NO_FLOW, iam(TO_ASTANA, (0x0A, FROM_LONDON))[2:])
    assert (message.circuit, message.call) == (None, "mirror")
    assert (message.calling, message.called) == ("442079460123", "7172000001")


def test_the_release_of_a_sip_body_is_read():
    [message] = parse_body(UNIT, NO_FLOW, bytes.fromhex("0c0200 02 839f".replace(" ", "")))
    assert (message.type, message.cause.value, message.cause.location) == ("REL", 31, 3)


def test_parameters_that_nobody_named_and_repeated_ones_are_shown():
    fields = one(iam(TO_ASTANA, (0xF2, b"\1\2"), (0x3D, b"\1"), (0x3D, b"\2"))).fields()
    assert fields["parameter_f2"] == "0102"
    assert fields["hop_counter"] == [1, 2]


def test_a_release_names_cause_and_place():
    cause = one(isup(0x0C, pointed([CAUSE_21]))).cause
    assert (cause.value, cause.location) == (21, 2)
