# SPDX-License-Identifier: Apache-2.0
"""Tells a mirror port's second copy of a datagram from a sender's own repeat of it.

A switch that mirrors both of its ports, or both directions of one, shows many packets twice, within
microseconds. A SIP sender repeats after T1, half a second (RFC 3261 section 17.1.1.1). So what
comes again whole, between the same ends, within a tenth of a second, is a copy.
"""

from edge.model.message import Flow

WINDOW_NS = 100_000_000
"Between a mirror's delay (below 10 ms) and the shortest T1 in the field (200 ms)."

MOST = 65_536
"Datagrams remembered; at 100,000 a second the window holds 10,000."
MOST_OCTETS = 32 << 20
"Of those datagrams: where times stand still, as in a damaged capture, no window ends."


class Copies:
    """The datagrams of the last moments. Compared whole, never by a checksum."""

    def __init__(self, window_ns: int = WINDOW_NS) -> None:
        """Remember for `window_ns` at least and twice that at most."""
        self._window_ns = window_ns
        self._turned_at = 0
        self._octets = 0
        "Of the young ones."
        self._young: dict[bytes, tuple[Flow, int]] = {}
        self._old: dict[bytes, tuple[Flow, int]] = {}

    def is_copy(self, flow: Flow, data: bytes, at: int) -> bool:
        """Whether the same octets between the same ends were heard just before `at`."""
        crowded = len(self._young) >= MOST or self._octets >= MOST_OCTETS
        if crowded or not 0 <= at - self._turned_at < self._window_ns:
            self._old, self._young, self._turned_at, self._octets = self._young, {}, at, 0
        known = self._young.get(data) or self._old.get(data)
        if known and known[0] == flow and abs(at - known[1]) < self._window_ns:
            return True
        self._young[data] = (flow, at)
        self._octets += len(data)
        return False
