# SPDX-License-Identifier: Apache-2.0
"""SIP as a redirect server reads and writes it (RFC 3261 sections 8.2.6, 18.2; RFC 3581). Pure.

A response repeats what names the request: the Via chain, From, To, Call-ID and CSeq.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from edge.decode.sip.message import SipMessage
from edge.decode.sip.uri import Uri, split_list

PORT = 5060
"Of a sent-by that names none (section 18.2.2)."

ALLOW = b"Allow: INVITE, ACK, CANCEL, OPTIONS"

_SENT = re.compile(
    rb"\s*+SIP\s*+/\s*+2\.0\s*+/\s*+[\w!%'*+.`~-]++\s++(\[[0-9A-Fa-f:.]++\]|[^\s:;,\[\]]++)"
    rb"\s*+(?::\s*+(\d++)\s*+)?+",
    re.IGNORECASE,
)
_RECEIVED = re.compile(rb";\s*received\s*=[^;]*", re.IGNORECASE)
_RPORT = re.compile(rb";\s*rport\s*(?:=\s*(\d{0,5})\s*)?(?=;|$)", re.IGNORECASE)
_CONTROLS = bytes((*range(9), *range(11, 32), 127))
"What may not stand in a header: all of C0 but the tab, and the line feed that ends it."
_TAIL = b"\r\nServer: Qalqan-Edge\r\nContent-Length: 0\r\n\r\n"
MAX_PORT = 65_535
MAX_DIGITS = 10
"Of a sequence number, which is less than 2**31 (section 8.1.1.5), and of any other."


class Peer(NamedTuple):
    """Who sent a packet."""

    host: str
    "Address as text."
    port: int
    packed: bytes
    "The address, 4 or 16 octets."


class Via(NamedTuple):
    """The first value of the Via chain: the hop that asks."""

    value: bytes
    host: bytes
    port: int
    "Of sent-by; the default if it names none."
    rport: bytes | None
    "Empty if asked for (RFC 3581 section 3); None if not."


def read_via(value: bytes) -> Via | None:
    """Return a Via value taken apart; None if it cannot be read as one of SIP 2.0."""
    sent = value.partition(b";")[0]
    end = _known_end(sent) if len(sent) <= MAX_KNOWN_LENGTH else _end(sent)
    return Via(value, *end, _rport(value)) if end else None


def _end(sent: bytes) -> tuple[bytes, int] | None:
    """Return host and port of what stands in a Via value before its parameters."""
    found = _SENT.fullmatch(sent)
    if not found:
        return None
    host, digits = found.groups()
    port = int(digits[:MAX_DIGITS]) if digits else PORT
    return (host, port) if port <= MAX_PORT else None


_known_end = lru_cache(maxsize=4096)(_end)
"A switch sends from few places."

MAX_KNOWN_LENGTH = 128
"Octets of a place worth remembering; longer ones only an attack has."


def _rport(value: bytes) -> bytes | None:
    if b"rport" not in value.lower():
        return None
    found = _RPORT.search(value)
    return (found[1] or b"") if found else None


def via_chain(message: SipMessage) -> list[bytes]:
    """Return the Via values, newest hop first; a line that is one value is not searched twice."""
    lines = message.headers.get(b"via", [])
    for line in lines:
        if b"," in line:
            return [value for line in lines for value in split_list(line)]
    return lines


def marked(via: Via, peer: Peer) -> bytes:
    """Return the first Via value as a server sends it back (18.2.1; RFC 3581 section 4)."""
    value = via.value
    if b"received" in value.lower():  # the peer's word on where it is does not count
        value = _RECEIVED.sub(b"", value)
    host = peer.host.encode()
    if via.rport is not None:
        value = _RPORT.sub(b";rport=%d" % peer.port, value, count=1)
        return value + b";received=" + host
    return value if via.host.strip(b"[]") == host else value + b";received=" + host


def return_port(via: Via, peer: Peer) -> int:
    """Return the port of its address that an answer over UDP goes to (18.2.2)."""
    return via.port if via.rport is None else peer.port


def came_from(vias: list[bytes]) -> tuple[str, int] | None:
    """Return where the peer itself heard the request, by the second hop of its Via chain.

    None if the peer made the request, or the hop is told by name only.
    """
    via = read_via(vias[1]) if len(vias) > 1 else None
    if via is None:
        return None
    found = _RECEIVED.search(via.value) if b"received" in via.value.lower() else None
    host = found[0].partition(b"=")[2] if found else via.host
    port = int(via.rport) if via.rport else via.port
    return host.strip(b"[] \t").decode("latin-1"), port & 0xFFFF


def method_of(cseq: bytes) -> str:
    """Return the method of a CSeq value with single blanks; empty if it is none."""
    number, _, method = cseq.partition(b" ")
    if not number.isdigit() or len(number) > MAX_DIGITS:
        return ""
    return method.decode("latin-1")


def request_line(message: SipMessage) -> tuple[bytes, bytes]:
    """Return Request-URI and version as spelled; the URI is empty if there is none."""
    words = message.octets.partition(b"\n")[0].split()
    return b" ".join(words[1:-1]), words[-1].upper()


def contact_of(uri: Uri, next_hop: str) -> str:
    """Return where the call goes on: the number that was asked for, at the next hop.

    The Request-URI itself where there is no next hop, or no number that could stand before one.
    """
    if not next_hop or not uri.user or uri.scheme not in {"sip", "sips", "tel", ""}:
        return uri.raw
    phone = ";user=phone" if uri.scheme == "tel" else ""  # section 19.1.6
    return f"{uri.scheme if uri.scheme == 'sips' else 'sip'}:{uri.user}@{next_hop}{phone}"


def header(name: str, value: str) -> bytes:
    """Return a header line, without its end; nothing in it can end it."""
    return f"{name}: {value}".replace("\n", " ").encode(errors="replace")


def contact(uri: str) -> bytes:
    """Return a Contact line. Without it a redirect goes nowhere (section 8.1.3.4)."""
    return header("Contact", f"<{uri.replace('>', '').replace('<', '')}>")


class Reply(NamedTuple):
    """What is said to a request, before it is addressed."""

    status: int
    phrase: str
    lines: tuple[bytes, ...] = ()
    "Headers of its own."

    @property
    def first(self) -> bytes:
        """The status line."""
        return _status_line(self.status, self.phrase)


@lru_cache(maxsize=64)
def _status_line(status: int, phrase: str) -> bytes:
    return f"SIP/2.0 {status} {phrase}".replace("\n", " ").encode(errors="replace")


def compose(reply: Reply, message: SipMessage, vias: list[bytes], tag: bytes) -> bytes:
    """Return the octets of a response: what it repeats of the request, then what is its own.

    Args:
        reply: What is said.
        message: The request; a header that it lacks is not repeated.
        vias: The Via chain, its first value marked.
        tag: For To, unless the request is within a dialog (section 8.2.6.2).
    """
    lines = [reply.first, *(b"Via: " + value for value in vias)]
    if caller := message.first(b"from"):
        lines.append(b"From: " + caller)
    if to := message.first(b"to"):
        lines.append(b"To: " + (to if message.to_tag else to + b";tag=" + tag))
    if call := message.first(b"call-id"):
        lines.append(b"Call-ID: " + call)
    if number := message.first(b"cseq"):
        lines.append(b"CSeq: " + number)
    lines += reply.lines
    # No line has a line feed in it: those of the request were told apart by them.
    return b"\n".join(lines).translate(None, _CONTROLS).replace(b"\n", b"\r\n") + _TAIL
