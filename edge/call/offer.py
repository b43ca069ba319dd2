# SPDX-License-Identifier: Apache-2.0
"""IAM or SETUP -> `CallOffered`: every number it carried, in normal form for the trunk's home.

Which role a number stands in is said by the signalling: `isup_offer`, `q931_offer`.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TypeVar

from msgspec.structs import replace

from edge.decode.heard import HeardNumber
from edge.decode.isup.message import IsupMessage
from edge.decode.q931.message import Q931Message
from edge.model.event import CallOffered, Trunk
from edge.model.number import Kind, Nature, Number, Party, Presentation, Refusal
from edge.numbering.normalise import Home, normalise

CircuitMessage = IsupMessage | Q931Message
MessageT = TypeVar("MessageT", bound=CircuitMessage)

Identities = Callable[[Sequence[HeardNumber]], list[HeardNumber]]
"Numbers of a message -> those that name a party of the call, in the roles of `Party`."

ABSENT = Refusal.ABSENT
CUT_SHORT = frozenset({ABSENT, Refusal.TOO_SHORT, Refusal.INCOMPLETE})
"What more digits would mend."
DIALLED = frozenset({Nature.UNKNOWN, Nature.SUBSCRIBER})
"Natures under which digits are as a subscriber dials them."
SHORT = frozenset({Kind.EMERGENCY, Kind.SHORT_CODE})


class Offers:
    """Builds the event from the message that seizes a circuit."""

    def __init__(self, identities: Identities, homes: Mapping[str, Home], default: Home) -> None:
        """Take the home (country code, area) by trunk name."""
        self._identities = identities
        self._homes = homes
        self._default = default

    def offer(self, message: CircuitMessage, trunk: Trunk, attempt: int, at: int) -> CallOffered:
        """Return the event of `at` (ns): when the called number was as whole as it is."""
        home = self._homes.get(trunk.name, self._default)
        parties = [identified(number, home) for number in self._identities(message.numbers)]
        calling, called = _calling(parties), _first(parties, "called")
        absent = (party for party in (calling, called) if party not in parties)
        return CallOffered(
            at=at,
            call=message.call,
            attempt=attempt,
            trunk=trunk,
            proto=message.proto,
            calling=calling,
            called=called,
            identities=(*absent, *parties),
            message=message,
        )

    def is_whole(self, message: CircuitMessage, trunk: Trunk) -> bool:
        """Whether the called number says all that a verdict needs: no further digit is awaited."""
        if is_ended(message):
            return True
        called = message.number("called")
        if called is None:
            return False
        home = self._homes.get(trunk.name, self._default)
        number = normalise(called.digits, called.nature, home)
        if called.nature not in DIALLED or number.kind in SHORT:
            return number.refusal not in CUT_SHORT
        # As long as a local number, but none begins with the trunk prefix: more will follow.
        dialled_afar = called.digits.startswith(home.trunk_prefix)
        least = len(home.trunk_prefix) + home.national_digits if dialled_afar else 0
        return number.refusal not in CUT_SHORT and len(called.digits) >= least


def is_ended(message: CircuitMessage) -> bool:
    """Whether the message says that no digit will follow: ST, or sending complete."""
    if isinstance(message, Q931Message) and message.is_complete:
        return True
    numbers = (message.number("called"), message.number("subsequent"))
    return any(number.ended for number in numbers if number)


def identified(number: HeardNumber, home: Home) -> Party:
    """Return a number as heard together with its normal form."""
    party = number.party()
    party = replace(party, number=normalise(number.digits, number.nature, home))
    if party.number.refusal is ABSENT and party.presentation is Presentation.ALLOWED:
        return replace(party, presentation=Presentation.UNAVAILABLE)
    return party


def _calling(parties: Sequence[Party]) -> Party:
    """Return the calling party number; where it names nobody, what the message adds to it."""
    shown = _first(parties, "calling")
    if shown.number.e164:
        return shown
    return next((p for p in parties if p.role == "generic" and p.number.e164), shown)


def _first(parties: Sequence[Party], role: str) -> Party:
    absent = Party(role, Number("", refusal=ABSENT), presentation=Presentation.UNAVAILABLE)
    return next((party for party in parties if party.role == role), absent)


def extended(message: MessageT, later: MessageT) -> MessageT:
    """Return the offering message with the called digits that a later one adds (overlap sending).

    It is the later unit that completes it; the earlier ones are kept as evidence.
    """
    called = message.number("called")
    added = later.number("subsequent") or later.number("called")
    if called is None:
        called = added or HeardNumber("called", "", Nature.UNKNOWN, 0, 1)
    else:
        digits = called.digits + (added.digits if added else "")
        called = replace(called, digits=digits)
    whole = copy(message)
    whole.unit, whole.earlier = later.unit, (*message.earlier, message.unit)
    ended = is_ended(message) or is_ended(later)
    others = (number for number in message.numbers if number.role != "called")
    whole.numbers = (replace(called, ended=ended), *others)
    return whole
