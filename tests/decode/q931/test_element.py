# SPDX-License-Identifier: Apache-2.0
"""Contents of elements; what tshark reads of the same is compared in `test_message`."""

import pytest

from edge.decode.q931.element import show
from edge.decode.q931.segment import Reader
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import element, q931

UNIT = Unit("tap", LinkType.LAPD, 0, b"", channel="1:16")

AUDIO = {"transfer": "3.1 kHz audio", "mode": "circuit", "rate": 16}
REJECTED = {"value": 21, "text": "call rejected"}


def read(octets):
    return Reader().read(UNIT, NO_FLOW, "tap/1:16", "network", octets)


def setup(*elements):
    [message] = read(q931(0x05, *elements))
    return message


@pytest.mark.parametrize(
    ("body", "channels"),
    [
        pytest.param("a98393", (19,), id="one"),
        pytest.param("a1838182", None, id="list, first not last"),
        pytest.param("a9930001c002", (1, 14, 15, 16), id="map"),
        pytest.param("89", (1,), id="basic access, B1"),
        pytest.param("e980 8393".replace(" ", ""), (19,), id="another interface"),
        pytest.param("ac", (), id="D channel only"),
    ],
)
def test_channels(body, channels):
    found = setup(element(0x18, bytes.fromhex(body))).channel.channels
    assert found == ((1, 2) if channels is None else channels)


@pytest.mark.parametrize("charset", [b"", b"\xb1"])
def test_a_display_may_begin_with_a_character_set(charset):
    assert setup(element(0x28, charset + b"Astana")).fields()["display"] == "Astana"


@pytest.mark.parametrize(
    ("code", "content", "shown"),
    [
        pytest.param(
            0x04,
            "9090a3",
            {"transfer": "3.1 kHz audio", "mode": "circuit", "rate": 16, "layer_1": "G.711 A-law"},
            id="bearer",
        ),
        pytest.param(
            0x04,
            "8890",
            {"transfer": "unrestricted digital", "mode": "circuit", "rate": 16},
            id="no layer",
        ),
        pytest.param(
            0x08,
            "828e",
            {"value": 14, "text": "", "location": "public network, local user"},
            id="cause",
        ),
        pytest.param(0x79, "87", "all interfaces", id="restart"),
        pytest.param(0x7E, "0441", "0441", id="no reader"),
    ],
)
def test_contents(code, content, shown):
    assert show(code, bytes.fromhex(content)) == shown


@pytest.mark.parametrize("code", [0x04, 0x08, 0x14, 0x18, 0x1E, 0x27, 0x34, 0x79])
def test_an_element_that_ends_early_is_shown_as_it_is(code):
    [name] = set(setup(element(code, b"")).fields()) - {"cr", "cr_flag", "side"}
    assert setup(element(code, b"")).fields()[name] == {"malformed": ""}
