# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a call: every identity a message carried, by the side it speaks for.

Which of them is true is not decided here. A location number (Q.763 3.30) is a place, no party.
"""

import msgspec

from edge.model.event import CallOffered
from edge.model.number import Kind, Party

CALLING_ROLES = frozenset({
    "calling", "generic", "from", "p-asserted-identity", "p-preferred-identity", "remote-party-id",
})  # fmt: skip
CALLED_ROLES = frozenset({"called", "to", "request-uri"})
REDIRECTING_ROLES = frozenset({"redirecting", "original-called", "diversion", "history-info"})

# Looking a member up on its Enum costs more than a dict look-up (Python 3.11): bound once.
_SHORT = (Kind.EMERGENCY, Kind.SHORT_CODE)

_SIDES = (
    dict.fromkeys(CALLING_ROLES, 0)
    | dict.fromkeys(CALLED_ROLES, 1)
    | dict.fromkeys(REDIRECTING_ROLES, 2)
)
_side_of = _SIDES.get


class Parties(msgspec.Struct, frozen=True, gc=False):
    """The numbers of a call in normal form, each once a side, in the message's order.

    Refused numbers are not among them, nor short codes: what is known by kind is not looked up.
    """

    calling: dict[str, Party]
    "The number that will be shown stands first, if it has a normal form."
    called: dict[str, Party]
    redirecting: dict[str, Party]

    def forwarded(self) -> bool:
        """Return whether the call was sent on by a number that is not its present target.

        A History-Info that names only the target (RFC 7044) tells of no redirection.
        """
        return any(digits not in self.called for digits in self.redirecting)


def sort_parties(offer: CallOffered) -> Parties:
    """Return who takes part in a call, the shown and the called number first."""
    calling: dict[str, Party] = {}
    called: dict[str, Party] = {}
    redirecting: dict[str, Party] = {}
    sides = (calling, called, redirecting)
    for side, party in ((calling, offer.calling), (called, offer.called)):
        number = party.number
        if number.e164 and number.kind not in _SHORT:
            side[number.e164] = party
    for party in offer.identities:
        if party is offer.calling or party is offer.called:
            continue
        number, place = party.number, _side_of(party.role)
        if place is not None and number.e164 and number.kind not in _SHORT:
            sides[place].setdefault(number.e164, party)
    return Parties(*sides)
