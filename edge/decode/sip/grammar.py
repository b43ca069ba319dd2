# SPDX-License-Identifier: Apache-2.0
"""The few rules of RFC 3261 section 25 that a listener needs, loosened to what phones accept.

A phone is lenient, so a strict reader would hear less than the victim does. What a rule gives
up against the RFC stands beside it.
"""

import re

COMPACT = {
    b"a": b"accept-contact",  # RFC 3841
    b"b": b"referred-by",  # RFC 3892
    b"c": b"content-type",
    b"d": b"request-disposition",  # RFC 3841
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",  # RFC 3841
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"n": b"identity-info",  # RFC 4474
    b"o": b"event",  # RFC 6665
    b"r": b"refer-to",  # RFC 3515
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",  # RFC 6665
    b"v": b"via",
    b"x": b"session-expires",  # RFC 4028
    b"y": b"identity",  # RFC 8224
}
"Compact header forms (RFC 3261 section 7.3.3 and the RFCs named) to the long name."

MAX_NAMES = 4096
"Spellings remembered; a sender that invents names must not make us grow."


class Names(dict[bytes, bytes]):
    """Header name as spelled -> long name in lower case; remembers spellings, bounded."""

    def __missing__(self, spelled: bytes) -> bytes:
        """Work out and remember the long name of a spelling heard for the first time."""
        name = spelled.strip(b" \t").lower()
        name = COMPACT.get(name, name)
        if len(self) < MAX_NAMES and len(spelled) <= 64:  # noqa: PLR2004 - longer ones are junk
            self[spelled] = name
        return name


NAMES = Names()

# Every pattern here is linear on any input: possessive quantifiers (`*+`), and a quote or an angle
# bracket that never closes ends with the value instead of failing.

# Status-Line, section 7.2, any version and any run of blanks: the phone answers it all the same.
STATUS_LINE = re.compile(rb"(SIP/\d+\.\d+)[ \t]++(\d{3})(?:[ \t]++[^\r\n]*+)?+", re.IGNORECASE)
VERSION = re.compile(rb"SIP/\d+\.\d+", re.IGNORECASE)
METHOD = re.compile(rb"[!%'*+\-.\w`~]++")  # token, section 25.1
METHOD_WORD = re.compile(METHOD.pattern + b" ")

# A start line somewhere behind junk: a vendor's prefix, a broken earlier message, a stray body.
START_SEARCH = re.compile(
    rb"(?:[A-Z]{3,16}[ \t]+[A-Za-z][A-Za-z0-9+.\-]{0,15}:[^\s]{1,2048}[ \t]+SIP/2\.0[ \t]*\r?\n"
    rb"|SIP/2\.0[ \t]+[1-6]\d\d[ \t\r\n])"
)
JUNK_LIMIT = 4096
"Octets that are searched for a start line; a datagram of something else must not cost more."

FOLD = re.compile(rb"\r?\n[ \t]+")  # section 7.3.1: a line that starts with a blank goes on
LINE_END = re.compile(rb"\r?\n")  # section 7.5 wants CRLF; LF alone is heard in the field
HEAD_END = re.compile(rb"\r?\n\r?\n")

# name-addr with parameters, section 25.1.
NAME_ADDR = re.compile(rb'((?:"(?:[^"\\]|\\.)*+"|[^<"])*+)<([^<>]*+)>?+(.*+)', re.DOTALL)
PARAMETER = re.compile(
    rb';\s*+([^\s;=,"]++)(?:\s*+=\s*+("(?:[^"\\]|\\.)*+"?+|[^;,\s"]*+))?+', re.DOTALL
)
# What stands between top-level commas, section 7.3.1.
ELEMENT = re.compile(rb'(?:"(?:[^"\\]|\\.)*+"?+|<[^>]*+>?+|[^,"<])++', re.DOTALL)

COMMA_LISTS = frozenset(
    [
        b"via",
        b"route",
        b"record-route",
        b"contact",
        b"diversion",
        b"history-info",
        b"p-asserted-identity",
        b"p-preferred-identity",
        b"allow",
        b"supported",
        b"require",
        b"reason",
        b"call-info",
        b"privacy",
    ]
)
"Headers whose values may share one line, separated by commas."


def text(octets: bytes) -> str:
    """Return octets as text: UTF-8 (section 7.1), else Latin-1, which reads anything."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
