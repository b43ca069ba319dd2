# SPDX-License-Identifier: Apache-2.0
"""One ISUP message as heard (Q.763): framing and numbers are read at once, the rest on demand.

An error in the mandatory part leaves nothing to go by and is `Malformed`. A later one leaves a
message with what could be read, and the `Malformed` beside it: a call must not hide behind one.
"""

from collections.abc import Sequence

import msgspec

from edge.decode.cause import Cause, read_cause
from edge.decode.cursor import Cursor, Unreadable
from edge.decode.heard import HeardNumber, Numbered
from edge.decode.isup.codes import (
    CAUSE,
    OPTIONAL_BACKWARD,
    OPTIONAL_FORWARD,
    PARAMETERS,
    SUBSEQUENT,
)
from edge.decode.isup.framing import Framed, cut
from edge.decode.isup.number import FORMS, read_number
from edge.decode.isup.parameter import show
from edge.decode.layer import place
from edge.decode.mtp3 import Label
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

SEGMENTED = 0x04
"Simple segmentation indicator, the same bit in both optional call indicators (Q.763 3.37, 3.38)."
FACTS = {
    "opc", "dpc", "cic", "ni", "nature_of_connection", "forward_call", "calling_category",
    "transmission_medium", "redirection", "propagation_delay", "hop_counter",
}  # fmt: skip
"Fields that tell where a call came from, beside its numbers."


class Circuit(msgspec.Struct, frozen=True, gc=False):
    """The speech circuit a message is about."""

    label: Label
    cic: int
    "Circuit identification code; on E1 its low five bits are the timeslot (Q.763 1.2)."

    def text(self) -> str:
        """Return `OPC-DPC-CIC` as heard."""
        return f"{self.label.opc}-{self.label.dpc}-{self.cic}"

    def key(self) -> tuple[int, int, int, int]:
        """Return network, lower and higher point code, CIC: the same whichever side speaks."""
        low, high = sorted((self.label.opc, self.label.dpc))
        return (self.label.network, low, high, self.cic)

    def fields(self) -> dict[str, object]:
        """Return label and circuit for people."""
        return {**self.label.fields(), "cic": self.cic}


class IsupMessage(Numbered):
    """A message on a circuit, or in a SIP body, where no circuit is named."""

    identities = frozenset(
        {"calling", "called", "redirecting", "original-called", "generic", "location"}
    )

    def __init__(
        self,
        unit: Unit,
        flow: Flow,
        type_: str,
        parameters: Sequence[tuple[int, bytes]],
        numbers: Sequence[HeardNumber],
        circuit: Circuit | None,
    ) -> None:
        """Take what was heard."""
        self.unit = unit
        self.earlier: tuple[Unit, ...] = ()
        self.flow = flow
        self.type = type_
        "`IAM`, `REL`, ..."
        self.parameters = tuple(parameters)
        "Code and octets, in the order heard; a code may come more than once."
        self.numbers = tuple(numbers)
        "Those of the parameters that are numbers, in the order heard."
        self.circuit = circuit

    @property
    def proto(self) -> str:
        """Always `isup`."""
        return "isup"

    @property
    def call(self) -> str:
        """`OPC-DPC-CIC` as heard; where no circuit is named, tap and channel."""
        if self.circuit:
            return self.circuit.text()
        return place(self.unit)

    @property
    def called(self) -> str:
        """Digits of the called party number; of a SAM, the digits it adds."""
        number = self.number("called") or self.number("subsequent")
        return number.digits if number else ""

    def octets(self, code: int) -> bytes:
        """Return the first parameter with this code; empty if absent."""
        return next((value for found, value in self.parameters if found == code), b"")

    @property
    def cause(self) -> Cause | None:
        """Why the call is released, where the message says it."""
        try:
            return read_cause(Cursor(self.octets(CAUSE)))
        except Unreadable:
            return None

    @property
    def is_segmented(self) -> bool:
        """Whether a SGM with more parameters is announced (Q.764 2.1.12)."""
        indicators = (self.octets(code)[:1] for code in (OPTIONAL_FORWARD, OPTIONAL_BACKWARD))
        return any(octet[0] & SEGMENTED for octet in indicators if octet)

    def fields(self) -> dict[str, object]:
        """What ISUP adds to the common fields: the circuit, and every parameter by name."""
        shown: dict[str, list[object]] = {}
        for code, value in self.parameters:
            name = PARAMETERS.get(code, f"parameter_{code:02x}")
            shown.setdefault(name, []).append(_show(code, value))
        found = self.circuit.fields() if self.circuit else {}
        return found | {
            name: one if not more else [one, *more] for name, (one, *more) in shown.items()
        }

    def facts(self) -> dict[str, object]:
        """What the message says beyond numbers: the way the call came, and who may call so."""
        return {name: value for name, value in self.fields().items() if name in FACTS}


def _show(code: int, value: bytes) -> object:
    try:
        return show(code, value)
    except Unreadable:
        return {"malformed": value.hex()}


def parse(unit: Unit, flow: Flow, label: Label, octets: bytes) -> list[IsupMessage | Malformed]:
    """Read a message from its circuit identification code on."""
    cursor = Cursor(octets)
    try:
        cic = cursor.u16("little") & 0x0FFF
    except Unreadable as why:
        return [why.malformed("isup", octets, unit)]
    return _parse(unit, flow, cursor, Circuit(label, cic))


def parse_body(unit: Unit, flow: Flow, octets: bytes) -> list[IsupMessage | Malformed]:
    """Read a message from its type on, as SIP carries it (RFC 3204, Q.1912.5)."""
    return _parse(unit, flow, Cursor(octets), None)


def _parse(
    unit: Unit, flow: Flow, cursor: Cursor, circuit: Circuit | None
) -> list[IsupMessage | Malformed]:
    try:
        framed = cut(cursor)
    except Unreadable as why:
        return [why.malformed("isup", cursor.data, unit)]
    numbers = _numbers(framed)
    parameters = [(code, element.rest()) for code, element in framed.parameters]
    message = IsupMessage(unit, flow, framed.type, parameters, numbers, circuit)
    return [message, *(why.malformed("isup", cursor.data, unit) for why in framed.broken)]


def _numbers(framed: Framed) -> list[HeardNumber]:
    """Read the parameters that are numbers; those that are none are put among the broken."""
    found = []
    for code, element in framed.parameters:
        if code in FORMS or code == SUBSEQUENT:
            try:
                found.append(read_number(code, element.ahead(0)))
            except Unreadable as why:
                framed.broken.append(why)
    return found
