# SPDX-License-Identifier: Apache-2.0
"""A number that rises with every connection, whatever becomes of the clock or of the file.

The file holds where the clock is set back; the clock holds where the file is lost.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge.blocklist.store import replace
from edge.clock import now_ns

MOST = (1 << 64) - 1


class Epochs:
    """Gives one after the other, each on disk before it is used, if anything can be."""

    def __init__(self, path: Path, now: Callable[[], int] = now_ns) -> None:
        """Go on from what the file says, if it says anything."""
        self._path = path
        self._now = now
        self._last = _read(path)

    def next(self) -> int:
        """Return a number higher than all before."""
        self._last = max(self._last + 1, self._now() // 1_000_000)
        with suppress(OSError):  # a full disk: the clock holds
            replace(self._path, b"%d\n" % self._last)
        return self._last


def _read(path: Path) -> int:
    try:
        number = int(path.read_bytes())
    except (OSError, ValueError):
        return 0
    return number if 0 <= number < MOST else 0
