# SPDX-License-Identifier: Apache-2.0
"""A serial line that is always listened to, and never blocks the loop.

A port with a file descriptor wakes the loop; one without (`rfc2217://`) is looked at every 20 ms.
"""

import asyncio
import contextlib
import io
from collections.abc import Callable

import serial

from edge.errors import DriverLost

CHUNK = 4096
LOOK_S = 0.02
"How long an octet may wait in a port that does not wake us."


class Line:
    """Takes what comes, and writes."""

    def __init__(self, address: str, port: serial.Serial, take: Callable[[bytes], None]) -> None:
        """Take a port that is open and does not block; begin to listen."""
        self.gone = asyncio.Event()
        "Set once the port is lost."
        self._why = ""
        self._address = address
        self._port = port
        self._take = take
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor = _descriptor(port)
        if self._descriptor is None:
            self._look()
        else:
            self._loop.add_reader(self._descriptor, self.hear)

    async def until(self, found: Callable[[], bool]) -> None:
        """Wait until something is found in what was taken. Raises `DriverLost`."""
        while not found():
            self.check()
            self._news.clear()
            await self._news.wait()

    def hear(self) -> None:
        """Take what has come; done by itself, but an octet may have come since."""
        if self.gone.is_set():
            return
        try:
            octets = self._octets()
        except OSError as gone:
            self._lose(str(gone))
            return
        if octets:
            self._take(octets)
            self._news.set()

    async def write(self, octets: bytes) -> None:
        """Write. Raises `DriverLost`."""
        self.check()
        try:
            await asyncio.to_thread(self._port.write, octets)
        except OSError as gone:
            self._lose(str(gone))
            self.check()

    def check(self) -> None:
        """Raise `DriverLost` if the port is lost."""
        if self.gone.is_set():
            raise DriverLost(self._why)

    async def close(self) -> None:
        """Give the port back; on `socket://` pyserial sleeps over it, so not on the loop."""
        self._lose("closed")
        await asyncio.to_thread(self._port.close)

    def _look(self) -> None:
        self.hear()
        if not self.gone.is_set():
            self._timer = self._loop.call_later(LOOK_S, self._look)

    def _octets(self) -> bytes:
        if self._descriptor is not None:
            return self._port.read(CHUNK)
        # Here a read gives one octet, or an error if the connection is gone.
        waiting = min(max(1, self._port.in_waiting), CHUNK)
        return b"".join(self._port.read() for _ in range(waiting))

    def _lose(self, why: str) -> None:
        """Note that the port is gone; the first reason stands."""
        if self.gone.is_set():
            return
        self._why = f"{self._address}: {why}"
        if self._timer:
            self._timer.cancel()
        if self._descriptor is not None:
            with contextlib.suppress(OSError, ValueError):
                self._loop.remove_reader(self._descriptor)
        self.gone.set()
        self._news.set()


def _descriptor(port: serial.Serial) -> int | None:
    try:
        return port.fileno()
    except io.UnsupportedOperation:
        return None
