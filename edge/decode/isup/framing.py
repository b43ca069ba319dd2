# SPDX-License-Identifier: Apache-2.0
"""How an ISUP message is cut into parameters (Q.763 sections 1.4 to 1.8): pointers and lengths.

Every pointer and length is somebody else's word. What lies before an error in the optional part
is kept, and the error with it.
"""

import msgspec

from edge.decode.cursor import Cursor, Unreadable
from edge.decode.isup.codes import MESSAGES, Layout

END_OF_OPTIONAL = 0
MAX_OPTIONAL = 64
"Far above any real message; a SIP body could hold thousands."


class Framed(msgspec.Struct, gc=False):
    """A message cut into parameters: code and a cursor that sees only the content."""

    type: str
    parameters: list[tuple[int, Cursor]]
    broken: list[Unreadable]
    "What was wrong behind the mandatory part."


def cut(cursor: Cursor) -> Framed:
    """Cut a message from its type on; raises `Unreadable` if the mandatory part is broken."""
    at, code = cursor.offset, cursor.u8()
    layout = MESSAGES.get(code)
    if not layout:
        raise Unreadable(at, f"unknown message type {code:02x}")
    framed = Framed(layout.name, [], [])
    start = _mandatory(cursor, layout, framed.parameters)
    # Some senders leave out the last pointer where there is no optional part.
    if layout.optional and cursor.offset < start:
        try:
            _optional(cursor, framed.parameters)
        except Unreadable as why:
            framed.broken.append(why)
    return framed


def _mandatory(cursor: Cursor, layout: Layout, found: list[tuple[int, Cursor]]) -> int:
    """Read fixed and pointed parameters; return where the first pointed one stands."""
    found += [(code, cursor.sub(size)) for code, size in layout.fixed]
    start = cursor.end
    for code in layout.pointed:
        element = _pointed(cursor)
        if not element:
            raise Unreadable(cursor.offset - 1, "pointer 0 to a mandatory parameter")
        start = min(start, element.offset)
        found.append((code, element.sub(element.u8())))
    return start


def _pointed(cursor: Cursor) -> Cursor | None:
    """Follow a pointer, which counts from its own octet (Q.763 1.5); None if it is 0."""
    distance = cursor.u8()
    return cursor.ahead(distance - 1) if distance else None


def _optional(cursor: Cursor, found: list[tuple[int, Cursor]]) -> None:
    """Read the optional part, from its pointer on."""
    part = _pointed(cursor)
    for _ in range(MAX_OPTIONAL):
        if not part or not part.left:  # 0, or a sender that leaves out the end mark
            return
        code = part.u8()
        if code == END_OF_OPTIONAL:
            return
        found.append((code, part.sub(part.u8())))
    raise Unreadable(cursor.offset, f"more than {MAX_OPTIONAL} optional parameters")
