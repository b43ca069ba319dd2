# SPDX-License-Identifier: Apache-2.0
"""Serial lines between the region and a box: a pseudo-terminal here, or QEMU's end of one.

Whoever is not there hears nothing: what is written meanwhile is lost, as on a real line.
"""

import os
import pty
import select
import socket
import tty
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_CHUNK = 4096


class Serial(Protocol):
    """The region's end of a line."""

    def write(self, octets: bytes) -> None:
        """Send octets; they are lost if nobody is there."""

    def read(self, within_s: float) -> bytes:
        """Return what was sent to us; nothing after so long without any."""

    def close(self) -> None:
        """Unplug it; may be said twice."""


class Pty:
    """A pseudo-terminal; `port` is the end that a driver opens."""

    def __init__(self) -> None:
        """Make one."""
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.port = os.ttyname(self._near)

    def write(self, octets: bytes) -> None:
        """Send octets."""
        if self._far >= 0:
            with suppress(BlockingIOError):
                os.write(self._far, octets)

    def read(self, within_s: float) -> bytes:
        """Return what was sent to us."""
        if self._far < 0 or not select.select([self._far], [], [], within_s)[0]:
            return b""
        return os.read(self._far, _CHUNK)

    def close(self) -> None:
        """Unplug it."""
        for end in (self._far, self._near):
            if end >= 0:
                os.close(end)
        self._far = self._near = -1


class Socket:
    """A serial port of a virtual machine, whose other end is a socket of this machine's."""

    def __init__(self, path: Path) -> None:
        """Take where QEMU listens; it is looked for whenever there is something to say or hear."""
        self._path = path
        self._socket: socket.socket | None = None

    def write(self, octets: bytes) -> None:
        """Send octets."""
        if one := self._there():
            try:
                one.sendall(octets)
            except OSError:
                self.close()

    def read(self, within_s: float) -> bytes:
        """Return what was sent to us."""
        one = self._there()
        if one is None or not select.select([one], [], [], within_s)[0]:
            return b""
        try:
            octets = one.recv(_CHUNK)
        except OSError:
            octets = b""
        if not octets:
            self.close()
        return octets

    def close(self) -> None:
        """Hang up."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _there(self) -> socket.socket | None:
        if self._socket is None:
            one = socket.socket(socket.AF_UNIX)
            try:
                one.connect(str(self._path))
            except OSError:
                one.close()
            else:
                self._socket = one
        return self._socket
