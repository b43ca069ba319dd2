# SPDX-License-Identifier: Apache-2.0
"""Calls as they reach the room that stops them: read from octets, by the parts of the house."""

from edge.call.sip_offer import SipOffers
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.event import CallOffered, Trunk
from edge.model.message import Flow
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.numbering.normalise import home_of
from edge.pipeline import Decided
from tests.call.sip_talk import CALLER, INTERNATIONAL, SWITCH, write
from tests.verdict.calls import NOW

INVITE = write("INVITE")
OFFERS = SipOffers({}, home_of(INTERNATIONAL))


def message(octets: bytes, at: int = NOW, tap: str = "here") -> SipMessage:
    """Return what a decoder makes of a datagram."""
    unit = Unit(tap, LinkType.ETHERNET, at, octets)
    (found,) = read_datagram(unit, Flow(CALLER, SWITCH, 5060, 5060, "udp"), octets)
    assert isinstance(found, SipMessage)
    return found


def offer(
    octets: bytes = INVITE,
    trunk: Trunk = INTERNATIONAL,
    *,
    at: int = NOW,
    tap: str = "here",
    attempt: int = 1,
) -> CallOffered:
    """Return the call that an INVITE offers."""
    return OFFERS.offer(message(octets, at, tap), trunk, attempt)


def called_from(user: str, octets: bytes = INVITE) -> bytes:
    """Return a message with another From."""
    return octets.replace(b"+447700900123", user.encode())


def verdict(action: Action = Action.BLOCK, wanted: Action | None = None) -> Verdict:
    """Return what a list says of a call; where more was wanted, the trunk is only observed."""
    mode = Mode.ENFORCE if wanted is None else Mode.OBSERVE
    return Verdict(action, wanted or action, Basis.LIST, "list.calling", mode, (), 7, "AST-1")


def decided(action: Action = Action.BLOCK, call: CallOffered | None = None) -> Decided:
    """Return a call and what is to be done with it."""
    return Decided(call or offer(), verdict(action), 1500)
