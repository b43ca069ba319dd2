# SPDX-License-Identifier: Apache-2.0
"""Numbers in Q.931 information elements (sections 4.5.8, 4.5.10; Q.951, Q.952)."""

from edge.decode.cursor import Cursor
from edge.decode.heard import PRESENTATIONS, SCREENINGS, HeardNumber
from edge.decode.q931.codes import CALLED, CALLING, CONNECTED, REDIRECTING, REDIRECTION
from edge.model.number import Nature, Presentation, Screening

ROLES = {
    CALLING: "calling",
    CALLED: "called",
    REDIRECTING: "redirecting",
    CONNECTED: "connected",
    REDIRECTION: "redirection",
}
NATURES = {
    1: Nature.INTERNATIONAL,
    2: Nature.NATIONAL,
    3: Nature.NETWORK_SPECIFIC,
    4: Nature.SUBSCRIBER,
    6: Nature.ABBREVIATED,
}
LAST = 0x80
"Extension bit: the octet is the last of its group (section 4.5.1)."


def read_number(code: int, cursor: Cursor) -> HeardNumber:
    """Read the number in the element `code`; raises `Short`."""
    octets = [cursor.u8()]
    while not octets[-1] & LAST:  # without octet 3a the digits begin here
        octets.append(cursor.u8())
    kind, *more = octets
    nature = kind >> 4 & 7
    return HeardNumber(
        ROLES[code],
        ia5(cursor.rest()),
        NATURES.get(nature, Nature.UNKNOWN),
        nature,
        plan=kind & 15,
        presentation=PRESENTATIONS[more[0] >> 5 & 3] if more else Presentation.ALLOWED,
        screening=SCREENINGS[more[0] & 3] if more else Screening.UNKNOWN,
        reason=more[1] & 15 if len(more) > 1 else -1,
    )


def ia5(octets: bytes) -> str:
    """Return IA5 characters as text; the eighth bit means nothing."""
    return bytes(octet & 0x7F for octet in octets).decode("ascii")
