# SPDX-License-Identifier: Apache-2.0
"""SIP over a stream (RFC 3261 section 18.3): where one message ends and the next begins.

One framer a direction of a connection. It joins in the middle, and starts again at the next start
line after a gap; what it had begun by then is lost and said so.
"""

import re

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

_OVERHEAD = 512
"Octets that a unit costs besides its data, on the safe side."


class StreamFramer:
    """The octets of one direction, as far as they belong to an unfinished message."""

    __slots__ = ("_looked", "_pending", "_size", "_units", "begun", "cost_of_units")

    def __init__(self) -> None:
        """Join a connection, maybe in the middle."""
        self._pending = b""
        self._units: list[Unit] = []
        "What the pending octets came in: evidence of the message they become."
        self.cost_of_units = 0
        "Octets of memory, about."
        self.begun = False
        "Whether a message was begun: what is pending begins with a start line."
        self._looked = 0
        "Up to where no end of its head was found; a sender of single octets shall not cost more."
        self._size = 0
        "How long it is, once that is known."

    @property
    def held(self) -> int:
        """Octets held."""
        return len(self._pending)

    def feed(self, unit: Unit, flow: Flow, octets: bytes) -> list[SipMessage | Malformed]:
        """Return the messages that these octets complete, in order."""
        found: list[SipMessage | Malformed] = []
        self._pending += octets
        self._units.append(unit)
        self.cost_of_units += len(unit.data) + _OVERHEAD
        while self._pending:
            if not self.begun and not self._find_start():
                break
            size = self._message_size()
            if size > MAX_MESSAGE or (not size and len(self._pending) > MAX_HEAD):
                found.append(Malformed("sip", 0, "message without end", self._pending, unit))
                self._skip_line()
            elif not size or size > len(self._pending):
                break
            else:
                found.append(self._message(unit, flow, size))
        if not self.begun:
            self._keep([])
        return found

    def _keep(self, units: list[Unit]) -> None:
        self._units = units
        self.cost_of_units = sum(len(unit.data) + _OVERHEAD for unit in units)

    def _message(self, unit: Unit, flow: Flow, size: int) -> SipMessage | Malformed:
        """Take the message in front; what follows it came in the last unit."""
        message, _ = read_message(unit, flow, self._pending[:size], 0)
        if isinstance(message, SipMessage):
            message.earlier = tuple(self._units[:-1])
        self._pending, self.begun = self._pending[size:], False
        self._keep([unit])
        return message

    def gap(self, unit: Unit) -> list[SipMessage | Malformed]:
        """Note that octets are missing; returns what was begun and cannot be finished."""
        lost = self._pending if self.begun else b""
        self._pending, self.begun = b"", False
        self._keep([])
        return (
            [Malformed("sip", len(lost), "cut by a gap in the stream", lost, unit)] if lost else []
        )

    def _find_start(self) -> bool:
        """Put a start line in front; False if none has been heard yet."""
        pending = self._pending.lstrip(WHITE)  # keep-alive octets, RFC 5626 section 3.5.1
        self._pending = pending
        end = pending.find(b"\n")
        if start_type(pending[: max(end, 0)].rstrip(b"\r")):
            self._begin(pending)
            return True
        found = START_SEARCH.search(pending)
        if found:
            self._begin(pending[found.start() :])
            return True
        self._pending = pending[-SEARCHED:]
        return False

    def _begin(self, pending: bytes) -> None:
        self._pending, self.begun = pending, True
        self._looked = self._size = 0

    def _message_size(self) -> int:
        """Return how long the message in front is, body included; 0 if its head has not ended."""
        if not self._size:
            end = HEAD_END.search(self._pending, self._looked, MAX_HEAD)
            if not end:
                self._looked = max(0, len(self._pending) - 3)  # an end may be heard in pieces
                return 0
            self._size = self._size_by(end)
        return self._size

    def _size_by(self, end: re.Match[bytes]) -> int:
        """Return how long the message in front is, by its head."""
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
        self.begun = False
