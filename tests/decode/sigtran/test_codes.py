# SPDX-License-Identifier: Apache-2.0
"""The tables of names."""

from edge.decode.sigtran.codes import OWN, PORTS, PROTOCOLS, SHARED


def test_every_layer_has_its_messages():
    assert set(PROTOCOLS.values()) == set(PORTS.values()) == set(OWN)


def test_no_message_of_a_layer_is_named_twice():
    for proto, own in OWN.items():
        names = [*own.values(), *SHARED.values()]
        assert len(set(names)) == len(names), proto
        assert not own.keys() & SHARED.keys()
