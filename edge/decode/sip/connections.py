# SPDX-License-Identifier: Apache-2.0
"""SIP on TCP connections (RFC 3261 section 18) and on WebSockets (RFC 7118): octets -> messages.

A connection is asked what it carries, as any port may carry SIP. One that has shown none after a
while is not SIP; the caller is told, so that nobody puts its segments in order any longer.
"""

from collections import Counter

from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.decode.sip.stream import StreamFramer
from edge.decode.tcp import Closed, Stretch
from edge.decode.walk import Path
from edge.decode.websocket import HANDSHAKES, WebSocketFramer
from edge.model.message import Flow, Malformed

ASKED = 32 * 1024
"Octets of a direction without a start line after which it is held to be something else."

MAX_HELD = 16 << 20
"Octets of messages begun, all connections together, the cost of their units included."

Found = list[SipMessage | Malformed]
_Key = tuple[Flow, Path]


class _Connection:
    """One direction of a connection."""

    __slots__ = ("asked", "cost", "framer", "is_sip", "socket")

    def __init__(self) -> None:
        self.framer = StreamFramer()
        self.socket: WebSocketFramer | None = None
        self.asked = 0
        self.is_sip = False
        self.cost = 0

    @property
    def held(self) -> int:
        """Octets of what was begun."""
        return self.framer.held + (self.socket.held if self.socket else 0)

    def drop(self) -> None:
        """Give up what was begun."""
        self.framer = StreamFramer()
        if self.socket:
            self.socket.gap()


class SipConnections:
    """What is begun and not finished on every connection that may carry SIP."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.counts: Counter[str] = Counter()
        "What may have hidden a message, by cause."
        self._connections: dict[_Key, _Connection] = {}
        self._begun: dict[_Key, _Connection] = {}
        "Those of them that hold something; who began first stands first."
        self._cost = 0

    def __len__(self) -> int:
        """Directions of connections followed."""
        return len(self._connections)

    def feed(self, stretch: Stretch) -> Found | None:
        """Return the messages that the octets complete; None if this is no SIP after all."""
        key = (stretch.flow, stretch.path)
        connection = self._connections.get(key)
        if connection is None:
            connection = self._connections[key] = _Connection()
            if not stretch.gap and stretch.data.startswith(HANDSHAKES):
                connection.socket = WebSocketFramer()
        found = self._gap(connection, stretch) if stretch.gap else []
        if connection.socket:
            found += self._from_socket(connection.socket, stretch)
        else:
            found += connection.framer.feed(stretch.unit, stretch.flow, stretch.data)
        connection.is_sip = connection.is_sip or bool(found) or connection.framer.begun
        connection.asked += len(stretch.data)
        if not connection.is_sip and connection.asked > ASKED:
            self._forget(key)
            return None
        self._weigh(key, connection)
        return found

    def _weigh(self, key: _Key, connection: _Connection) -> None:
        """Note what a connection holds; of too much in all, what was begun first is given up."""
        cost = connection.held + connection.framer.cost_of_units
        self._cost += cost - connection.cost
        connection.cost = cost
        if not cost:
            self._begun.pop(key, None)
            return
        self._begun.setdefault(key, connection)
        while self._cost > MAX_HELD:
            first = self._begun.pop(next(iter(self._begun)))
            self.counts["tcp messages crowded out"] += first.is_sip
            first.drop()
            self._cost -= first.cost
            first.cost = 0

    def _forget(self, key: _Key) -> _Connection | None:
        connection = self._connections.pop(key, None)
        if connection:
            self._begun.pop(key, None)
            self._cost -= connection.cost
        return connection

    def _gap(self, connection: _Connection, stretch: Stretch) -> Found:
        """Begin again behind missing octets."""
        if connection.is_sip:
            self.counts["tcp gap in sip"] += 1
        if connection.socket:
            connection.socket.gap()
            return []
        return connection.framer.gap(stretch.unit)

    def _from_socket(self, socket: WebSocketFramer, stretch: Stretch) -> Found:
        """Return the messages in the frames; each WebSocket message is one SIP message."""
        flow = stretch.flow
        flow = Flow(flow.source, flow.destination, flow.source_port, flow.destination_port, "ws")
        compressed, overlong = socket.compressed, socket.overlong
        payloads = socket.feed(stretch.data)
        self.counts["compressed websocket frame"] += socket.compressed - compressed
        self.counts["overlong websocket message"] += socket.overlong - overlong
        return [m for octets in payloads for m in read_datagram(stretch.unit, flow, octets)]

    def close(self, closed: Closed) -> None:
        """Forget a connection that is over; what it had begun is counted."""
        connection = self._forget((closed.flow, closed.path))
        if connection and connection.is_sip and connection.held:
            self.counts["closed within a message"] += 1
