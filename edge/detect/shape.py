# SPDX-License-Identifier: Apache-2.0
"""The shape of an identifier that a stack made up: how it is built, never what it says.

What a stack draws at random must not change its shape, or a device would have several: a short
run of hex digits is at times all decimal, a counter grows. So a run of hexadecimal digits is told
by a wide class of its length, and a token with other letters in it by its whole length alone.
"""

import re

UUID = b"nnnnnnnn-nnnn-nnnn-nnnn-nnnnnnnnnnnn"
"RFC 9562 section 4, as `CLASSES` writes it."
SHORT_RUN, LONG_RUN = 12, 31
"Digits up to which a run is `n` (counters, processes, 32 bits), and `N` (64 bits, times)."
FIXED = frozenset({32, 40, 64})
"Lengths of runs that are told: of digests and keys, which are never shorter by chance."
WORDS = (6, 12, 24)
"Octets up to which a token with letters beyond `f` is `w1`, `w2`, `w3`; longer it is `w4`."
MOST_KNOWN = 4096
LONGEST = 256
"Octets of a token worth remembering, and of a shape."


def _class_of(octet: int) -> int:
    text = chr(octet)
    if text in "0123456789abcdefABCDEF":
        return ord("n")
    return ord("w") if text.isalnum() or octet > 127 else octet  # noqa: PLR2004 - ASCII


CLASSES = bytes(_class_of(octet) for octet in range(256))
"Hexadecimal digits become `n`, other letters `w`; what separates them stays."

_RUN = re.compile("n+")
_ADDRESS = re.compile(rb"[0-9.]+|\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?")
_known: dict[bytes, str] = {UUID: "u"}


def shape_of(token: bytes) -> str:
    """Return the shape of a token: `u`, `n-n`, `N`, `X32`, `w2`; `0` for none."""
    classes = token.translate(CLASSES)
    if b"w" in classes:
        return word_of(len(token))
    shape = _known.get(classes)
    if shape is None:
        shape = _RUN.sub(_run, classes[:LONGEST].decode("latin-1")) or "0"
        shape = shape.replace("|", "!").replace(";", "!")
        if len(_known) < MOST_KNOWN and len(token) <= LONGEST:
            _known[classes] = shape
    return shape


def word_of(length: int) -> str:
    """Return the class of a token with letters beyond `f`."""
    return f"w{1 + sum(length > most for most in WORDS)}"


def _run(found: re.Match[str]) -> str:
    length = len(found[0])
    if length <= SHORT_RUN:
        return "n"
    if length <= LONG_RUN:
        return "N"
    return f"X{length}" if length in FIXED else "X"


def call_id_shape(call_id: bytes) -> str:
    """Return the shape of a Call-ID: what stands before its `@`, and what kind of host behind."""
    local, at, host = call_id.rpartition(b"@")
    if not at:
        return shape_of(call_id)
    if _ADDRESS.fullmatch(host):
        return shape_of(local) + "@i"
    return shape_of(local) + ("@h" if b"." in host else "@w")


COOKIE = b"z9hG4bK"
"RFC 3261 section 8.1.1.7."


def branch_shape(branch: bytes) -> str:
    """Return the shape of a branch behind its cookie; `!` before one that has none."""
    if not branch.startswith(COOKIE):
        return "!" + shape_of(branch)
    rest = branch[len(COOKIE) :]
    return "Pj" + shape_of(rest[2:]) if rest.startswith(b"Pj") else shape_of(rest)


_STARTS = re.compile(rb"\n([^\s:]+[ \t]*:[ \t]*)")


def starts(head: bytes, start: int) -> bytes:
    """Return how the lines behind `start` begin: names, colons, and the blanks behind those."""
    return b"".join(_STARTS.findall(head, start))


def tail_of(value: bytes, cut: bytes) -> bytes:
    """Return an address from its host on, without `cut`, which is drawn anew for each call.

    All of it where parameters may stand before the host.
    """
    at = value.rfind(b"@")
    tail = value if at < 0 or b";" in value[:at] else value[at:]
    return tail.replace(cut, b"") if cut else tail
