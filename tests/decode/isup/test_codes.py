# SPDX-License-Identifier: Apache-2.0
"""The tables of names."""

import pytest

from edge.decode.isup.codes import MESSAGES, PARAMETERS
from edge.decode.isup.message import parse
from edge.decode.mtp3 import Label
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import isup

UNIT = Unit("tap", LinkType.MTP3, 0, b"")
LABEL = Label(2057, 4114, 5, 5, 2)


def read(octets):
    return parse(UNIT, NO_FLOW, LABEL, octets)


def one(octets):
    [message] = read(octets)
    return message


@pytest.mark.parametrize("type_", [0xFC, 0xFF], ids=["CCL", "RNG"])
def test_the_messages_of_the_russian_profile_are_known(type_):
    assert one(isup(type_, b"\0")).type == MESSAGES[type_].name


def test_no_name_is_used_twice():
    names = [layout.name for layout in MESSAGES.values()]
    assert len(set(names)) == len(names)
    assert len(set(PARAMETERS.values())) == len(PARAMETERS)
