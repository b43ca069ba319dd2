# SPDX-License-Identifier: Apache-2.0
"""The shape of the head of an INVITE: order and spelling of headers, how identifiers are made.

Headers that come with the circumstances of a call (credentials, identities, privacy, what hops
add) are passed over: the same device must look the same whatever number it shows.
"""

import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

from edge.decode.sip.grammar import NAMES
from edge.decode.sip.message import SipMessage
from edge.decode.sip.uri import branch_of, split_list
from edge.detect.fast import branch_shape, call_id_shape, shape_of, starts, tail_of

CODES = {
    b"via": "vi", b"from": "fr", b"to": "to", b"call-id": "id", b"cseq": "cs", b"contact": "co",
    b"max-forwards": "mf", b"user-agent": "ua", b"server": "sv", b"allow": "al",
    b"supported": "su", b"require": "re", b"accept": "ac", b"content-type": "ct",
    b"content-length": "cl", b"session-expires": "se", b"min-se": "ms", b"allow-events": "ae",
    b"accept-language": "ag", b"accept-encoding": "an", b"date": "da", b"expires": "ex",
    b"subject": "sj", b"organization": "or", b"content-disposition": "cd", b"timestamp": "ts",
    b"p-early-media": "em", b"call-info": "ci", b"user-to-user": "uu", b"session-id": "si",
    b"recv-info": "ri", b"proxy-require": "pr", b"mime-version": "mv", b"priority": "py",
    b"accept-contact": "at", b"request-disposition": "rd", b"x-asterisk-hangupcause": "xa",
    b"cisco-guid": "cg", b"content-encoding": "ce", b"p-preferred-service": "ps",
}  # fmt: skip
"Long name of a header -> its code. A name that is not here is written out, in brackets."

PASSED_OVER = frozenset([
    b"authorization", b"proxy-authorization", b"identity", b"identity-info", b"privacy",
    b"diversion", b"history-info", b"p-asserted-identity", b"p-preferred-identity",
    b"remote-party-id", b"route", b"record-route", b"path", b"p-charging-vector",
    b"p-access-network-info", b"p-visited-network-id", b"p-charge-info", b"reason",
    b"referred-by", b"replaces", b"x-real-ip", b"p-charging-function-addresses",
])  # fmt: skip
"Of the call, or added by hops: no device is known by them."

SPELLED = {long: b"-".join(word.capitalize() for word in long.split(b"-")) for long in CODES}
SPELLED |= {
    b"call-id": b"Call-ID", b"cseq": b"CSeq", b"min-se": b"Min-SE",
    b"mime-version": b"MIME-Version", b"p-early-media": b"P-Early-Media",
    b"user-to-user": b"User-to-User",
    b"session-id": b"Session-ID", b"cisco-guid": b"Cisco-Guid",
}  # fmt: skip
"How the RFCs write it."

METHODS = {
    b"INVITE": "I", b"ACK": "A", b"BYE": "B", b"CANCEL": "C", b"OPTIONS": "O", b"REFER": "R",
    b"NOTIFY": "N", b"UPDATE": "U", b"SUBSCRIBE": "S", b"MESSAGE": "M", b"PRACK": "P",
    b"INFO": "F", b"PUBLISH": "L", b"REGISTER": "G",
}  # fmt: skip
OPTIONS = {
    b"100rel": "1", b"timer": "t", b"replaces": "r", b"norefersub": "n", b"outbound": "o",
    b"path": "p", b"gruu": "g", b"histinfo": "h", b"from-change": "f", b"precondition": "q",
    b"tdialog": "d", b"join": "j", b"sdp-anat": "a", b"early-session": "e",
    b"resource-priority": "y", b"eventlist": "l", b"sec-agree": "s", b"ice": "i",
    b"trickle-ice": "k",
    b"privacy": "v",
    b"answermode": "w", b"record-aware": "c",
}  # fmt: skip

MOST_KNOWN = 4096
LONGEST = 1024
MOST_HEADERS = 64
MOST_NAME = 24
OLDEST, NEWEST = 61, 70
"Values of Max-Forwards that began as 70, the one that RFC 3261 section 8.1.1.6 asks for."

_NAMES = re.compile(rb";[ \t]*([a-zA-Z0-9+.\-]+)")
_ITEM = re.compile(rb"[^,\s]+")


class HeadShape(msgspec.Struct, frozen=True, gc=False):
    """What a head looks like."""

    depth: int
    "Hops that left a Via."
    hidden: int
    "Hops that counted Max-Forwards down and left none: somebody writes messages anew."
    text: str
    "Order, quirks, identifiers, capabilities, forms: the parts of the fingerprint."


class Remembered(dict[bytes, str]):
    """Octets -> what was made of them; forgets all when full, as what comes often comes again."""

    def __init__(self, make: Callable[[bytes], str]) -> None:
        """Work out by `make` what is not remembered."""
        super().__init__()
        self._make = make

    def __missing__(self, octets: bytes) -> str:
        """Work it out, and remember it if it is not too long."""
        made = self._make(octets)
        if len(self) >= MOST_KNOWN:
            self.clear()
        if len(octets) <= LONGEST:
            self[octets] = made
        return made


