# SPDX-License-Identifier: Apache-2.0
"""A storm of INVITEs on the mirrored switch, as a campaign makes one, at a rate of its own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from threading import Event, Thread

from edge import clock
from hil.region.tables import ABROAD, PHONE, SWITCH
from hil.rig.mirror import Call, frame, invite

BATCH_S = 0.005
ROOM = 4 << 20


class Storm:
    """Frames that nobody answers: they go by the bridge, and so to the box's mirror port."""

    def __init__(self, interface: str) -> None:
        """Send by an interface that is a port of the bridge."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        self._socket.bind((interface, 0))
        self.sent = 0
        self.seconds = 0.0

    @contextmanager
    def blowing(self, rate: int, seconds: float) -> Iterator[None]:
        """Send so many a second for so long, beside what the block does; ends with both."""
        frames = [_frame(n) for n in range(round(rate * seconds))]
        thread = Thread(target=self._blow, args=(frames, rate), name="storm", daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            self._socket.close()

    def _blow(self, frames: list[bytes], rate: int) -> None:
        began_s, pause = clock.monotonic_s(), Event()
        while self.sent < len(frames):
            due = min(round((clock.monotonic_s() - began_s) * rate), len(frames))
            for octets in frames[self.sent : due]:
                self._socket.send(octets)
            self.sent = max(self.sent, due)
            pause.wait(BATCH_S)
        self.seconds = clock.monotonic_s() - began_s


def _frame(n: int) -> bytes:
    """Return the INVITE of one of a thousand callers whom nobody knows."""
    call = Call(
        f"+44770090{n % 1000:04}"[:13], f"+{PHONE}", IPv4Address(ABROAD), IPv4Address(SWITCH)
    )
    return frame(call, invite(call))
