# SPDX-License-Identifier: Apache-2.0
"""Which configured trunk a message came in on."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import msgspec

from edge.model.event import UNKNOWN_TRUNK, Trunk
from edge.model.message import Flow
from edge.model.unit import Unit

MAX_REMEMBERED = 65_536
"Sources remembered; more than any trunk has peers, few enough to be no way to fill the memory."


class TrunkRule(msgspec.Struct, frozen=True):
    """What makes a message belong to a trunk; an empty field accepts all."""

    trunk: Trunk
    taps: frozenset[str] = frozenset()
    peers: tuple[IPv4Network | IPv6Network, ...] = ()
    "Networks that calls come from."

    def width(self, unit: Unit, flow: Flow) -> int:
        """Return how exactly the rule fits, in prefix bits; -1 if it does not."""
        if self.taps and unit.tap not in self.taps:
            return -1
        if not self.peers:
            return 0
        if not flow.source:
            return -1
        source = ip_address(flow.source)
        return max((n.prefixlen for n in self.peers if source in n), default=-1)


class Trunks:
    """Finds the trunk of a message: the rule with the narrowest peer network wins."""

    def __init__(self, rules: Sequence[TrunkRule]) -> None:
        """Take the configured rules; among equally narrow ones the first counts."""
        self._rules = tuple(rules)
        self._known: dict[tuple[str, bytes], Trunk] = {}

    def of(self, unit: Unit, flow: Flow) -> Trunk:
        """Return the trunk, or `UNKNOWN_TRUNK` if no rule fits."""
        key = (unit.tap, flow.source)
        trunk = self._known.get(key)
        if trunk is None:
            trunk = self._search(unit, flow)
            if len(self._known) < MAX_REMEMBERED:
                self._known[key] = trunk
        return trunk

    def _search(self, unit: Unit, flow: Flow) -> Trunk:
        best, width = UNKNOWN_TRUNK, -1
        for rule in self._rules:
            fits = rule.width(unit, flow)
            if fits > width:
                best, width = rule.trunk, fits
        return best
