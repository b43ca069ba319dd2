# SPDX-License-Identifier: Apache-2.0
"""Elements, shifts, and hostile lengths (Q.931 section 4.5)."""

import pytest

from edge.decode.q931.segment import Reader
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import element, q931

UNIT = Unit("tap", LinkType.LAPD, 0, b"", channel="1:16")


def read(octets):
    return Reader().read(UNIT, NO_FLOW, "tap/1:16", "network", octets)


def setup(*elements):
    [message] = read(q931(0x05, *elements))
    return message


def test_a_locking_shift_lasts_and_another_one_only_once():
    once = setup(b"\x9e", element(0x70, b"\x8198"), element(0x70, b"\x8112"))
    lasting = setup(b"\x96", element(0x70, b"\x8198"), element(0x70, b"\x8112"))
    back = setup(b"\x96", element(0x70, b"\x8198"), b"\x98", element(0x70, b"\x8112"))
    assert (once.called, lasting.called, back.called) == ("12", "", "12")
    assert once.fields()["element_6_70"] == b"\x8198".hex()


def test_single_octet_elements():
    fields = setup(b"\xa0\xa1\xb3\xd1").fields()
    assert fields["more_data"] is True
    assert fields["sending_complete"] is True
    assert (fields["congestion_level"], fields["repeat_indicator"]) == (3, 1)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        pytest.param(b"\x6c\xff\x21\x83", "255 octets wanted, 2 left", id="length 255"),
        pytest.param(b"\x6c\x00", "1 octets wanted, 0 left", id="length 0"),
        pytest.param(b"\x6c\x01\x21", "1 octets wanted, 0 left", id="octet 3a missing"),
        pytest.param(b"\x6c", "1 octets wanted, 0 left", id="no length"),
        pytest.param(b"\xa1" * 65, "more than 64 elements", id="endless"),
    ],
)
def test_a_broken_element_leaves_the_call_and_the_evidence(part, why):
    message, malformed = read(q931(0x05, element(0x70, b"\x817172000001"), part))
    assert (message.type, message.called) == ("SETUP", "7172000001")
    assert (malformed.layer, malformed.why) == ("q931", why)
