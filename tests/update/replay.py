# SPDX-License-Identifier: Apache-2.0
"""A disk as a power cut leaves it: the log of QEMU's `blklogwrites`, replayed up to any write.

The log has the form of Linux' dm-log-writes: a super block, then for each request one sector that
describes it and the octets written.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
Piece = tuple[int, bytes]
"Where on the disk, in octets, and what."


@dataclass(frozen=True, slots=True)
class Write:
    """One request."""

    at: int
    """Octets from the beginning of the disk."""
    octets: bytes
    flush: bool
    """All before it has reached the medium when it ends; it too, if it writes through."""

    def sectors(self) -> list[Piece]:
        """Return the pieces that the medium takes whole or not at all."""
        whole = range(0, len(self.octets), SECTOR)
        return [(self.at + at, self.octets[at : at + SECTOR]) for at in whole]


def read_log(path: Path) -> list[Write]:
    """Return all requests of a log, in order."""
    found = []
    with path.open("rb") as log:
        magic, _, entries, sector = struct.unpack("<QQQI", log.read(28))
        assert (magic, sector) == (MAGIC, SECTOR)
        log.seek(SECTOR)
        for _ in range(entries):
            start, count, flags, _ = struct.unpack("<QQQQ", log.read(SECTOR)[:32])
            octets = b"" if flags & DISCARD else log.read(count * SECTOR)
            found.append(Write(start * SECTOR, octets, bool(flags & (FLUSH | FUA))))
    return found


class Medium:
    """A disk in memory that writes are put on, and taken off again."""

    def __init__(self, octets: bytes) -> None:
        """Begin with a disk as it was before the writes."""
        self._octets = bytearray(octets)

    def put(self, pieces: Sequence[Piece]) -> None:
        """Write pieces for good."""
        for at, octets in pieces:
            self._octets[at : at + len(octets)] = octets

    @contextmanager
    def with_these(self, pieces: Sequence[Piece]) -> Iterator[None]:
        """Write pieces, and take them back at the end of the block."""
        before = [(at, self.octets(at, len(octets))) for at, octets in pieces]
        self.put(pieces)
        try:
            yield
        finally:
            self.put(before[::-1])

    def octets(self, at: int, size: int) -> bytes:
        """Return what stands there."""
        return bytes(memoryview(self._octets)[at : at + size])

    def holds(self, at: int, octets: bytes) -> bool:
        """Say whether just these octets stand there."""
        return self._octets.startswith(octets, at)
