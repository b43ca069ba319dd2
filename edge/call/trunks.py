# SPDX-License-Identifier: Apache-2.0
"""Which configured trunk a message came in on.

A call of SIP is known by the network it comes from; one of ISUP by the exchange that seized the
circuit, the exchange it was offered to, and the circuit; one of Q.931 by the D channel.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import msgspec

from edge.decode.isup.message import Circuit
from edge.model.event import UNKNOWN_TRUNK, Trunk
from edge.model.message import Flow
from edge.model.unit import Unit

MAX_REMEMBERED = 65_536
"Sources remembered; more than any trunk has peers, few enough to be no way to fill the memory."

CODE_BITS, CIRCUIT_BITS = 14, 12
"Of a point code (Q.704 2.2) and a circuit identification code (Q.763 1.2)."

Circuits = tuple[tuple[int, int], ...]
"First and last of each range of circuits."


class TrunkRule(msgspec.Struct, frozen=True):
    """What makes a message belong to a trunk; an empty field accepts all."""

    trunk: Trunk
    taps: frozenset[str] = frozenset()
    peers: tuple[IPv4Network | IPv6Network, ...] = ()
    "Networks that calls come from."
    opc: frozenset[int] = frozenset()
    "Exchanges that calls come from, by point code."
    dpc: frozenset[int] = frozenset()
    "Exchanges that calls are offered to."
    cics: Circuits = ()
    channels: frozenset[str] = frozenset()
    "D channels, as in `Unit.channel`."
    not_at: frozenset[str] = frozenset()
    "Gates at which its switch does not ask: of those, an empty field does not accept all."

    def width(self, unit: Unit, flow: Flow) -> int:
        """Return how exactly the rule fits a message over IP, in prefix bits; -1 if not."""
        if self.opc or self.dpc or self.cics or self.channels:
            return -1
        return self._carrier(unit, flow)

    def width_on_circuit(self, unit: Unit, flow: Flow, circuit: Circuit) -> int:
        """Return how exactly the rule fits the first message on a circuit, in bits; -1 if not."""
        width = -1 if self.channels else self._carrier(unit, flow)
        if width < 0:
            return -1
        label = circuit.label
        for code, codes in ((label.opc, self.opc), (label.dpc, self.dpc)):
            if codes and code not in codes:
                return -1
            width += CODE_BITS * bool(codes)
        if not self.cics:
            return width
        sizes = [last - first for first, last in self.cics if first <= circuit.cic <= last]
        return width + CIRCUIT_BITS - min(sizes).bit_length() if sizes else -1

    def width_on_channel(self, unit: Unit, flow: Flow) -> int:
        """Return how exactly the rule fits a message on a D channel; -1 if it does not."""
        if self.opc or self.dpc or self.cics:
            return -1
        if self.channels and unit.channel not in self.channels:
            return -1
        width = self._carrier(unit, flow)
        return width if width < 0 else width + bool(self.channels)

    def _carrier(self, unit: Unit, flow: Flow) -> int:
        if unit.tap in self.not_at or (self.taps and unit.tap not in self.taps):
            return -1
        if not self.peers:
            return 0
        if not flow.source:
            return -1
        source = ip_address(flow.source)
        return max((n.prefixlen for n in self.peers if source in n), default=-1)


class Trunks:
    """Finds the trunk of a message: the rule that fits most exactly wins."""

    def __init__(self, rules: Sequence[TrunkRule]) -> None:
        """Take the configured rules; among equally narrow ones the first counts."""
        self._rules = tuple(rules)
        self._known: dict[object, Trunk] = {}

    def of(self, unit: Unit, flow: Flow) -> Trunk:
        """Return the trunk of an INVITE, or `UNKNOWN_TRUNK` if no rule fits."""
        key = (unit.tap, flow.source)
        return self._known.get(key) or self._search(key, lambda rule: rule.width(unit, flow))

    def of_circuit(self, unit: Unit, flow: Flow, circuit: Circuit) -> Trunk:
        """Return the trunk of an IAM, or `UNKNOWN_TRUNK` if no rule fits."""
        label = circuit.label
        key = (unit.tap, flow.source, label.opc, label.dpc, circuit.cic)
        return self._known.get(key) or self._search(
            key, lambda rule: rule.width_on_circuit(unit, flow, circuit)
        )

    def of_channel(self, unit: Unit, flow: Flow) -> Trunk:
        """Return the trunk of a SETUP, or `UNKNOWN_TRUNK` if no rule fits."""
        key = (unit.tap, flow.source, unit.channel)
        return self._known.get(key) or self._search(
            key, lambda rule: rule.width_on_channel(unit, flow)
        )

    def _search(self, key: object, width_of: Callable[[TrunkRule], int]) -> Trunk:
        best, width = UNKNOWN_TRUNK, -1
        for rule in self._rules:
            fits = width_of(rule)
            if fits > width:
                best, width = rule.trunk, fits
        if len(self._known) < MAX_REMEMBERED:
            self._known[key] = best
        return best
