# SPDX-License-Identifier: Apache-2.0
"""What all layers have in common: each is asked, whatever file it stands in."""

import pytest
from hypothesis import given, strategies as st

from edge.decode.chain import LAYERS
from edge.decode.cursor import Cursor, Short, Unreadable
from edge.decode.walk import Key, Layer, Walk
from edge.model.unit import Unit

REGISTRIES = {"link", "ether", "ip", "ppp", "udp"}
OTHERS = {"family", "hep", "llc", "pptp", "sctp", "tcp"}
"Registries none of whose members we open further."


def opened(layer: Layer, octets: bytes) -> tuple[Walk, Key | Unreadable]:
    walk = Walk(Unit("north", 1, 0, octets), Cursor(octets))
    try:
        return walk, layer.open(walk)
    except Unreadable as lie:
        return walk, lie


@pytest.mark.parametrize("key", LAYERS, ids=lambda key: f"{key[0]}-{int(key[1])}")
def test_nothing_is_too_short_for_a_layer_or_is_no_tunnel(key: Key) -> None:
    layer = LAYERS[key]
    assert key[0] in REGISTRIES
    _, outcome = opened(layer, b"")
    assert isinstance(outcome, Short) or (key[0], outcome) == ("udp", ("udp", 0))


@given(st.sampled_from(list(LAYERS.values())), st.binary(max_size=80))
def test_a_layer_never_widens_what_it_was_given(layer: Layer, octets: bytes) -> None:
    walk, outcome = opened(layer, octets)
    assert 0 <= walk.cursor.offset <= walk.cursor.end <= len(octets)
    if isinstance(outcome, Unreadable):
        assert 0 <= outcome.offset <= len(octets)
    else:
        assert outcome[0] in REGISTRIES | OTHERS
        assert outcome[1] >= 0
