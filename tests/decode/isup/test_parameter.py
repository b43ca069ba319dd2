# SPDX-License-Identifier: Apache-2.0
"""Contents of parameters; what tshark reads of the same is compared in `test_message`."""

import pytest

from edge.decode.cursor import Short
from edge.decode.isup.message import parse
from edge.decode.isup.parameter import READERS, show
from edge.decode.mtp3 import Label
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import TO_ASTANA, iam, isup, pointed

UNIT = Unit("tap", LinkType.MTP3, 0, b"")
LABEL = Label(2057, 4114, 5, 5, 2)


def read(octets):
    return parse(UNIT, NO_FLOW, LABEL, octets)


def one(octets):
    [message] = read(octets)
    return message


@pytest.mark.parametrize(
    ("category", "text"),
    [
        pytest.param(0x0A, "ordinary subscriber", id="Q.763"),
        pytest.param(0xE1, "hotel subscriber (ISUP-R)", id="hotel"),
        pytest.param(0xE4, "local subscriber (ISUP-R)", id="local"),
        pytest.param(0xF3, "semi-automatic call, category II (ISUP-R)", id="semi-automatic"),
        pytest.param(0x80, "", id="spare"),
    ],
)
def test_the_category_of_the_caller_is_named_the_russian_profile_included(category, text):
    message = one(iam(TO_ASTANA, cpc=category))
    assert message.fields()["calling_category"] == {"code": category, "text": text}


def test_a_parameter_with_bad_content_is_shown_as_it_is():
    message = one(isup(0x0C, pointed([b"\x80"])))
    assert message.cause is None
    assert message.fields()["cause"] == {"malformed": "80"}


@pytest.mark.parametrize(
    ("code", "octets", "shown"),
    [
        pytest.param(0x3D, "1f", 31, id="hop counter"),
        pytest.param(0x31, "012c", 300, id="propagation delay"),
        pytest.param(
            0x13,
            "30",
            {"indicator": "no redirection", "original_reason": "unconditional"},
            id="redirection, old",
        ),
        pytest.param(0x16, "0301", {"circuits": 4, "status": "01"}, id="range and status"),
        pytest.param(0x36, "0a", {"notification": 2, "reason": "user busy"}, id="diversion"),
        pytest.param(
            0xC1, "211002", {"type": 1, "scheme": 1, "digits": "012"}, id="generic digits"
        ),
        pytest.param(0x78, "0580", "0580", id="no reader"),
    ],
)
def test_contents(code, octets, shown):
    assert show(code, bytes.fromhex(octets)) == shown


@pytest.mark.parametrize("code", set(READERS) - {0x2C})
def test_a_parameter_that_ends_early_is_short(code):
    with pytest.raises(Short):
        show(code, b"")
