# SPDX-License-Identifier: Apache-2.0
"""Orders about calls on circuits and on B channels."""

import msgspec

from edge.clock import now_ns
from edge.decode.isup.message import Circuit, IsupMessage
from edge.decode.mtp3 import Label
from edge.decode.q931.message import Q931Message, Reference
from edge.model.answer import REJECTED, Answer
from edge.model.message import NO_FLOW, Message
from edge.model.number import Number, Party
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action
from edge.ports import Order
from tests.contract.test_enforcer import OFFER, ORDER

BLOCKED = Answer(Action.BLOCK, 603, "Decline", cause=REJECTED)
DIVERTED = Answer(Action.DIVERT, 302, "Moved Temporarily", contact="sip:desk@192.0.2.9")
SLOT_7 = (0, 0x18, bytes.fromhex("a98387"))
"Channel identification: primary, exclusive, B channel 7."
UNIT = Unit("e1", LinkType.LAPD, 1, b"", channel="2:16")


def iam(cic: int = 5, opc: int = 2057, dpc: int = 2058) -> IsupMessage:
    circuit = Circuit(Label(opc, dpc, 0, 5, 2), cic)
    return IsupMessage(UNIT, NO_FLOW, "IAM", (), (), circuit)


def setup(*elements: tuple[int, int, bytes]) -> Q931Message:
    reference = Reference("e1/2:16", "network", 0, 4711)
    return Q931Message(UNIT, NO_FLOW, "SETUP", reference, elements, ())


def order(
    message: Message | None = None,
    answer: Answer = BLOCKED,
    within_s: float = 5.0,
    told: str = "order-1",
    called: str = "77172000001",
) -> Order:
    offering = message or iam()
    party = Party("called", Number(called, called if called.isdigit() else ""))
    offer = msgspec.structs.replace(OFFER, call=offering.call, message=offering, called=party)
    deadline_ns = now_ns() + int(within_s * 1e9)
    return msgspec.structs.replace(
        ORDER, id=told, call=offer, answer=answer, deadline_ns=deadline_ns
    )  # fmt: skip
