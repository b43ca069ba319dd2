# SPDX-License-Identifier: Apache-2.0
"""Orders as they come after an INVITE was heard."""

from edge.clock import now_ns
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.answer import REJECTED, Answer
from edge.model.event import UNKNOWN_TRUNK, CallOffered
from edge.model.message import NO_FLOW
from edge.model.number import Number, Party
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.ports import Order
from tests.drivers.enforcers.kamailio_rpc.switch import invite

REASON = 'SIP;cause=603;text="v=analytics1;id=QE-7"'
BLOCK = Answer(
    Action.BLOCK,
    603,
    "Network Blocked",
    (("Reason", REASON), ("Call-Info", "<https://example.test>;purpose=jwscard")),
    cause=REJECTED,
)
DIVERT = Answer(Action.DIVERT, 302, "To The Desk", contact="sip:desk@192.0.2.9", cause=REJECTED)
PHONES = (
    Party("from", Number("+447700900123", "447700900123")),
    Party("request-uri", Number("77172000001", "77172000001")),
)


def order(
    call_id: str,
    answer: Answer = BLOCK,
    *,
    name: str = "",
    cseq: int = 1,
    tag: str = "caller1",
    within_s: float = 20,
) -> Order:
    """Return the order to stop a call, in time until then."""
    octets = invite(call_id, 5060, cseq, tag)
    (message,) = read_datagram(Unit("rig", LinkType.RAW, 1, octets), NO_FLOW, octets)
    assert isinstance(message, SipMessage)
    offer = CallOffered(1, call_id, 1, UNKNOWN_TRUNK, "sip", *PHONES, PHONES, message)
    verdict = Verdict(answer.action, answer.action, Basis.LIST, "list.calling", Mode.ENFORCE)
    return Order(name or f"of {call_id}", offer, verdict, answer, now_ns() + int(within_s * 1e9))
