# SPDX-License-Identifier: Apache-2.0
"""Hostile and careless pointers and lengths (Q.763 sections 1.4 to 1.8)."""

import pytest

from edge.decode.isup.message import parse
from edge.decode.mtp3 import Label
from edge.model.message import NO_FLOW, Malformed
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import FROM_LONDON, TO_ASTANA, iam, isup

UNIT = Unit("tap", LinkType.MTP3, 0, b"")
LABEL = Label(2057, 4114, 5, 5, 2)


def read(octets):
    return parse(UNIT, NO_FLOW, LABEL, octets)


def one(octets):
    [message] = read(octets)
    return message


def test_a_subsequent_number_may_come_without_pointer_to_the_optional_part():
    message = one(isup(0x02, b"\x01\x03\x80\x10\x02"))
    assert (message.type, message.called) == ("SAM", "012")


WHOLE = iam(TO_ASTANA, (0x0A, FROM_LONDON))
MANDATORY = [
    pytest.param(b"", "2 octets wanted, 0 left", id="empty"),
    pytest.param(WHOLE[:2], "1 octets wanted, 0 left", id="no type"),
    pytest.param(isup(0xEE), "unknown message type ee", id="unknown type"),
    pytest.param(WHOLE[:7], "1 octets wanted, 0 left", id="cut in the fixed part"),
    pytest.param(iam(b"")[:8] + b"\0\0", "pointer 0 to a mandatory parameter", id="pointer 0"),
    pytest.param(WHOLE[:8] + b"\xff\0", "254 octets wanted, 1 left", id="pointer past the end"),
    pytest.param(WHOLE[:10] + b"\xff" + bytes(9), "255 octets wanted, 9 left", id="length 255"),
    pytest.param(isup(0x0C, b"\2\0\xff\x80\x90"), "255 octets wanted, 2 left", id="cause"),
]


@pytest.mark.parametrize(("octets", "why"), MANDATORY)
def test_a_broken_mandatory_part_is_malformed(octets, why):
    [malformed] = read(octets)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why, malformed.unit) == ("isup", why, UNIT)
    assert 0 <= malformed.offset <= len(octets)


OPTIONAL = [
    pytest.param(b"\x0a\xff\x04\x13", "255 octets wanted, 2 left", id="length 255"),
    pytest.param(b"\x0a\x00\x00", "1 octets wanted, 0 left", id="length 0"),
    pytest.param(b"\x0a\x01\x04\x00", "1 octets wanted, 0 left", id="length 1"),
    pytest.param(b"\x0a", "1 octets wanted, 0 left", id="no length"),
    pytest.param(b"\x3d\x01\x01" * 65, "more than 64 optional parameters", id="endless"),
]


@pytest.mark.parametrize(("part", "why"), OPTIONAL)
def test_a_broken_optional_part_leaves_the_call_and_the_evidence(part, why):
    octets = iam(TO_ASTANA, (0x3D, b"\1"))
    message, malformed = read(octets[: -len(b"\x3d\1\1\0")] + part)
    assert (message.type, message.called) == ("IAM", "7172000001")
    assert (malformed.layer, malformed.why) == ("isup", why)


@pytest.mark.parametrize("distance", [100, 255])
def test_an_optional_part_beyond_the_end_leaves_the_call_and_the_evidence(distance):
    octets = bytearray(iam(TO_ASTANA))
    octets[9] = distance
    message, malformed = read(bytes(octets))
    assert message.called == "7172000001"
    assert malformed.why.startswith(f"{distance - 1} octets wanted")


def test_a_missing_end_mark_is_forgiven():
    assert one(iam(TO_ASTANA, (0x0A, FROM_LONDON))[:-1]).calling == "442079460123"
