# SPDX-License-Identifier: Apache-2.0
"""Numbers in ISUP parameters (Q.763 3.9, 3.10, 3.26, 3.30, 3.39, 3.45, 3.51)."""

import msgspec

from edge.decode.cursor import Cursor
from edge.decode.heard import PRESENTATIONS, SCREENINGS, HeardNumber
from edge.decode.isup.codes import (
    CALLED,
    CALLING,
    GENERIC_NUMBER,
    LOCATION,
    ORIGINAL_CALLED,
    REDIRECTING,
    SUBSEQUENT,
)
from edge.model.number import Nature, Presentation, Screening

NATURES = {
    1: Nature.SUBSCRIBER,
    2: Nature.UNKNOWN,
    3: Nature.NATIONAL,
    4: Nature.INTERNATIONAL,
    5: Nature.NETWORK_SPECIFIC,
    6: Nature.NETWORK_SPECIFIC,
    7: Nature.NETWORK_SPECIFIC,
    8: Nature.NETWORK_SPECIFIC,
}
"6 to 8 are routing numbers of ported subscribers (Q.763 3.9 b)."
SWAPPED = bytes(octet >> 4 | (octet & 15) << 4 for octet in range(256))


class Form(msgspec.Struct, frozen=True, gc=False):
    """Which of the bits beside the digits a parameter has."""

    role: str
    inn: bool = False
    incomplete: bool = False
    presentation: bool = False
    screening: bool = False


FORMS = {
    CALLED: Form("called", inn=True),
    CALLING: Form("calling", incomplete=True, presentation=True, screening=True),
    REDIRECTING: Form("redirecting", presentation=True),
    0x0C: Form("redirection", inn=True),
    0x21: Form("connected", presentation=True, screening=True),
    ORIGINAL_CALLED: Form("original-called", presentation=True),
    LOCATION: Form("location", inn=True, presentation=True, screening=True),
    0x45: Form("transfer", presentation=True, screening=True),
    0x6F: Form("called-in", presentation=True),
    GENERIC_NUMBER: Form("generic", incomplete=True, presentation=True, screening=True),
}


def read_number(code: int, cursor: Cursor) -> HeardNumber:
    """Read the number in the parameter `code`; raises `Short`."""
    if code == SUBSEQUENT:
        digits, ended = read_digits(cursor.u8() >> 7, cursor.rest())
        return HeardNumber("subsequent", digits, Nature.UNKNOWN, 0, 1, ended=ended)
    form = FORMS[code]
    qualifier = cursor.u8() if code == GENERIC_NUMBER else -1
    first, second = cursor.u8(), cursor.u8()
    digits, ended = read_digits(first >> 7, cursor.rest())
    nature = first & 0x7F
    return HeardNumber(
        form.role,
        digits,
        NATURES.get(nature, Nature.UNKNOWN),
        nature,
        plan=second >> 4 & 7,
        presentation=PRESENTATIONS[second >> 2 & 3] if form.presentation else Presentation.ALLOWED,
        screening=SCREENINGS[second & 3] if form.screening else Screening.UNKNOWN,
        ended=ended,
        incomplete=form.incomplete and second > 0x7F,  # noqa: PLR2004 - the top bit
        no_internal=form.inn and second > 0x7F,  # noqa: PLR2004 - the top bit
        qualifier=qualifier,
    )


def read_digits(odd: int, octets: bytes) -> tuple[str, bool]:
    """Return the address signals, low nibble first, and whether they end in ST (code 15)."""
    text = octets.translate(SWAPPED).hex().upper()
    digits = text[:-1] if odd else text
    return digits.rstrip("F"), digits.endswith("F")
