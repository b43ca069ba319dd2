# SPDX-License-Identifier: Apache-2.0
"""A bundle that comes in blocks, each known by a hash that was signed before it was asked for.

The file has its whole size from the beginning. No book is kept of what is here: after a kill or a
power cut every block is hashed again, and what is not right is asked for again.
"""

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from edge.blocklist.store import FULL, sync_folder
from edge.report.lists.pull import Took, Wanted, wanted
from edge.update.manifest import Release
from edge.update.state import Failed, Folder, Why

RESERVE = 64 << 20
"Octets that a bundle leaves free: what is reported and proved goes on meanwhile."
PART, MAKING, WHOLE = ".part", ".making", ".raucb"
_FULL = FULL | {errno.EFBIG}


class Part:
    """One bundle on its way."""

    def __init__(self, path: Path, release: Release, hashes: Sequence[bytes]) -> None:
        """Go on from what is in a file of the right size. Raises `OSError`."""
        self.release = release
        self._path = path
        self._hashes = hashes
        self._file = os.open(path, os.O_RDWR)
        self._here = {at for at, right in enumerate(hashes) if self._hash(at) == right}

    @property
    def missing(self) -> int:
        """How many blocks are still to come."""
        return len(self._hashes) - len(self._here)

    @property
    def percent(self) -> int:
        """How much is here, rounded down."""
        return 100 * len(self._here) // len(self._hashes)

    def _length(self, index: int) -> int:
        return min(self.release.block, self.release.size - index * self.release.block)

    def _hash(self, index: int) -> bytes:
        octets = os.pread(self._file, self._length(index), index * self.release.block)
        return hashlib.sha256(octets).digest()

    def take(self, index: int, octets: bytes) -> Took:
        """Keep a block if it is the one that was signed. Raises `OSError` on a full disk."""
        if not 0 <= index < len(self._hashes) or len(octets) != self._length(index):
            return Took.WRONG
        if hashlib.sha256(octets).digest() != self._hashes[index]:
            return Took.WRONG
        if index in self._here:
            return Took.TWICE
        os.pwrite(self._file, octets, index * self.release.block)
        self._here.add(index)
        return Took.NEW

    def wanted(self, most: int) -> Wanted:
        """Return the next blocks that are missing."""
        return wanted((at for at in range(len(self._hashes)) if at not in self._here), most)

    def lacks(self, asked: frozenset[int]) -> bool:
        """Whether one of these is not here."""
        return not asked <= self._here

    def finish(self) -> Path:
        """Return the whole bundle, on disk under its name. Raises `Failed` if it is another."""
        os.fsync(self._file)
        with self._path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.release.sha256:  # then the signed hashes are of something else
            self._path.unlink()
            raise Failed(Why.TRUNCATED, f"the bundle is {found[:16]}..., signed was another")
        whole = self._path.with_suffix(WHOLE)
        self._path.replace(whole)
        sync_folder(whole.parent)
        return whole

    def close(self) -> None:
        """Leave the file as it is, for another life."""
        os.close(self._file)


def whole_bundle(folder: Folder, release: Release) -> Path | None:
    """Return the bundle if it is here to its last octet."""
    path = folder.path / f"{release.sha256}{WHOLE}"
    if not path.exists() or path.stat().st_size != release.size:
        return None
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return path if found == release.sha256 else None


def open_part(folder: Folder, release: Release, hashes: Sequence[bytes]) -> Part:
    """Return a bundle as far as it has come; all its room is taken now. Raises `Failed`."""
    path = folder.path / f"{release.sha256}{PART}"
    only(folder, path)
    had = path.stat().st_size if path.exists() else -1
    if had != release.size:
        path.unlink(missing_ok=True)
        _make(folder, path, release.size)
    return Part(path, release, hashes)


def _make(folder: Folder, path: Path, size: int) -> None:
    free = folder.free()
    if free < size + RESERVE:
        text = f"{size + RESERVE >> 20} MiB are needed, some to spare, and {free >> 20} are free"
        raise Failed(Why.NO_SPACE, text)
    new = path.with_suffix(MAKING)
    opened = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        os.posix_fallocate(opened, 0, size)
    except OSError as error:
        new.unlink()
        if error.errno in _FULL:
            raise Failed(Why.NO_SPACE, f"{size >> 20} MiB: {error.strerror}") from error
        raise
    finally:
        os.close(opened)
    new.replace(path)


def only(folder: Folder, *kept: Path) -> None:
    """Remove what is there of other bundles."""
    for path in folder.path.iterdir():
        if path.suffix in {PART, MAKING, WHOLE} and path not in kept:
            path.unlink()
