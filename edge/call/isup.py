# SPDX-License-Identifier: Apache-2.0
"""ISUP messages -> call events (Q.764), bounded in memory, with time as an argument.

A call is found by its circuit and by who seized it, whichever side speaks and on whichever tap: the
two directions of a signalling link, and the links of a set, are often heard apart. Digits of a SAM
are part of the offer (see `edge.call.seizure`), never a second one. A calling number that only
comes on request (INF) or in a second segment (SGM) is too late for the verdict.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from edge.call.isup_table import TABLE, IsupSignal, IsupState
from edge.call.offer import Offers
from edge.call.seizure import Bounds, Rules, Said, Seizure, Seizures, content_of
from edge.call.trunks import Trunks
from edge.decode.isup.message import Circuit, IsupMessage
from edge.model.event import CallEvent
from edge.model.message import units_of

NS = 1_000_000_000
T5_NS = 300 * NS  # Q.764 table A.1: a REL is given up as unanswered
T10_NS = 4 * NS  # Q.764 table A.1: the address is taken as complete
T2_MTP_NS = 2 * NS
"Longest changeover of MTP level 3 (Q.704 16.8); what was sent just before may come again."

STATUS_FREE = 0x04
"Called party's status in the backward call indicators: subscriber free (Q.763 3.5 B)."
STATUS_MASK = 0x0C
EVENT_ALERTING = 1
HARDWARE_FAILURE = 1
"Circuit group supervision type: calls are to be cleared, not only barred (Q.763 3.13)."
BACKWARD_CALL, EVENT, GROUP_TYPE, RANGE_AND_STATUS = 0x11, 0x24, 0x15, 0x16

NOTHING: tuple[CallEvent, ...] = ()

RULES = Rules(
    table=TABLE,
    silence=IsupSignal.SILENCE,
    dialling=(IsupState.WAIT_FOR_ACM,),
    asked=frozenset(),
    stages={
        IsupState.WAIT_FOR_ANM: "proceeding",
        IsupState.PROGRESS: "progress",
        IsupState.ALERTING: "alerting",
    },
    talking=frozenset({IsupState.ANSWERED, IsupState.SUSPENDED}),
    clearing=frozenset({IsupState.WAIT_FOR_RLC}),
    digits_ns=T10_NS,
    clearing_ns=T5_NS,
)

Call = Seizure[IsupState, IsupMessage]
Key = tuple[int, int, int, int]
"Network, point code of the exchange that seized, that of the other, circuit."


class IsupCalls:
    """All circuits that are seized."""

    def __init__(self, trunks: Trunks, offers: Offers, bounds: Bounds) -> None:
        """Start with all circuits idle."""
        self.calls: Seizures[IsupState, IsupSignal, IsupMessage] = Seizures(RULES, offers, bounds)
        self._trunks = trunks
        self._handlers = {
            "IAM": self._seize,
            "SAM": self._dial,
            "ACM": self._backward,
            "CPG": self._backward,
            "CON": self._backward,
            "ANM": self._backward,
            "SUS": self._either,
            "RES": self._either,
            "REL": self._either,
            "RLC": self._either,
            "RSC": self._reset,
            "UCIC": self._reset,
            "GRS": self._reset_group,
            "CGB": self._block_group,
        }

    def feed(self, message: IsupMessage) -> Sequence[CallEvent]:
        """Follow one message; returns what happened to its circuit."""
        circuit = message.circuit
        if circuit is None:
            return NOTHING
        handler = self._handlers.get(message.type)
        if handler is not None:
            return handler(message, circuit)
        for call, _ in self._on(circuit):
            self.calls.touch(call, message.unit.at)  # COT, INR, INF ... show that it is alive
        return NOTHING

    def _seize(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        own, other = _keys(circuit)
        call, rival = self.calls.find(own), self.calls.find(other)
        if call and _repeats(call, message):
            self.calls.counts["repeated"] += 1
            return NOTHING
        events = self._lost_release(call, message)
        if rival and rival.state is not IsupState.WAIT_FOR_ACM:
            events += self._lost_release(rival, message)
        # Otherwise both exchanges seized it at once: both calls are decided, and the first
        # answer tells which of them has it (Q.764 2.9.1).
        trunk = self._trunks.of_circuit(message.unit, message.flow, circuit)
        return [*events, *self.calls.begin(own, message, trunk)]

    def _lost_release(self, call: Call | None, message: IsupMessage) -> list[CallEvent]:
        """End a call whose circuit is seized anew: its release was not heard."""
        if call is None:
            return []
        return self.calls.step(call, IsupSignal.RESET, Said(message.unit.at, "IAM", "us"))

    def _dial(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        call = self.calls.find(_keys(circuit)[0])
        if call is None or call.state is not IsupState.WAIT_FOR_ACM:
            self.calls.counts["unexpected" if call else "untracked"] += 1
            return NOTHING
        return self.calls.dial(call, message)

    def _backward(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        """Follow what only the called side says."""
        own, other = _keys(circuit)
        call, rival = self.calls.find(other), self.calls.find(own)
        if call is None:
            self.calls.counts["unexpected" if rival else "untracked"] += 1
            return NOTHING
        at = message.unit.at
        events: list[CallEvent] = []
        if rival:
            events = self.calls.step(rival, IsupSignal.RESET, Said(at, "dual seizure"))
        return [*events, *self.calls.step(call, _signal(message), Said(at, message.type))]

    def _either(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        """Follow what either side may say."""
        found = self._on(circuit)
        self.calls.counts["untracked"] += not found
        cause = message.cause if message.type == "REL" else None
        value = cause.value if cause else 0
        text = f"{message.type} {value}" if cause else message.type
        at, units = message.unit.at, units_of(message)
        return [
            event
            for call, by in found
            for event in self.calls.step(
                call, IsupSignal(message.type), Said(at, text, by, value, units)
            )
        ]

    def _reset(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        return self._clear(message, circuit, range(1))

    def _reset_group(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        """Clear the circuits of a range (Q.763 3.43: the octet is one less than their number)."""
        octets = message.octets(RANGE_AND_STATUS)
        return self._clear(message, circuit, range(octets[0] + 1)) if octets else NOTHING

    def _block_group(self, message: IsupMessage, circuit: Circuit) -> Sequence[CallEvent]:
        """Clear the circuits that failed; those only blocked keep their calls (Q.764 2.8.2)."""
        octets, kind = message.octets(RANGE_AND_STATUS), message.octets(GROUP_TYPE)
        if not octets or not kind or kind[0] & 3 != HARDWARE_FAILURE:
            return NOTHING
        failed = int.from_bytes(octets[1:], "little")
        return self._clear(message, circuit, [n for n in range(octets[0] + 1) if failed >> n & 1])

    def _clear(
        self, message: IsupMessage, circuit: Circuit, offsets: Sequence[int]
    ) -> Sequence[CallEvent]:
        said = Said(message.unit.at, message.type)
        return [
            event
            for offset in offsets
            for call, _ in self._on(replace(circuit, cic=circuit.cic + offset))
            for event in self.calls.step(call, IsupSignal.RESET, said)
        ]

    def _on(self, circuit: Circuit) -> list[tuple[Call, str]]:
        """Return the calls on a circuit, and which side of each is speaking."""
        own, other = _keys(circuit)
        found = [(self.calls.find(own), "calling"), (self.calls.find(other), "called")]
        return [(call, by) for call, by in found if call is not None]


def _keys(circuit: Circuit) -> tuple[Key, Key]:
    """Return the keys of a call seized by the sender, and of one seized by the other side."""
    network, opc, dpc = circuit.label.network, circuit.label.opc, circuit.label.dpc
    return (network, opc, dpc, circuit.cic), (network, dpc, opc, circuit.cic)


def _repeats(call: Call, message: IsupMessage) -> bool:
    soon = abs(message.unit.at - call.seized_at) <= T2_MTP_NS
    return soon and call.state is IsupState.WAIT_FOR_ACM and call.content == content_of(message)


def _signal(message: IsupMessage) -> IsupSignal:
    """Return what a backward message means for the call."""
    if message.type == "ACM":
        status = message.octets(BACKWARD_CALL)[:1]
        free = bool(status) and status[0] & STATUS_MASK == STATUS_FREE
        return IsupSignal.FREE if free else IsupSignal.ACM
    if message.type == "CPG":
        event = message.octets(EVENT)[:1]
        alerting = bool(event) and event[0] & 0x7F == EVENT_ALERTING
        return IsupSignal.ALERTING if alerting else IsupSignal.CPG
    return IsupSignal(message.type)
