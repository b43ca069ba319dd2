# SPDX-License-Identifier: Apache-2.0
"""SIP over a stream (RFC 3261 section 18.3): where one message ends and the next begins.

One framer a direction of a connection. It joins in the middle, and starts again at the next start
line after a gap; what it had begun by then is lost and said so.
"""

from edge.decode.sip.framer import read_message
from edge.decode.sip.grammar import HEAD_END, NAMES, START_SEARCH
from edge.decode.sip.head import start_type
from edge.decode.sip.message import SipMessage
from edge.model.message import Flow, Malformed
from edge.model.unit import Unit

MAX_HEAD = 64 * 1024
"Octets without the end of a head after which this is no SIP message."

MAX_MESSAGE = 256 * 1024
"Octets of one message; a longer body is refused by every switch we know."

SEARCHED = 4096
"Octets kept while no start line was found: a start line may come in pieces."

WHITE = b"\r\n\x00 \t"


class StreamFramer:
    """The octets of one direction, as far as they belong to an unfinished message."""

    __slots__ = ("_begun", "_pending", "_units")

    def __init__(self) -> None:
        """Join a connection, maybe in the middle."""
        self._pending = b""
        self._units: list[Unit] = []
        "What the pending octets came in: evidence of the message they become."
        self._begun = False
        "Whether `_pending` begins with a start line."

    @property
    def held(self) -> int:
        """Octets held."""
        return len(self._pending)

    def feed(self, unit: Unit, flow: Flow, octets: bytes) -> list[SipMessage | Malformed]:
        """Return the messages that these octets complete, in order."""
        found: list[SipMessage | Malformed] = []
        self._pending += octets
        self._units.append(unit)
        while self._pending:
            if not self._begun and not self._find_start():
                break
            size = self._message_size()
            if size > MAX_MESSAGE or (not size and len(self._pending) > MAX_HEAD):
                found.append(Malformed("sip", 0, "message without end", self._pending, unit))
                self._skip_line()
            elif not size or size > len(self._pending):
                break
            else:
                found.append(self._message(unit, flow, size))
        if not self._begun:
            self._units = []
        return found

    def _message(self, unit: Unit, flow: Flow, size: int) -> SipMessage | Malformed:
        """Take the message in front; what follows it came in the last unit."""
        message, _ = read_message(unit, flow, self._pending[:size], 0)
        if isinstance(message, SipMessage):
            message.earlier = tuple(self._units[:-1])
        self._pending, self._begun, self._units = self._pending[size:], False, [unit]
        return message

    def gap(self, unit: Unit) -> list[SipMessage | Malformed]:
        """Note that octets are missing; returns what was begun and cannot be finished."""
        lost = self._pending if self._begun else b""
        self._pending, self._begun, self._units = b"", False, []
        return (
            [Malformed("sip", len(lost), "cut by a gap in the stream", lost, unit)] if lost else []
        )

    def _find_start(self) -> bool:
        """Put a start line in front; False if none has been heard yet."""
        pending = self._pending.lstrip(WHITE)  # keep-alive octets, RFC 5626 section 3.5.1
        self._pending = pending
        end = pending.find(b"\n")
        if start_type(pending[: max(end, 0)].rstrip(b"\r")):
            self._begun = True
            return True
        found = START_SEARCH.search(pending)
        if found:
            self._pending, self._begun = pending[found.start() :], True
            return True
        self._pending = pending[-SEARCHED:]
        return False

    def _message_size(self) -> int:
        """Return how long the message in front is, body included; 0 if its head has not ended."""
        end = HEAD_END.search(self._pending, 0, MAX_HEAD)
        if not end:
            return 0
        for line in self._pending[: end.start()].split(b"\n")[1:]:
            name, _, value = line.partition(b":")
            if NAMES[name] == b"content-length":
                digits = value.strip()
                known = digits.isdigit() and len(digits) <= len(str(MAX_MESSAGE))
                return end.end() + (int(digits) if known else 0)
        return end.end()  # section 20.14 asks for it on streams; without it there is no body

    def _skip_line(self) -> None:
        """Give up the start line in front and look for another behind it."""
        self._pending = self._pending.partition(b"\n")[2]
        self._begun = False
