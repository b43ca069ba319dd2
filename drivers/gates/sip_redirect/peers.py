# SPDX-License-Identifier: Apache-2.0
"""The switches that may ask: networks, and nobody else."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from drivers.gates.sip_redirect.wire import Peer

Network = IPv4Network | IPv6Network


class Peers:
    """Tells peers from strangers."""

    def __init__(self, networks: Sequence[Network]) -> None:
        """Take the networks that peers are in."""
        self._networks = tuple(networks)

    def at(self, host: str, port: int) -> Peer | None:
        """Return the peer that sent from an address; None for a stranger."""
        address = ip_address(host.partition("%")[0])
        known = any(address in network for network in self._networks)
        return Peer(str(address), port, address.packed) if known else None
