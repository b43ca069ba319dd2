# SPDX-License-Identifier: Apache-2.0
"""Bundles that were asked for and are too large to be sent: fetched from here, within a week.

They hold what evidence holds, and what lets go of old evidence does not reach them: so few are
kept, and none for long.
"""

from pathlib import Path

from edge.blocklist.store import replace

KEPT_S = 7 * 86_400
MOST = 32


class Exports:
    """The folder that they lie in."""

    def __init__(self, folder: Path) -> None:
        """Leave them there; it is made if need be."""
        self._folder = folder

    def leave(self, name: str, octets: bytes) -> Path:
        """Write one, on disk before this returns; the oldest give way to it. Raises `OSError`."""
        self._folder.mkdir(exist_ok=True)
        path = self._folder / name
        replace(path, octets)
        for _, old in self._by_age()[:-MOST]:
            old.unlink(missing_ok=True)
        return path

    def prune(self, now_s: int) -> int:
        """Remove those that have lain for a week, by a clock that can be believed; return how many.

        Raises `OSError`.
        """
        over = [path for written_s, path in self._by_age() if now_s - written_s > KEPT_S]
        for path in over:
            path.unlink(missing_ok=True)
        return len(over)

    def _by_age(self) -> list[tuple[float, Path]]:
        """Return when each was written, and where it is; the oldest first."""
        if not self._folder.is_dir():
            return []
        return sorted((path.stat().st_mtime, path) for path in self._folder.iterdir())
