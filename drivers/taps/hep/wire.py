# SPDX-License-Identifier: Apache-2.0
"""HEP packets out of a TCP stream, by the length that each begins with. Octets in, packets out.

What is in a packet is read in `edge.decode.hep`.
"""

from edge.decode.hep import HEADER, MAGIC


class Framer:
    """One stream. Holds less than two packets, 65,535 octets each at most."""

    def __init__(self) -> None:
        """Start where a packet should begin."""
        self.gaps = 0
        "How often octets were passed over to find the next packet."
        self._held = b""
        self._lost = False

    @property
    def holds(self) -> bool:
        """Whether a packet has begun and is not whole."""
        return bool(self._held)

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the packets that are whole now."""
        held = self._held + octets
        packets = []
        at = 0
        while len(held) - at >= HEADER.size:
            magic, length = HEADER.unpack_from(held, at)
            if magic != MAGIC or length < HEADER.size:
                at = self._next(held, at)
                continue
            self._lost = False
            if len(held) - at < length:
                break
            packets.append(held[at : at + length])
            at += length
        self._held = held[at:]
        return packets

    def _next(self, held: bytes, at: int) -> int:
        """Return where the next packet may begin: at its magic, or a part of that at the end."""
        self.gaps += not self._lost
        self._lost = True
        found = held.find(MAGIC, at + 1)
        return found if found >= 0 else max(at + 1, len(held) - len(MAGIC) + 1)
