# SPDX-License-Identifier: Apache-2.0
"""A probe on a pseudo-terminal: what is plugged in by USB, and can be unplugged."""

import os
import pty
import tty

from hil.e1.probe import Probe


class PtyProbe(Probe):
    """Writes into the far end of a pty; `port` is the end that a driver opens."""

    def __init__(self, start: int = 1) -> None:
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.port = os.ttyname(self._near)
        super().__init__(self.write, start)

    def write(self, octets: bytes) -> None:
        """Put octets on the line, all at once: a test that fills it is wrong."""
        assert os.write(self._far, octets) == len(octets)

    def unplug(self) -> None:
        """Be gone; may be said twice."""
        for end in (self._far, self._near):
            if end >= 0:
                os.close(end)
        self._far = self._near = -1

    close = unplug
