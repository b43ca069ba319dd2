# SPDX-License-Identifier: Apache-2.0
"""Messages in two segments, and the users that are not ISUP."""

import pytest

from edge.decode import mtp3
from edge.decode.isup.segment import MAX_BEGUN, Reader
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import FROM_LONDON, TO_ASTANA, iam, isup, number, pointed

LABEL = mtp3.Label(2057, 4114, 5, 5, 2)
FIRST = iam(TO_ASTANA, (0x0A, FROM_LONDON), (0x08, b"\x04"))
SECOND = isup(0x38, pointed([], ((0xC0, number("447700900456", 4, 0x13, qualifier=6)),)))
SECOND_S = 1_000_000_000


def read(reader, octets, at=0, label=LABEL):
    unit = Unit("tap", LinkType.MTP3, at, b"")
    [message] = reader.read(unit, NO_FLOW, mtp3.Transfer(label, octets))
    return message


def test_the_first_segment_does_not_wait():
    message = read(Reader(), FIRST)
    assert (message.type, message.calling, message.called) == ("IAM", "442079460123", "7172000001")


def test_the_second_brings_the_parameters_of_both():
    reader = Reader()
    read(reader, FIRST)
    message = read(reader, SECOND, 1 * SECOND_S)
    assert (message.type, message.called) == ("SGM", "7172000001")
    assert [party.role for party in message.parties] == ["called", "calling", "generic"]
    assert reader.counts == {"segments_joined": 1, "segments_alone": 0}


@pytest.mark.parametrize(
    ("first", "at", "label"),
    [
        pytest.param(FIRST, 5 * SECOND_S, LABEL, id="after T34"),
        pytest.param(FIRST, 0, mtp3.Label(1, 2, 5, 5, 2), id="other circuit"),
        pytest.param(iam(TO_ASTANA), 0, LABEL, id="not announced"),
    ],
)
def test_a_second_segment_on_its_own_stays_so(first, at, label):
    reader = Reader()
    read(reader, first)
    assert read(reader, SECOND, at, label).called == ""
    assert reader.counts == {"segments_joined": 0, "segments_alone": 1}


def test_first_segments_are_bounded():
    reader = Reader()
    for opc in range(2 * MAX_BEGUN):
        read(reader, FIRST, label=mtp3.Label(opc, 1, 5, 5, 2))
    assert len(reader._begun) == MAX_BEGUN


def test_another_user_is_named_not_opened():
    message = read(Reader(), b"\x14\x00", label=mtp3.Label(1, 2, 0, 0, 2))
    assert (message.proto, message.type) == ("mtp3", "TFP")
    assert message.fields() == {"opc": 1, "dpc": 2, "sls": 0, "ni": 2}
