# SPDX-License-Identifier: Apache-2.0
"""What no list, rule or configuration can do. Code above policy, without a switch.

Whatever policy wants, a call is allowed that goes to an emergency service, that comes back from
one, in which a canary takes part, whose verdict is late, or whose trunk is losing too many calls.
"""

from collections.abc import Callable

import msgspec

from edge.model.event import CallOffered, Trunk, TrunkClass, shown
from edge.model.number import Kind, Party
from edge.model.verdict import Action, Basis, Reason, Verdict
from edge.numbering.plan import SHORT_CODES
from edge.verdict.breaker import BlockRate, Limits
from edge.verdict.parties import CALLED_ROLES, CALLING_ROLES, REDIRECTING_ROLES
from edge.verdict.rule import BREAKER, CANARY, EMERGENCY_CALLED, EMERGENCY_CALLING, LATE, Rule

EMERGENCY = frozenset(row.digits for row in SHORT_CODES if row.kind is Kind.EMERGENCY)
"By the numbering plan; a test holds 101, 102, 103, 104 and 112 against it."

SERVICE_URN = "urn:service:sos"
"How a SIP phone names an emergency service (RFC 5031)."


class Alarm(msgspec.Struct, frozen=True):
    """Something that people must look at now."""

    name: str
    "`breaker-open`, `canary-wanted`, `list-stale`, `list-damaged`, `modes-damaged`, `away`, ..."
    trunk: str
    "Empty where it is not about one."
    at: int
    "Nanoseconds since the epoch."
    text: str


class Protected(msgspec.Struct, frozen=True):
    """Numbers that are never stopped, E.164 digits without plus sign, and what late means."""

    callbacks: tuple[str, ...] = ()
    "What emergency services call back from."
    canaries: tuple[str, ...] = ()
    "Numbers known to be good, placed to prove that a list is wrong before a citizen does."
    budget_ns: int = 500_000_000
    "From hearing a call to its verdict; SIP's T1 (RFC 3261 17.1.1.1), when the caller asks again."


class Guardrail:
    """The last word on every verdict."""

    def __init__(
        self, protected: Protected, limits: Limits, alarm: Callable[[Alarm], None]
    ) -> None:
        """Guard with one breaker a trunk; `alarm` is called with what people must look at."""
        self._callbacks = frozenset(protected.callbacks)
        self._canaries = frozenset(protected.canaries)
        self._budget_ns = protected.budget_ns
        self._limits = limits
        self._alarm = alarm
        self._rates: dict[str, BlockRate] = {}
        "By trunk; trunks are configured, so there are few."

    def heard(self, trunk: Trunk, now_ns: int) -> None:
        """Count a call of a trunk: a share is a share of something."""
        rate = self._rates.get(trunk.name) or self._new_rate(trunk)
        rate.call(now_ns)

    def guard(self, offer: CallOffered, wanted: Verdict, now_ns: int) -> Verdict:
        """Return what policy wants of a call, or the allow that it cannot refuse."""
        if not wanted.acts:
            return wanted
        by = self._forbids(offer, wanted, now_ns)
        return allow(by, wanted) if by else wanted

    def _forbids(self, offer: CallOffered, wanted: Verdict, now_ns: int) -> Rule | None:
        """Return the guardrail that the wanted verdict would break."""
        if goes_to_emergency(offer):
            return EMERGENCY_CALLED
        if any(party.number.e164 in self._callbacks for party in _callers(offer)):
            return EMERGENCY_CALLING
        for party in (offer.calling, offer.called, *offer.identities):
            if party.number.e164 in self._canaries:
                text = f"{wanted.rule} wanted to {wanted.action.value} {shown(party.number)}"
                self._alarm(Alarm("canary-wanted", offer.trunk.name, now_ns, text))
                return CANARY
        if now_ns - offer.at > self._budget_ns:
            return LATE
        return None if self._may_stop(offer.trunk, now_ns) else BREAKER

    def _may_stop(self, trunk: Trunk, now_ns: int) -> bool:
        """Count a call that is to be stopped; return whether the breaker lets it."""
        rate = self._rates.get(trunk.name) or self._new_rate(trunk)
        if rate.is_open(now_ns):
            return False
        trip = rate.stop(now_ns)
        if trip:
            text = f"{trip.stopped} of {trip.calls} calls were to be stopped: all are allowed now"
            self._alarm(Alarm("breaker-open", trunk.name, now_ns, text))
        return trip is None

    def _new_rate(self, trunk: Trunk) -> BlockRate:
        rate = self._rates[trunk.name] = BlockRate(self._limits)
        return rate


def goes_to_emergency(offer: CallOffered) -> bool:
    """Return whether the call goes, or was first meant to go, to an emergency service.

    What it was first meant for (To, Diversion) counts within the country: a desk is rung under
    another number than 112. From abroad nobody is forwarded to it, and anybody can write it.
    """
    if is_emergency(offer.called, offer.trunk):
        return True
    if offer.trunk.kind is TrunkClass.INTERNATIONAL:
        return False
    return any(
        is_emergency(party, offer.trunk)
        for party in offer.identities
        if party.role in CALLED_ROLES or party.role in REDIRECTING_ROLES
    )


def is_emergency(party: Party, trunk: Trunk) -> bool:
    """Return whether a number is one by its kind, by its digits, or by its service name.

    Exchanges also carry the code behind the area code of the trunk: 7172 112, 8 7172 112.
    """
    number = party.number
    if number.kind is Kind.EMERGENCY or number.e164 in EMERGENCY:
        return True
    if party.uri.lower().startswith(SERVICE_URN):
        return True
    digits = "".join(filter(str.isdigit, number.raw))
    if digits in EMERGENCY:
        return True
    code, area = trunk.country_code, trunk.area
    return digits[-3:] in EMERGENCY and digits[:-3] in {code, area, code + area, "8" + area}


def allow(by: Rule, wanted: Verdict) -> Verdict:
    """Return the allow of a guardrail, with its reason after those of what was wanted."""
    return Verdict(
        action=Action.ALLOW,
        wanted=Action.ALLOW,
        basis=Basis.GUARDRAIL,
        rule=by.id,
        mode=wanted.mode,
        reasons=(*wanted.reasons, Reason(by.id, by.title)),
        list_version=wanted.list_version,
    )


def _callers(offer: CallOffered) -> tuple[Party, ...]:
    return (offer.calling, *(party for party in offer.identities if party.role in CALLING_ROLES))