class HeadShapes:
    """Reads heads; remembers what they have in common."""

    def __init__(self) -> None:
        """Know none."""
        self._orders = Remembered(_order)
        self._allows = Remembered(lambda value: _listed(value, METHODS))
        self._options = Remembered(lambda value: _listed(value, OPTIONS))
        self._behind = Remembered(_names)
        "Parameters behind a host: the same in all calls of a device, once tag and branch are out."

    def of(self, message: SipMessage) -> HeadShape:
        """Return the shape of the head of a request."""
        octets, headers = message.octets, message.headers
        vias = headers.get(b"via", ())
        depth, bottom = (1, vias[0]) if len(vias) == 1 and b"," not in vias[0] else _chain(vias)
        branch = message.branch if depth == 1 else branch_of(bottom)
        begins, hidden = _forwards(headers.get(b"max-forwards", NONE)[0], depth)
        tag, end, behind = message.from_tag, octets.find(b"\n"), self._behind
        from_, contact = headers.get(b"from", NONE)[0], headers.get(b"contact", NONE)[0]
        return HeadShape(depth, hidden, (
            f"{self._orders[starts(octets, end)]}"
            f"|{call_id_shape(message.call_id)};{shape_of(tag)};{branch_shape(branch)}"
            f";{'1' if message.cseq[:2] in _FIRST else '+'};{begins}"
            f"|{self._allows[b','.join(headers.get(b'allow', ()))]}"
            f";{self._options[b','.join(headers.get(b'supported', ()))]}"
            f"|{SCHEMES.get(octets[7:11], 'o')}{behind[tail_of(octets[7:end], b'')]}"
            f";{behind[tail_of(from_, tag)]};{behind[tail_of(contact, b'')]}"
            f";{behind[bottom.replace(branch, b'')]}"
        ))  # fmt: skip


NONE = (b"",)
SCHEMES = {b"sip:": "s", b"tel:": "t", b"sips": "S"}


_FIRST = frozenset({b"1 ", b"2 ", b"0 "})
"CSeq of a stack that begins to count at the start of a call; others draw where to begin."


def _chain(vias: list[bytes] | tuple[()]) -> tuple[int, bytes]:
    """Return how many hops a Via chain has, and the one at its bottom: whoever began."""
    if not vias:
        return 0, b""
    if b"," not in vias[-1] and len(vias) == 1:
        return 1, vias[0]
    hops = [hop for via in vias for hop in split_list(via)]
    return len(hops), hops[-1] if hops else b""


@lru_cache(maxsize=1024)
def _forwards(value: bytes, depth: int) -> tuple[str, int]:
    """Return where Max-Forwards began, and how many hops are not in the Via chain."""
    if not value.isdigit() or len(value) > 3:  # noqa: PLR2004 - at most 255
        return "0", 0
    began = int(value) + max(depth, 1) - 1
    if OLDEST <= began <= NEWEST:
        return "70", NEWEST - began
    return ("+" if began > NEWEST else "-"), 0


def _names(value: bytes) -> str:
    """Return the names of the parameters of an address, without what a receiver adds."""
    after = value.find(b'"', 1) if value[:1] == b'"' else 0  # a display name may hold anything
    found = _NAMES.findall(value, max(after, 0))[:16]
    names = (name.decode().lower()[:MOST_NAME] for name in found)
    return ".".join(name for name in names if name != "received")


def _listed(value: bytes, codes: dict[bytes, str]) -> str:
    """Return a list of tokens by their letters, and how it is spaced."""
    found = _ITEM.findall(value)[:32]
    letters = "".join(codes.get(item) or f"({_token(item)})" for item in found)
    return letters + ("'" if b"," in value and b", " not in value else "")


def _token(item: bytes) -> str:
    name = item.decode("latin-1").lower()
    return "".join(c for c in name if c.isascii() and (c.isalnum() or c == "-"))[:MOST_NAME]


def _order(starts: bytes) -> str:
    """Return the headers in order with their spelling, and after `|` what is odd about them."""
    found: list[str] = []
    quirks = set()
    for start in starts.split(b":")[:MOST_HEADERS]:
        blank, name = start[: len(start) - len(start.lstrip())], start.strip()
        if found:
            quirks |= _spacing(blank)
        if not name:
            continue
        if start[-1:] in b" \t":
            quirks.add("b")  # `Name : value`
        long = NAMES[name]
        if long in PASSED_OVER:
            found = found or [""]
            continue
        code = CODES.get(long) or f"({_token(long)})"
        if name != SPELLED.get(long, name):
            code += "'" if len(name) == 1 else "~"
        if found[-1:] != [code]:
            found.append(code)
    return "".join(found) + "|" + "".join(sorted(quirks))


def _spacing(blank: bytes) -> set[str]:
    """Return what is odd about the blanks behind a colon."""
    if blank == b" ":
        return set()
    return {"n"} if not blank else {"t"} if b"\t" in blank else {"m"}
