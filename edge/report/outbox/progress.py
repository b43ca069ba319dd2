# SPDX-License-Identifier: Apache-2.0
"""How far the hub has got, on its way to those who keep outboxes: written down, then hinted at.

Acknowledgements come many a second; what is written is the last of them.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from edge.report.outbox.acked import read_acked, write_acked

EVERY_S = 0.05


class Progress:
    """The file `acked.json`, which this process alone writes."""

    def __init__(self, path: Path, written: Callable[[], object]) -> None:
        """Begin with what the file says; call `written` whenever it says more."""
        self.through = read_acked(path)
        "The last acknowledged number, by stream."
        self._path = path
        self._written = written
        self._news = asyncio.Event()

    def acked(self, moved: Mapping[str, int]) -> None:
        """Take over how far the hub has got in some streams."""
        self.through.update(moved)
        self._news.set()

    async def forever(self) -> None:
        """Write whenever there is something new, and what is left at the end."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await asyncio.to_thread(self._write, dict(self.through))
                self._written()
                await asyncio.sleep(EVERY_S)
        finally:
            self._write(self.through)

    def _write(self, through: Mapping[str, int]) -> None:
        """Write the file; on a full disk the one before stays, and is true."""
        with suppress(OSError):
            write_acked(self._path, through)
