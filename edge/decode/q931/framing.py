# SPDX-License-Identifier: Apache-2.0
"""How a Q.931 message is cut into information elements (section 4.5.1): lengths and shifts."""

import msgspec

from edge.decode.cursor import Cursor, Unreadable

MAX_ELEMENTS = 64
"Far above any real message of 260 octets."
SHIFT, NON_LOCKING = 0x90, 0x08


class Element(msgspec.Struct, frozen=True, gc=False):
    """One information element."""

    codeset: int
    code: int
    "Of a single-octet element with a value (`Bx`, `Dx`) the upper half."
    content: Cursor
    "Sees only the content; of a single-octet element that octet."


def cut(cursor: Cursor) -> tuple[list[Element], list[Unreadable]]:
    """Cut what follows the message type; return the elements, and what stopped the cutting."""
    found: list[Element] = []
    try:
        _elements(cursor, found)
    except Unreadable as why:
        return found, [why]
    return found, []


def _elements(cursor: Cursor, found: list[Element]) -> None:
    locked = codeset = 0
    while cursor.left:
        octet = cursor.peek()
        if octet & 0xF0 == SHIFT:
            cursor.skip(1)
            codeset = octet & 7
            if not octet & NON_LOCKING:  # section 4.5.3
                locked = codeset
            continue
        if len(found) >= MAX_ELEMENTS:
            raise Unreadable(cursor.offset, f"more than {MAX_ELEMENTS} elements")
        found.append(_element(cursor, codeset))
        codeset = locked


def _element(cursor: Cursor, codeset: int) -> Element:
    octet = cursor.peek()
    if octet & 0x80:  # single octet: A0 and A1 are codes, others carry a value in the lower half
        code = octet if octet & 0xF0 == 0xA0 else octet & 0xF0  # noqa: PLR2004 - table 4-3
        return Element(codeset, code, cursor.sub(1))
    code = cursor.u8()
    return Element(codeset, code, cursor.sub(cursor.u8()))
