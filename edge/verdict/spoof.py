# SPDX-License-Identifier: Apache-2.0
"""What the calling identities of a call betray: the deterministic rules, without any list.

Country code 7 is shared, so "ours" is what the numbering plan says, never the country code.
What a rule does is configured elsewhere; here it only speaks or is silent.
"""

from collections.abc import Callable
from typing import TypeAlias

from edge.model.event import CallOffered, TrunkClass
from edge.model.number import Kind, Nature, Number, Presentation, Refusal
from edge.verdict import rule
from edge.verdict.parties import CALLING_ROLES, Parties
from edge.verdict.rule import Rule

Roaming: TypeAlias = Callable[[str], bool | None]
"Whether a mobile number (E.164 digits) is abroad, from a cache and at once; None if not known."

HOME = "KZ"
SHARED = "KZ/RU"

# Said by the caller, or said by the network that let him in (RFC 3325; Q.763 3.10).
CLAIMED_ROLES = frozenset({"from", "p-preferred-identity", "generic"})
VOUCHED_ROLES = CALLING_ROLES - CLAIMED_ROLES

# Looking a member up on its Enum costs more than a dict look-up (Python 3.11): bound once.
_INTERNATIONAL = TrunkClass.INTERNATIONAL
_FOREIGN = Kind.FOREIGN
_SHORT = (Kind.EMERGENCY, Kind.SHORT_CODE)
_NATIONAL = Nature.NATIONAL
_SUBSCRIBER = Nature.SUBSCRIBER
_RESTRICTED = Presentation.RESTRICTED

_REFUSED = {
    Refusal.ABSENT: rule.ABSENT,
    Refusal.NOT_DIGITS: rule.MALFORMED,
    Refusal.TOO_SHORT: rule.MALFORMED,
    Refusal.TOO_LONG: rule.MALFORMED,
    Refusal.NO_COUNTRY: rule.REFUSED,
    Refusal.INCOMPLETE: rule.REFUSED,
}


def not_known(digits: str) -> None:
    """Answer no question of roaming: for where nobody can be asked."""


def broken_rules(offer: CallOffered, parties: Parties, roaming: Roaming) -> list[Rule]:
    """Return the rules that a call breaks, mostly none."""
    abroad = offer.trunk.kind is _INTERNATIONAL
    broken = _broken_abroad(offer, parties, roaming) if abroad else []
    if len(parties.calling) > 1 and _disagree(parties):
        if abroad and _fixed_behind_foreign(offer) and not parties.forwarded():
            broken.append(rule.FIXED_BEHIND_FOREIGN)
        broken.append(rule.DISAGREE)
    return broken


def _broken_abroad(offer: CallOffered, parties: Parties, roaming: Roaming) -> list[Rule]:
    """Return what speaks against the shown identity of a call on an international trunk."""
    shown = offer.calling
    number: Number | None = shown.number
    broken = []
    if shown.number.refusal is not None:
        broken.append(_REFUSED[shown.number.refusal])
        # Hidden from the called party, but another identity may still say who calls.
        number = next((party.number for party in parties.calling.values()), None)
    if number and (by := _number_rule(number, parties, roaming)):
        broken.append(by)
    if shown.presentation is _RESTRICTED:
        broken.append(rule.RESTRICTED)
    if shown.nature is _NATIONAL or shown.nature is _SUBSCRIBER:
        broken.append(rule.NATIONAL_NATURE)
    return broken


def _number_rule(number: Number, parties: Parties, roaming: Roaming) -> Rule | None:
    """Return the rule that a calling number breaks by coming from abroad."""
    kind = number.kind
    if kind is _FOREIGN:
        return None
    if kind in _SHORT:
        return rule.SHORT_CODE
    if number.country != HOME:
        return rule.REFUSED if kind is Kind.UNALLOCATED else None
    if kind is Kind.FIXED:
        return rule.FIXED_FORWARDED if parties.forwarded() else rule.FIXED_ABROAD
    if kind is Kind.MOBILE:
        return _mobile_rule(number, parties, roaming)
    return rule.UNALLOCATED if kind is Kind.UNALLOCATED else rule.OTHER_NATIONAL


def _mobile_rule(number: Number, parties: Parties, roaming: Roaming) -> Rule | None:
    is_roaming = roaming(number.e164)
    if is_roaming is None:
        return rule.ROAMING_UNKNOWN
    if is_roaming:
        return None
    return rule.MOBILE_FORWARDED if parties.forwarded() else rule.NOT_ROAMING


def _disagree(parties: Parties) -> bool:
    """Return whether the message calls its caller both Kazakh and foreign."""
    numbers = [party.number for party in parties.calling.values()]
    return any(map(_is_home, numbers)) and any(map(_is_foreign, numbers))


def _fixed_behind_foreign(offer: CallOffered) -> bool:
    """Return whether a claimed identity is Kazakh and fixed, and a vouched one foreign."""
    claimed = [party.number for party in offer.identities if party.role in CLAIMED_ROLES]
    vouched = [party.number for party in offer.identities if party.role in VOUCHED_ROLES]
    fixed = any(_is_home(number) and number.kind is Kind.FIXED for number in claimed)
    return fixed and any(map(_is_foreign, vouched))


def _is_home(number: Number) -> bool:
    return number.country == HOME


def _is_foreign(number: Number) -> bool:
    """Return whether a number is surely not ours; the shared codes of zone 7 may be."""
    return number.country not in {"", HOME, SHARED}
