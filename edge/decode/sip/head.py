# SPDX-License-Identifier: Apache-2.0
"""The head of one message (RFC 3261 section 7): where it ends, and what names a call in it.

Two ways to the same result: `_scan`, compiled, for a message written as the RFC writes it, and
`read_any` for every other, and for a house built without a C compiler.
"""

from typing import NamedTuple

from edge.decode.sip.grammar import (
    FOLD,
    HEAD_END,
    LINE_END,
    METHOD,
    NAMES,
    STATUS_LINE,
    VERSION,
)
from edge.decode.sip.uri import branch_of, split_list, tag_of

ABSENT, NO_NUMBER = -1, -2
"A Content-Length that is not there, and one that is no number."

MAX_LENGTH_DIGITS = 9
"Digits of a Content-Length beyond any message."


class Head(NamedTuple):
    """What the framer and the call tracker need of a head."""

    type: str
    "Method or status code."
    end: int
    "Where the head ends, without the empty line."
    body_at: int
    "Where the body begins; beyond the data if no empty line was found."
    length: int
    "Content-Length in octets, `ABSENT` or `NO_NUMBER`."
    call_id: bytes
    cseq: bytes
    "With single blanks: `1 INVITE`."
    from_tag: bytes
    to_tag: bytes
    branch: bytes
    "Of the topmost Via."


try:
    from edge.decode.sip._scan import branches, headers, scan, target
except ImportError:  # built without a C compiler

    def scan(data: bytes, start: int) -> Head | None:  # noqa: ARG001 - leaves all to `read_any`
        """Find no message plain."""
        return None

    def headers(
        head: bytes,  # noqa: ARG001 - finds no head plain
        names: dict[bytes, bytes],  # noqa: ARG001
    ) -> dict[bytes, list[bytes]] | None:
        """Find no head plain."""
        return None

    def branches(
        vias: list[bytes],  # noqa: ARG001 - finds no chain plain
    ) -> tuple[bytes, ...] | None:
        """Find no chain plain."""
        return None

    def target(head: bytes) -> bytes | None:  # noqa: ARG001 - leaves all to `target_of`
        """Find no start line plain."""
        return None

    COMPILED = False
else:
    COMPILED = True

__all__ = ["branches", "headers", "scan", "target"]  # of these, whichever way they came


def read_head(data: bytes, start: int) -> Head | None:
    """Return the head that begins at `start`; None if there is no start line."""
    return scan(data, start) or read_any(data, start)


def read_any(data: bytes, start: int) -> Head | None:
    """Read a head in whatever form a phone would still take it."""
    end, body_at = head_end(data, start)
    lines = lines_of(data[start:end])
    type_ = start_type(lines[0])
    if not type_:
        return None
    found = headers_of(lines)

    def first(name: bytes) -> bytes:
        return found[name][0] if name in found else b""

    return Head(
        type_,
        end,
        body_at,
        _length(found.get(b"content-length")),
        first(b"call-id"),
        b" ".join(first(b"cseq").split()),
        tag_of(first(b"from")),
        tag_of(first(b"to")),
        branch_of(first(b"via")),
    )


def head_end(data: bytes, start: int) -> tuple[int, int]:
    """Return where the head ends and the body begins; without an empty line all is head."""
    found = HEAD_END.search(data, start)
    return (found.start(), found.end()) if found else (len(data), len(data) + 1)


def lines_of(head: bytes) -> list[bytes]:
    """Return start line and header lines as spelled, folded ones joined (section 7.3.1)."""
    lines = head.split(b"\r\n")
    if len(lines) == head.count(b"\n") + 1 and b"\n " not in head and b"\n\t" not in head:
        return lines
    return LINE_END.split(FOLD.sub(b" ", head))


def headers_of(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    """Return the values of each header, one a line, by its long name in lower case."""
    values: dict[bytes, list[bytes]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        name = NAMES[name]
        if name in values:
            values[name].append(value.strip())
        else:
            values[name] = [value.strip()]
    return values


def branches_of(vias: list[bytes]) -> tuple[bytes, ...]:
    """Return the branches of a Via chain as it stands in its headers, topmost first."""
    plain = branches(vias)
    if plain is None:
        return tuple(branch_of(hop) for via in vias for hop in split_list(via))
    return plain


def target_of(line: bytes) -> bytes:
    """Return the Request-URI of the start line of a request, however it is written."""
    return b" ".join(line.split()[1:-1]).strip(b"<>")  # some phones send and take brackets


def start_type(line: bytes) -> str:
    """Return the method or status code of a start line; empty if the line is none."""
    if found := STATUS_LINE.fullmatch(line):
        return found[2].decode()
    words = line.split()
    if len(words) < 2 or not VERSION.fullmatch(words[-1]):  # noqa: PLR2004 - method, version
        return ""
    return words[0].decode("latin-1") if METHOD.fullmatch(words[0]) else ""


def _length(values: list[bytes] | None) -> int:
    if values is None:
        return ABSENT
    heard = values[0]
    return int(heard) if heard.isdigit() and len(heard) <= MAX_LENGTH_DIGITS else NO_NUMBER
