# SPDX-License-Identifier: Apache-2.0
"""Octets of a datagram or stream -> SIP messages (RFC 3261 sections 7 and 18.3).

Asks "what will the phone see?", never "is this valid?". What carries no SIP at all is neither a
message nor malformed; the caller counts it as other traffic.
"""

from edge.decode.sip.grammar import JUNK_LIMIT, LINE_END, METHOD_WORD, START_SEARCH
from edge.decode.sip.head import NO_NUMBER, Head, read_head, scan, start_type
from edge.decode.sip.message import SipMessage
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

MAX_MESSAGES = 64
"Messages taken from one datagram; 65,507 octets hold no more real ones."


def read_datagram(unit: Unit, flow: Flow, data: bytes) -> list[SipMessage | Malformed]:
    """Return the messages in one datagram, in order; empty if it carries no SIP."""
    if head := scan(data, 0):
        _, end, body_at, length, *_ = head
        # As most are: plain, and alone in their datagram, without anything odd.
        if length != NO_NUMBER and body_at + max(0, length) == len(data):
            return [SipMessage(unit, flow, head, data[:end], data[body_at:])]
    start = 0 if _begins(data) else find_start(data)
    found: list[SipMessage | Malformed] = []
    while start >= 0:
        if len(found) == MAX_MESSAGES:
            why = f"more than {MAX_MESSAGES} messages in one datagram"
            found.append(Malformed("sip", start, why, data[start:], unit))
            break
        message, start = read_message(unit, flow, data, start)
        found.append(message)
        start = _next_start(data, start)
    return found


def _begins(data: bytes) -> bool:
    """Whether the first octets are plainly those of a message; what is odd is searched for."""
    if data.startswith(b"SIP/2.0 "):
        return True
    line_end = data.find(b"\r\n")
    return data.endswith(b" SIP/2.0", 0, line_end) and METHOD_WORD.match(data) is not None


def find_start(data: bytes) -> int:
    """Return where the first start line begins, junk before it passed over; -1 if none does."""
    start = len(data) - len(data.lstrip(b"\r\n \t\x00"))  # section 7.5: leading CRLF are no fault
    line = LINE_END.split(data[start : start + JUNK_LIMIT], 1)[0]
    if start_type(line):
        return start
    found = START_SEARCH.search(data, 0, JUNK_LIMIT)
    return found.start() if found else -1


def _next_start(data: bytes, start: int) -> int:
    """Return where a further message begins behind one that ended at `start`, or -1."""
    if start >= len(data):
        return -1
    while data.startswith((b"\r", b"\n"), start):
        start += 1
    end = data.find(b"\n", start, start + JUNK_LIMIT)
    line = data[start : end if end >= 0 else start + JUNK_LIMIT]
    return start if start_type(line.rstrip(b"\r")) else -1


def read_message(
    unit: Unit, flow: Flow, data: bytes, start: int
) -> tuple[SipMessage | Malformed, int]:
    """Read the message at `start`; returns it and where it ends."""
    head = read_head(data, start)
    if head is None:
        return Malformed("sip", start, "no start line", data[start:], unit), len(data)
    return _message(unit, flow, data, start, head)


def _message(unit: Unit, flow: Flow, data: bytes, start: int, head: Head) -> tuple[SipMessage, int]:
    """Return the message with this head, and where it ends."""
    end, oddities = _body_end(data, head)
    octets, body = data[start : head[1]], data[head[2] : end]
    return SipMessage(unit, flow, head, octets, body, oddities), end


def _body_end(data: bytes, head: Head) -> tuple[int, tuple[str, ...]]:
    """Return where the body ends by Content-Length, and what was odd about it (section 18.3)."""
    _, _, body_at, length, *_ = head
    size = len(data)
    if body_at > size:
        return size, ("no empty line behind the headers",)
    if length >= 0:
        end = body_at + length
        return (end, ()) if end <= size else (size, ("body shorter than Content-Length",))
    if length == NO_NUMBER:
        return size, ("Content-Length is no number",)
    return size, () if body_at == size else ("no Content-Length",)
