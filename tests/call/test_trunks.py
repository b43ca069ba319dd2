# SPDX-License-Identifier: Apache-2.0
"""The narrowest rule that fits names the trunk."""

from ipaddress import ip_network

import pytest

from edge.call import trunks
from edge.call.trunks import TrunkRule, Trunks
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
