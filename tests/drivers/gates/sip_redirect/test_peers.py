# SPDX-License-Identifier: Apache-2.0
"""Who may ask."""

from ipaddress import ip_network

import pytest

from drivers.gates.sip_redirect.peers import Peers
from drivers.gates.sip_redirect.wire import Peer

PEERS = Peers([ip_network("192.0.2.0/28"), ip_network("2001:db8::/64")])


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.15", Peer("192.0.2.15", 5060, bytes((192, 0, 2, 15)))),
        ("192.0.2.16", None),
        ("2001:db8::1", Peer("2001:db8::1", 5060, bytes.fromhex("20010db8" + "00" * 11 + "01"))),
        ("2001:db8:0:1::1", None),
        ("fe80::1%lo", None),
    ],
)
def test_a_network_makes_a_peer(host: str, peer: Peer | None) -> None:
    assert PEERS.at(host, 5060) == peer
