# SPDX-License-Identifier: Apache-2.0
"""The shape of an IAM (Q.763) or a SETUP (Q.931): which parameters, in which order, set to what.

Numbers, circuits and what the way of a call adds (hops, delay) are no part of it; neither is
what the caller chooses, as whether the number may be shown, or who forwarded the call.
"""

from typing import NamedTuple

from edge.decode.isup.message import IsupMessage
from edge.decode.q931.message import Q931Message

LONGEST = 512
MOST = 64

NATURE, FORWARD, CATEGORY, MEDIUM = 0x06, 0x07, 0x09, 0x02
CALLED, CALLING, HOPS, LOCATION, GENERIC, DELAY = 0x04, 0x0A, 0x3D, 0x3F, 0xC0, 0x31
OF_THE_CALL = frozenset({0x0B, 0x13, 0x28, 0x77, 0x36, 0x01})
"Redirecting and original called number, redirection, counters of it, call reference."
ST = 15
"End of dialling, as an address signal (Q.763 3.9 g)."

BEARER, TYPE_OF_NUMBER = 0x04, 0x7F
Q931_OF_THE_CALL = frozenset({0x18, 0x28, 0x2C, 0x74, 0x7E})
"Channel, display, keypad, redirecting number, user-to-user."
Q931_CALLED, Q931_CALLING = 0x70, 0x6C


class CircuitShape(NamedTuple):
    """What a message that seizes a circuit looks like."""

    text: str
    hops: int
    "Hop counter as heard; -1 if there is none."


def iam_shape(message: IsupMessage) -> CircuitShape:
    """Return the shape of an IAM."""
    order, values, hops = [], [], -1
    for code, octets in message.parameters[:MOST]:
        if code in OF_THE_CALL:
            continue
        order.append(f"{code:02x}")
        if code == HOPS and octets:
            hops = octets[0] & 0x1F
        elif code in _TOLD:
            values.append(_TOLD[code](octets))
    return CircuitShape(f"{''.join(order)}|{','.join(values)}"[:LONGEST], hops)


def _hex(octets: bytes) -> str:
    return octets[:2].hex()


def _nature_of_connection(octets: bytes) -> str:
    """Return continuity check and echo control: satellites are of the way."""
    return f"n{octets[0] & 0x1C:02x}" if octets else "n"


def _called(octets: bytes) -> str:
    """Return nature, INN and plan, and whether ST ends the digits."""
    ended = bool(octets[2:]) and ST in (octets[-1] & 15, octets[-1] >> 4)
    return f"d{octets[0] & 0x7F:02x}{octets[1] & 0xF0:02x}{'e' * ended}" if octets[1:] else "d"


def _calling(octets: bytes) -> str:
    """Return nature, completeness, plan, and who vouches; not whether it may be shown."""
    return f"g{octets[0] & 0x7F:02x}{octets[1] & 0xF3:02x}" if octets[1:] else "g"


def _location(octets: bytes) -> str:
    """Return nature, plan and screening, and how many octets of digits there are."""
    return f"l{octets[0] & 0x7F:02x}{octets[1] & 0xF3:02x}x{len(octets) - 2}" if octets[1:] else "l"


def _generic(octets: bytes) -> str:
    return f"a{octets[0]:02x}{octets[1] & 0x7F:02x}" if octets[1:] else "a"


_TOLD = {
    NATURE: _nature_of_connection,
    FORWARD: lambda octets: "f" + _hex(octets),
    CATEGORY: lambda octets: "c" + _hex(octets),
    MEDIUM: lambda octets: "m" + _hex(octets),
    CALLED: _called,
    CALLING: _calling,
    LOCATION: _location,
    GENERIC: _generic,
}


def setup_shape(message: Q931Message) -> CircuitShape:
    """Return the shape of a SETUP."""
    order, values = [], []
    for codeset, code, content in message.elements[:MOST]:
        if not codeset and code in Q931_OF_THE_CALL:
            continue
        order.append(f"{codeset or ''}{code:02x}")
        if not codeset and code == BEARER:
            values.append("b" + content[:4].hex())
        elif not codeset and code == Q931_CALLED:
            values.append(f"d{content[:1].hex()}")
        elif not codeset and code == Q931_CALLING:
            values.append(_party(content))
    return CircuitShape(f"{''.join(order)}|{','.join(values)}"[:LONGEST], -1)


def _party(content: bytes) -> str:
    """Return type and plan, and who vouches (octet 3a, where there is one)."""
    if len(content) < 2 or content[0] & 0x80:  # noqa: PLR2004 - octets 3 and 3a
        return f"g{content[:1].hex()}"
    return f"g{content[0]:02x}{content[1] & 0x83:02x}"
