# SPDX-License-Identifier: Apache-2.0
"""WebSocket (RFC 6455) as it carries SIP (RFC 7118): frames of one direction -> whole messages.

The opening handshake is HTTP and is stepped over; masks are taken off; a message in several frames
is joined. Compressed messages (RFC 7692) are not opened, and are counted by the caller.
"""

from edge.decode.cursor import Cursor, Short

MAX_MESSAGE = 256 * 1024
"Octets of one message, all its frames together."

HANDSHAKES = (b"GET ", b"HTTP/1.1 101")

CONTINUATION, TEXT, BINARY = 0, 1, 2
CONTROL = 0x8
FIN, COMPRESSED = 0x80, 0x40


class WebSocketFramer:
    """One direction of a connection, from its handshake on."""

    __slots__ = ("_in_frames", "_parts", "_pending", "_size", "compressed", "overlong")

    def __init__(self) -> None:
        """Begin before the handshake."""
        self._pending = b""
        self._parts: list[bytes] = []
        self._size = 0
        "Octets of the parts. Those without any are not kept: a message may have endlessly many."
        self._in_frames = False
        self.compressed = 0
        "Frames that could not be opened as they are compressed."
        self.overlong = 0
        "Messages that were longer than `MAX_MESSAGE`, or said so."

    @property
    def held(self) -> int:
        """Octets held."""
        return len(self._pending) + self._size

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the messages that these octets complete."""
        self._pending += octets
        if not self._in_frames:
            head, end, rest = self._pending.partition(b"\r\n\r\n")
            if not end:
                self._pending = head[-MAX_MESSAGE:]
                return []
            self._pending, self._in_frames = rest, True
        found: list[bytes] = []
        while self._pending and self._frame(found):
            pass
        return found

    def gap(self) -> None:
        """Note that octets are missing: frames carry no mark to begin again at."""
        self._pending = b""
        self._drop_parts()

    def _drop_parts(self) -> None:
        self._parts, self._size = [], 0

    def _frame(self, found: list[bytes]) -> bool:
        """Read one frame (section 5.2); False if it is not whole yet."""
        cursor = Cursor(self._pending)
        try:
            first, second = cursor.u8(), cursor.u8()
            size = second & 0x7F
            if size >= 126:  # noqa: PLR2004 - section 5.2: a longer length follows
                size = cursor.u16() if size == 126 else cursor.u64()  # noqa: PLR2004
            mask = cursor.take(4) if second & 0x80 else b""
            if size > MAX_MESSAGE:
                self.overlong += 1
                self.gap()
                return False
            payload = cursor.take(size)
        except Short:
            return False
        self._pending = cursor.rest()
        if not first & 0x0F & CONTROL:  # ping, pong and close may stand between frames
            self._data(first, _unmasked(payload, mask), found)
        return True

    def _data(self, first: int, payload: bytes, found: list[bytes]) -> None:
        """Add a frame to its message."""
        if first & 0x0F != CONTINUATION:
            self._drop_parts()
        if first & COMPRESSED:
            self.compressed += 1
            return
        if payload:
            self._parts.append(payload)
            self._size += len(payload)
        if self._size > MAX_MESSAGE:
            self.overlong += 1
            self._drop_parts()
        elif first & FIN:
            found.append(b"".join(self._parts))
            self._drop_parts()


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """Take the mask off (section 5.3), all octets at once."""
    if not mask:
        return payload
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)
