# SPDX-License-Identifier: Apache-2.0
"""One Q.931 message as heard: elements and numbers are read at once, the rest on demand.

An error in the header leaves nothing to go by and is `Malformed`. A later one leaves a message
with what could be read, and the `Malformed` beside it: a call must not hide behind one.
"""

from collections.abc import Sequence

import msgspec

from edge.decode.cause import Cause, read_cause
from edge.decode.cursor import Cursor, Unreadable
from edge.decode.heard import HeardNumber, Numbered
from edge.decode.q931.codes import CAUSE, CHANNEL, ELEMENTS, MESSAGES, PROTOCOL, SENDING_COMPLETE
from edge.decode.q931.element import Channel, read_channel, show
from edge.decode.q931.framing import Element, cut
from edge.decode.q931.number import ROLES, read_number
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

OTHER_SIDE = {"user": "network", "network": "user", "asp": "sg", "sg": "asp"}
FACTS = {"side", "bearer_capability", "channel", "progress", "display", "sending_complete"}
"Fields that tell where a call came from, beside its numbers."
LENGTH_MASK = 0x0F
"Length of a call reference in its octet (section 4.3)."


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A call reference (section 4.3). Each side numbers the calls it originates on its own."""

    channel: str
    "Tap and D channel."
    side: str
    "Who sent the message: `network` or `user`; over IUA `sg` or `asp`."
    flag: int
    "0: the sender originated the call reference."
    value: int

    @property
    def originator(self) -> str:
        """The side whose number this is."""
        return OTHER_SIDE[self.side] if self.flag else self.side

    def key(self) -> tuple[str, str, int]:
        """Return channel, originating side, value: the same whichever side speaks."""
        return (self.channel, self.originator, self.value)

    def text(self) -> str:
        """Return `tap/channel/CRV`."""
        return f"{self.channel}/{self.value}"

    def fields(self) -> dict[str, object]:
        """Return the reference for people."""
        return {"cr": self.value, "cr_flag": self.flag, "side": self.side}


class Q931Message(Numbered):
    """A message on a D channel."""

    identities = frozenset({"calling", "called", "redirecting"})

    def __init__(
        self,
        unit: Unit,
        flow: Flow,
        type_: str,
        reference: Reference,
        elements: Sequence[tuple[int, int, bytes]],
        numbers: Sequence[HeardNumber],
    ) -> None:
        """Take what was heard."""
        self.unit = unit
        self.earlier: tuple[Unit, ...] = ()
        self.flow = flow
        self.type = type_
        "`SETUP`, `RELEASE COMPLETE`, ..."
        self.reference = reference
        self.elements = tuple(elements)
        "Codeset, code and content, in the order heard; a code may come more than once."
        self.numbers = tuple(numbers)
        "Those of the elements that are numbers, in the order heard."

    @property
    def proto(self) -> str:
        """Always `q931`."""
        return "q931"

    @property
    def call(self) -> str:
        """`tap/channel/CRV`; both sides may use the same value: `reference.key()` tells apart."""
        return self.reference.text()

    @property
    def called(self) -> str:
        """Digits of the called party number; of an INFORMATION, the digits it adds."""
        return "".join(number.digits for number in self.numbers if number.role == "called")

    def content(self, code: int) -> bytes | None:
        """Return the first element of codeset 0 with this code."""
        found = (content for codeset, its, content in self.elements if (codeset, its) == (0, code))
        return next(found, None)

    @property
    def is_complete(self) -> bool:
        """Whether the called number is said to be complete (en bloc sending, section 5.1.1)."""
        return self.content(SENDING_COMPLETE) is not None

    @property
    def cause(self) -> Cause | None:
        """Why the call is released, where the message says it."""
        try:
            return read_cause(Cursor(self.content(CAUSE) or b""))
        except Unreadable:
            return None

    @property
    def channel(self) -> Channel | None:
        """The B channel, where the message names one."""
        try:
            return read_channel(Cursor(self.content(CHANNEL) or b""))
        except Unreadable:
            return None

    def fields(self) -> dict[str, object]:
        """What Q.931 adds to the common fields: the call reference, and every element by name."""
        shown: dict[str, list[object]] = {}
        for codeset, code, content in self.elements:
            name = ELEMENTS.get(code) if not codeset else None
            name = name or f"element_{codeset}_{code:02x}"
            shown.setdefault(name, []).append(_show(codeset, code, content))
        named = {name: [one, *more] if more else one for name, (one, *more) in shown.items()}
        return self.reference.fields() | named

    def facts(self) -> dict[str, object]:
        """What the message says beyond numbers: bearer, channel, where the call came from."""
        return {name: value for name, value in self.fields().items() if name in FACTS}


def _show(codeset: int, code: int, content: bytes) -> object:
    try:
        return content.hex() if codeset else show(code, content)
    except Unreadable:
        return {"malformed": content.hex()}


class Header(msgspec.Struct, frozen=True, gc=False):
    """What stands before the elements (section 4.1)."""

    reference: Reference
    type: int


def read_header(cursor: Cursor, channel: str, side: str) -> Header:
    """Read protocol discriminator, call reference and message type; raises `Unreadable`."""
    if cursor.u8() != PROTOCOL:
        raise Unreadable(0, "protocol discriminator is not Q.931")
    octets = cursor.take(cursor.u8() & LENGTH_MASK)
    flag, value = 0, 0
    if octets:  # a reference of length 0 is the dummy call reference
        flag, value = divmod(int.from_bytes(octets, "big"), 1 << 8 * len(octets) - 1)
    return Header(Reference(channel, side, flag, value), cursor.u8())


def read_elements(
    unit: Unit, flow: Flow, header: Header, cursor: Cursor
) -> list[Q931Message | Malformed]:
    """Read what follows the message type."""
    name = MESSAGES.get(header.type)
    if not name:
        return [Malformed("q931", 0, f"unknown message type {header.type:02x}", cursor.data, unit)]
    elements, broken = cut(cursor)
    numbers = _numbers(elements, broken)
    contents = [(element.codeset, element.code, element.content.rest()) for element in elements]
    message = Q931Message(unit, flow, name, header.reference, contents, numbers)
    return [message, *(why.malformed("q931", cursor.data, unit) for why in broken)]


def _numbers(elements: Sequence[Element], broken: list[Unreadable]) -> list[HeardNumber]:
    """Read the elements that are numbers; those that are none are put among the broken."""
    found = []
    for element in elements:
        if not element.codeset and element.code in ROLES:
            try:
                found.append(read_number(element.code, element.content.ahead(0)))
            except Unreadable as why:
                broken.append(why)
    return found
