# SPDX-License-Identifier: Apache-2.0
"""Q.931 messages against tshark, field by field, and against hostile lengths."""

import pytest

from edge.decode.q931.message import Q931Message
from edge.decode.q931.segment import Reader
from edge.model.message import NO_FLOW, Malformed
from edge.model.number import Presentation, Screening
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import Q931_MESSAGES, q931
from tests.vectors.e1.oracle import numbers, tshark

UNIT = Unit("tap", LinkType.LAPD, 0, b"", channel="1:16")


def read(octets, side="network"):
    return Reader().read(UNIT, NO_FLOW, "tap/1:16", side, octets)


def one(octets):
    [message] = read(octets)
    assert isinstance(message, Q931Message)
    return message


def setup(*elements):
    return one(q931(0x05, *elements))


def by_role(role):
    return lambda m, _: [n.digits for n in m.numbers if n.role == role]


def inside(name, key=None, texts=None):
    def value(_, fields):
        if name not in fields:
            return []
        found = fields[name][key] if key else fields[name]
        return [texts[found] if texts else int(found)]

    return value


def screened(message):
    return [n for n in message.numbers if n.screening is not Screening.UNKNOWN]


NUMERIC = {
    "q931.call_ref_flag": lambda m, _: [m.reference.flag],
    "q931.number_type": lambda m, _: [n.nature_code for n in m.numbers],
    "q931.numbering_plan": lambda m, _: [n.plan for n in m.numbers],
    "q931.presentation_ind": lambda m, _: [
        list(Presentation).index(n.presentation) for n in screened(m)
    ],
    "q931.screening_ind": lambda m, _: [
        list(Screening).index(n.screening) - 1 for n in screened(m)
    ],
    "q931.cause_value": lambda m, _: [m.cause.value] if m.cause else [],
    "q931.channel.number": lambda m, _: list(m.channel.channels) if m.channel else [],
    "q931.channel.exclusive": lambda m, _: [m.channel.exclusive] if m.channel else [],
    "q931.channel.interface_type": lambda m, _: [m.channel.primary] if m.channel else [],
    "q931.channel.dchan": lambda m, _: [m.channel.d_channel] if m.channel else [],
    "q931.call_state": inside("call_state"),
    "q931.restart_indicator": inside("restart_indicator", None, {"indicated channels": 0}),
    "q932.nd": inside("notification", None, {"user suspended": 0}),  # codespell:ignore nd
    "q931.progress_indicator.description": inside(
        "progress", "description", {"in-band information": 8, "not end-to-end ISDN": 1}
    ),
    "q931.information_transfer_capability": inside(
        "bearer_capability", "transfer", {"speech": 0, "3.1 kHz audio": 16}
    ),
    "q931.uil1": inside("bearer_capability", "layer_1", {"G.711 A-law": 3}),
}
TEXT = {
    "q931.calling_party_number.digits": by_role("calling"),
    "q931.called_party_number.digits": by_role("called"),
    "q931.redirecting_number.digits": by_role("redirecting"),
    "q931.display_information": lambda _, f: [f["display"]] if "display" in f else [],
    "q931.keypad_facility": lambda _, f: [f["keypad"]] if "keypad" in f else [],
    "q931.call_ref": lambda m, _: [f"{m.reference.value:04x}"],
    "_ws.col.Info": lambda m, _: [m.type],
}


@pytest.mark.peer("tshark")
def test_every_message_is_what_tshark_reads():
    rows = tshark("lapd.pcap", [*NUMERIC, *TEXT, "lapd.control.ftype"])
    rows = [row for row in rows if row["lapd.control.ftype"] == ["0x0000"]]
    assert len(rows) == len(Q931_MESSAGES)
    for row, (_, octets) in zip(rows, Q931_MESSAGES, strict=True):
        message = one(octets)
        fields = message.fields()
        for name, ours in NUMERIC.items():
            assert [int(v) for v in ours(message, fields)] == numbers(row[name]), (fields, name)
        row["_ws.col.Info"] = row["_ws.col.Info"][-1:]
        for name, ours in TEXT.items():
            assert ours(message, fields) == [v.replace(":", "").strip() for v in row[name]], name


def test_a_setup_says_who_calls_whom_on_which_channel():
    message = one(Q931_MESSAGES[0][1])
    assert (message.proto, message.type, message.call) == ("q931", "SETUP", "tap/1:16/5")
    assert (message.calling, message.called) == ("447700900123", "7172000001")
    assert message.is_complete
    assert message.channel.channels == (3,)
    assert [party.role for party in message.parties] == ["calling", "called"]


def test_a_setup_says_how_the_call_came():
    facts = one(Q931_MESSAGES[0][1]).facts()
    assert set(facts) == {"side", "bearer_capability", "channel", "sending_complete"}
    assert facts["channel"]["channels"] == [3]


def test_each_side_numbers_its_own_calls():
    [asked] = read(q931(0x05), side="network")
    [answered] = read(q931(0x02, flag=1), side="user")
    [other] = read(q931(0x05), side="user")
    assert asked.reference.key() == answered.reference.key() == ("tap/1:16", "network", 5)
    assert other.reference.key() == ("tap/1:16", "user", 5)


@pytest.mark.parametrize(
    ("head", "reference"),
    [
        pytest.param("0800", (0, 0), id="dummy"),
        pytest.param("080103", (0, 3), id="basic access"),
        pytest.param("080183", (1, 3), id="basic access, flag"),
        pytest.param("08020105", (0, 261), id="primary access"),
        pytest.param("0802ffff", (1, 32767), id="highest"),
    ],
)
def test_call_references_of_every_length(head, reference):
    message = one(bytes.fromhex(head + "05"))
    assert (message.reference.flag, message.reference.value) == reference


def test_both_calling_numbers_are_kept_and_the_first_is_shown():
    message = one(Q931_MESSAGES[13][1])
    heard = [(n.digits, n.screening) for n in message.numbers if n.role == "calling"]
    assert heard == [
        ("447700900123", Screening.NETWORK),
        ("442079460123", Screening.USER_PASSED),
    ]
    assert message.calling == "447700900123"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "1 octets wanted, 0 left", id="empty"),
        pytest.param(b"\x43\x02\0\1\5", "protocol discriminator is not Q.931", id="other"),
        pytest.param(b"\x08\x0f\0\1\5", "15 octets wanted, 3 left", id="reference of 15"),
        pytest.param(b"\x08\x02\0\1", "1 octets wanted, 0 left", id="no type"),
        pytest.param(b"\x08\x02\0\1\xee", "unknown message type ee", id="unknown type"),
    ],
)
def test_a_broken_header_is_malformed(octets, why):
    [malformed] = read(octets)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why, malformed.unit) == ("q931", why, UNIT)
