# SPDX-License-Identifier: Apache-2.0
"""SIP, SIPS and TEL URIs (RFC 3261 section 19, RFC 3966), and the addresses they stand in."""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from edge.decode.sip.grammar import ELEMENT, NAME_ADDR, PARAMETER, text

SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*+")  # RFC 3986 section 3.1
BRANCH = re.compile(rb"[^,]*?;branch=([^;, \t\r\n]*+)")
PORT = re.compile("[0-9]{1,5}")
HOST_END = re.compile("[;?>]")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Uri(msgspec.Struct, frozen=True, gc=False):
    """A URI taken apart as far as a call decision needs."""

    scheme: str
    "Lower case; empty if there was none."
    user: str
    "As heard, escapes included, without password; for `tel:` the number with its parameters."
    host: str
    port: int
    "0 if absent or not a number."
    parameters: str
    "Everything behind the host, as heard."
    raw: str

    def digits(self) -> str:
        """Return the user part as a number was written: unescaped, parameters taken off."""
        user = unquote(self.user) if "%" in self.user else self.user
        return user.partition(";")[0]


try:
    from edge.decode.sip._uri import plain_address, plain_uri
except ImportError:  # built without a C compiler

    def plain_uri(
        octets: bytes,  # noqa: ARG001 - finds no URI plain
    ) -> tuple[str, str, str, int, str, str] | None:
        """Find no URI plain."""
        return None

    def plain_address(
        value: bytes,
        longest: int,
        read: Callable[[bytes], Uri],
        make: Callable[[str, Uri, bytes], "Address"],
    ) -> "Address | None":
        """Find no address plain."""
        del value, longest, read, make
        return None

    COMPILED = False
else:
    COMPILED = True

__all__ = ["plain_address", "plain_uri"]  # of these, whichever way they came


def parse_uri(octets: bytes) -> Uri:
    """Take a URI apart; whatever is missing is empty."""
    return _known_uri(octets) if len(octets) <= MAX_KNOWN_LENGTH else _read_uri(octets)


def _read_uri(octets: bytes) -> Uri:
    plain = plain_uri(octets)
    return Uri(*plain) if plain else read_any_uri(octets)


def read_any_uri(octets: bytes) -> Uri:
    """Take a URI apart in whatever form it was written."""
    raw = text(octets).strip()
    scheme, colon, rest = raw.partition(":")
    if not colon or not SCHEME.fullmatch(scheme):
        scheme, rest = "", raw
    scheme = scheme.lower()
    if scheme == "tel":  # RFC 3966: no host, parameters belong to the number
        return Uri(scheme, rest, "", 0, "", raw)
    if scheme not in {"sip", "sips", ""}:  # the rest of an unknown scheme is opaque
        return Uri(scheme, "", "", 0, rest, raw)
    user, at, hostport = rest.rpartition("@")
    if "?" in hostport and not at:
        hostport = rest
    host, port, parameters = _split_host(hostport)
    return Uri(scheme, user.partition(":")[0], host, port, parameters, raw)


_known_uri = lru_cache(maxsize=4096)(_read_uri)
"A message names the same URI twice or thrice, a call eight times."

MAX_KNOWN_LENGTH = 256
"Octets of a URI worth remembering; longer ones only an attack repeats."


def _split_host(hostport: str) -> tuple[str, int, str]:
    """Split `[2001:db8::1]:5060;transport=tcp?x=y` into host, port and the rest."""
    parameters = ""
    if found := HOST_END.search(hostport):
        parameters, hostport = hostport[found.start() :], hostport[: found.start()]
    hostport = hostport.strip()
    if hostport.startswith("["):  # IPv6 reference, RFC 3986 section 3.2.2
        host, _, port = hostport[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = hostport.partition(":")
    return host, int(port) if PORT.fullmatch(port) else 0, parameters


class Address(msgspec.Struct, frozen=True, gc=False):
    """One `"Name" <uri>;parameters` of From, To, Contact, P-Asserted-Identity, Diversion ..."""

    display: str
    uri: Uri
    rest: bytes
    "What follows the URI, as heard."

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the header: names in lower case, quotes taken off the values."""
        return parse_parameters(self.rest)


def parse_address(value: bytes) -> Address:
    """Take a header value apart that holds one address (section 20.10)."""
    plain = plain_address(value, MAX_KNOWN_LENGTH, _known_uri, Address)
    return plain or read_any_address(value)


def read_any_address(value: bytes) -> Address:
    """Take an address apart in whatever form it was written."""
    if found := NAME_ADDR.match(value):
        name, octets, rest = found.groups()
        name = name.strip()
        quoted = name[:1] == name[-1:] == b'"'
        display = _unquote(name[1:-1]) if quoted else text(name)
    elif b"<" in value:  # a quote that never closes swallowed the URI
        angle = value.find(b"<", value.rfind(b'"'))
        return parse_address(value[angle if angle >= 0 else value.rfind(b"<") :])
    else:  # addr-spec: parameters belong to the header, not to the URI (section 20.10)
        octets, semicolon, rest = value.partition(b";")
        display, rest = "", semicolon + rest
    return Address(display, parse_uri(octets), rest)


def parse_parameters(octets: bytes) -> dict[str, str]:
    """Return header parameters; the first of a repeated name counts."""
    found: dict[str, str] = {}
    for name, value in PARAMETER.findall(octets):
        plain = _unquote(value.strip(b'"')) if value[:1] == b'"' else text(value)
        found.setdefault(text(name).lower(), plain)
    return found


def _unquote(quoted: bytes) -> str:
    """Undo the backslashes of a quoted string (section 25.1, quoted-pair)."""
    plain = text(quoted)
    if "\\" not in plain:
        return plain
    return ESCAPED.sub(r"\1", plain)


def split_list(value: bytes) -> list[bytes]:
    """Split a header value at its top-level commas (section 7.3.1)."""
    if b"," not in value:
        return [value.strip()]
    return [element for piece in ELEMENT.findall(value) if (element := piece.strip())]


def tag_of(value: bytes) -> bytes:
    """Return the tag of a From or To value; empty if it has none (section 19.3).

    Runs for every message heard, so it looks before it parses: behind the last quote the first
    `>` ends the URI, and mostly the tag is all that follows.
    """
    angle = value.find(b">", value.rfind(b'"') + 1)
    if value.count(b"<", 0, max(angle, 0)) == 1:
        if value.startswith(b";tag=", angle + 1):
            return value[angle + 6 :].partition(b";")[0].strip()
        if value.find(b";", angle + 1) < 0:
            return b""
    return parse_address(value).parameters.get("tag", "").encode() if b";" in value else b""


def branch_of(via: bytes) -> bytes:
    """Return the branch of the first hop of a Via value; empty if it has none."""
    if found := BRANCH.match(via):
        return found[1]
    _, semicolon, rest = split_list(via)[0].partition(b";") if via.strip(b", ") else (b"", b"", b"")
    return parse_address(b"<>" + semicolon + rest).parameters.get("branch", "").encode()
