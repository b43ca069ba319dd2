# SPDX-License-Identifier: Apache-2.0
"""SIP bodies: multipart (RFC 2046, RFC 5621) split on octets, and the SDP lines that lead home.

Nothing is decoded to text before it is split: an ISUP part is binary and holds any octet.
"""

import re

import msgspec

from edge.decode.sip.grammar import HEAD_END, NAMES, text

MAX_PARTS = 16
BOUNDARY = re.compile(r'boundary\s*+=\s*+(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part of a body."""

    content_type: str
    "As heard, parameters included."
    data: bytes


def parts(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a body; one that is not multipart is its own only part."""
    if not body:
        return []
    if not content_type.lower().lstrip().startswith("multipart/"):
        return [Part(content_type, body)]
    if not (found := BOUNDARY.search(content_type)):
        return [Part(content_type, body)]
    mark = b"--" + (found[1] or found[2]).encode("utf-8", "replace")
    pieces = (b"\r\n" + body).split(b"\n" + mark)[1 : MAX_PARTS + 1]
    return [_part(piece) for piece in pieces if not piece.startswith(b"--")]


def _part(piece: bytes) -> Part:
    """Split one part into its own head and data; the line end before the boundary is no data."""
    line, _, rest = piece.partition(b"\n")
    piece = (line + b"\n" + rest).removesuffix(b"\r")
    end = HEAD_END.search(piece)
    if not end:
        return Part("", piece.partition(b"\n")[2])
    for header in piece[: end.start()].split(b"\n"):
        name, _, value = header.partition(b":")
        if NAMES[name] == b"content-type":
            return Part(text(value).strip(), piece[end.end() :])
    return Part("", piece[end.end() :])


def may_carry_isup(content_type: bytes, body: bytes) -> bool:
    """Whether a body is worth taking apart for ISUP: nearly none is."""
    return b"ISUP" in body.upper() or b"isup" in content_type.lower()


def isup_parts(content_type: str, body: bytes) -> list[bytes]:
    """Return the ISUP messages a body carries (RFC 3204), from the message type octet."""
    found = parts(content_type, body)
    return [p.data for p in found if p.content_type.lower().startswith("application/isup")]


def _sdp(content_type: str, body: bytes) -> list[str]:
    """Return the lines of the first SDP part (RFC 8866)."""
    for part in parts(content_type, body):
        if part.content_type.lower().startswith("application/sdp"):
            return text(part.data).splitlines()
    return []


def session_origin(content_type: str, body: bytes) -> str:
    """Return the `o=` line of the SDP without its name; empty if there is none."""
    return next((line[2:] for line in _sdp(content_type, body) if line[:2] == "o="), "")


def media_addresses(content_type: str, body: bytes) -> list[str]:
    """Return the addresses of all `c=` lines, session first, each once."""
    lines = (line[2:].split() for line in _sdp(content_type, body) if line[:2] == "c=")
    return list(dict.fromkeys(line[-1] for line in lines if line))
