# SPDX-License-Identifier: Apache-2.0
"""Reads an SQLite file that another process writes, replaces or removes, and never writes it.

Rights to read are enough. While there is a log beside the file, its writer lives or was killed:
SQLite takes both together. After an orderly end there is none, and whoever may not write in the
folder can read the file only as one that does not change; so it is looked at afterwards whether a
log came up meanwhile. A reader that made the log itself would lock the writer out of it.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from edge.report.outbox.database import BUSY_S, identity

T = TypeVar("T")
TRIES = 3


class _Seen(NamedTuple):
    """What stands under the name."""

    file: tuple[int, int]
    logged: bool


class Follower:
    """The file that stands under a name now."""

    def __init__(self, path: Path) -> None:
        """Follow `path`, which need not be there yet."""
        self.trouble = ""
        "Why the last reading found nothing; empty if it did not fail."
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._link: sqlite3.Connection | None = None
        self._opened: _Seen | None = None

    def read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Return what `work` finds in the file; `otherwise` where it cannot be read now."""
        self.trouble = "it changes hands"
        for _ in range(TRIES):
            seen = self._look()
            if seen is None:
                self._fail("there is no file")
                return otherwise
            try:
                found = work(self._open(seen))
            except sqlite3.Error as error:
                self._fail(str(error))
                return otherwise
            if seen == self._look():
                self.trouble = ""
                return found
        return otherwise

    def _look(self) -> _Seen | None:
        file = identity(self._path)
        return None if file is None else _Seen(file, self._log.exists())

    def _open(self, seen: _Seen) -> sqlite3.Connection:
        if self._link is None or seen != self._opened:
            self.close()
            how = "mode=ro" if seen.logged else "immutable=1"
            uri = f"file:{quote(str(self._path))}?{how}"
            self._link = sqlite3.connect(uri, timeout=BUSY_S, isolation_level=None, uri=True)
            self._opened = seen
        return self._link

    def _fail(self, why: str) -> None:
        self.trouble = why
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._link is not None:
            with suppress(sqlite3.Error):
                self._link.close()
        self._link = self._opened = None
