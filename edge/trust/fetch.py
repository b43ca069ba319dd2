# SPDX-License-Identifier: Apache-2.0
"""Where signed things come from: a port, and the driver that reads a folder of this machine.

A fetcher is not trusted: whatever it yields is measured and verified by who asked.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from edge.errors import DriverLost

_CHUNK = 1 << 16


class Missing(DriverLost):
    """There is no such file, now."""


class Fetcher(Protocol):
    """Yields the octets of a file of the repository."""

    def fetch(self, path: str) -> Iterator[bytes]:
        """Yield the file's octets; the first may raise `Missing`, any `DriverLost`."""


class LocalFetcher:
    """Reads a repository folder: a desk, a test, a memory stick. Implements `Fetcher`."""

    def __init__(self, folder: Path) -> None:
        """Read below this folder and nowhere else."""
        self._folder = folder.resolve()

    def fetch(self, path: str) -> Iterator[bytes]:
        """Yield the file's octets. Raises `Missing`."""
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder) or not place.is_file():
            raise Missing(f"{path}: no such file in the repository")
        with place.open("rb") as file:
            while octets := file.read(_CHUNK):
                yield octets
