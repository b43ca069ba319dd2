# SPDX-License-Identifier: Apache-2.0
"""The narrowest rule that fits names the trunk."""

from ipaddress import ip_network

import pytest

from edge.call import trunks
from edge.call.trunks import TrunkRule, Trunks
from edge.decode.isup.message import Circuit
from edge.decode.mtp3 import Label
from edge.model.event import UNKNOWN_TRUNK, Trunk, TrunkClass
from edge.model.message import NO_FLOW, Flow
from edge.model.unit import Unit

WORLD, PEER, SIX = (Trunk(name, TrunkClass.INTERNATIONAL) for name in ("world", "peer", "six"))
RULES = [
    TrunkRule(WORLD, frozenset({"t1"})),
    TrunkRule(PEER, frozenset(), (ip_network("198.51.100.0/24"), ip_network("203.0.113.7/32"))),
    TrunkRule(SIX, frozenset(), (ip_network("2001:db8::/32"),)),
]
V6 = bytes.fromhex("20010db8") + bytes(12)


@pytest.mark.parametrize(
    ("tap", "source", "trunk"),
    [
        ("t1", bytes([198, 51, 100, 9]), PEER),
        ("t2", bytes([203, 0, 113, 7]), PEER),
        ("t2", bytes([203, 0, 113, 8]), UNKNOWN_TRUNK),
        ("t1", bytes([203, 0, 113, 8]), WORLD),
        ("t2", V6, SIX),
        ("t1", b"", WORLD),
        ("t2", b"", UNKNOWN_TRUNK),
    ],
)
def test_of(tap: str, source: bytes, trunk: Trunk) -> None:
    table = Trunks(RULES)
    flow = Flow(source, source, 5060, 5060, "udp") if source else NO_FLOW
    for _ in range(2):
        assert table.of(Unit(tap, 1, 0, b""), flow) is trunk


def test_remembers_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunks, "MAX_REMEMBERED", 2)
    table = Trunks(RULES)
    for last in range(5):
        flow = Flow(bytes([198, 51, 100, last]), b"", 1, 2, "udp")
        assert table.of(Unit("t2", 1, 0, b""), flow) is PEER
    assert len(table._known) == 2


A, B, LONG, PART, ONE, CHANNEL, ALL = (
    Trunk(name, TrunkClass.NATIONAL) for name in ("a", "b", "long", "part", "one", "ch", "all")
)
CIRCUITS = [
    TrunkRule(ALL, frozenset({"t1"})),
    TrunkRule(A, opc=frozenset({100, 101})),
    TrunkRule(B, opc=frozenset({200}), dpc=frozenset({100})),
    TrunkRule(LONG, opc=frozenset({200}), dpc=frozenset({100}), cics=((1, 31), (33, 63))),
    TrunkRule(PART, opc=frozenset({200}), dpc=frozenset({100}), cics=((1, 15),)),
    TrunkRule(ONE, opc=frozenset({200}), dpc=frozenset({100}), cics=((7, 7),)),
    TrunkRule(CHANNEL, frozenset({"t1"}), channels=frozenset({"1:16", "2:16"})),
]


@pytest.mark.parametrize(
    ("tap", "opc", "dpc", "cic", "trunk"),
    [
        ("t2", 100, 200, 5, A),
        ("t2", 101, 7, 4000, A),
        ("t2", 200, 100, 32, B),
        ("t2", 200, 100, 40, LONG),
        ("t2", 200, 100, 5, PART),
        ("t2", 200, 100, 7, ONE),
        ("t2", 200, 300, 7, UNKNOWN_TRUNK),
        ("t1", 200, 300, 7, ALL),
    ],
)
def test_of_circuit(tap: str, opc: int, dpc: int, cic: int, trunk: Trunk) -> None:
    table = Trunks(CIRCUITS)
    circuit = Circuit(Label(opc, dpc, cic & 15, 5, 2), cic)
    for _ in range(2):
        assert table.of_circuit(Unit(tap, 140, 0, b""), NO_FLOW, circuit) is trunk


@pytest.mark.parametrize(
    ("tap", "channel", "trunk"),
    [("t1", "2:16", CHANNEL), ("t1", "3:16", ALL), ("t2", "2:16", UNKNOWN_TRUNK)],
)
def test_of_channel(tap: str, channel: str, trunk: Trunk) -> None:
    unit = Unit(tap, 203, 0, b"", channel=channel)
    assert Trunks(CIRCUITS).of_channel(unit, NO_FLOW) is trunk


def test_a_rule_of_circuits_is_none_for_sip() -> None:
    flow = Flow(b"\xc0\0\2\1", b"", 1, 2, "udp")
    assert Trunks(CIRCUITS).of(Unit("t1", 1, 0, b""), flow) is ALL
    assert Trunks(CIRCUITS).of(Unit("t2", 1, 0, b""), flow) is UNKNOWN_TRUNK


def test_circuits_over_ip_are_known_by_peer_too() -> None:
    rules = [*CIRCUITS, TrunkRule(PEER, frozenset(), (ip_network("198.51.100.0/24"),))]
    flow = Flow(bytes([198, 51, 100, 9]), b"", 2905, 2905, "sctp")
    circuit = Circuit(Label(300, 400, 1, 5, 2), 1)
    assert Trunks(rules).of_circuit(Unit("t1", 1, 0, b""), flow, circuit) is PEER
