# SPDX-License-Identifier: Apache-2.0
"""A disk as a power cut leaves it: the log of QEMU's `blklogwrites`, replayed up to any write.

The log has the form of Linux' dm-log-writes: a super block, then for each request one sector that
describes it and the octets written.
"""

import os
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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


def read_log(path: Path, below: int = 1 << 62) -> list[Write]:
    """Return all requests of a log, in order; of those not below an octet only that they were."""
    found: list[Write] = []
    with path.open("rb") as log:
        magic, _, entries, sector = struct.unpack("<QQQI", log.read(28))
        assert (magic, sector) == (MAGIC, SECTOR)
        log.seek(SECTOR)
        for _ in range(entries):
            start, count, flags, _ = struct.unpack("<QQQQ", log.read(SECTOR)[:32])
            which = f"{path}: request {len(found)} of {entries}, at octet {log.tell() - SECTOR}"
            assert count or flags, f"{which}, is none: the log is damaged"
            size = 0 if flags & DISCARD else count * SECTOR
            octets = log.read(size) if start * SECTOR < below else b""
            log.seek(size - len(octets), os.SEEK_CUR)
            found.append(Write(start * SECTOR, octets, bool(flags & (FLUSH | FUA))))
    return found


class Medium:
    """A disk in memory that writes are put on, and taken off again."""

    def __init__(self, octets: bytes, places: Mapping[str, int] | None = None) -> None:
        """Begin with a disk as it was before the writes; `places` say where its parts begin."""
        self._octets = bytearray(octets)
        parts = sorted((at, name) for name, at in (places or {}).items())
        self._begins = [at for at, _ in parts]
        self._names = ["", *(name for _, name in parts)]
        self.changes: Counter[str] = Counter()
        "How often each part was written to: what did not change need not be looked at again."

    def put(self, pieces: Sequence[Piece]) -> None:
        """Write pieces for good."""
        self.changes.update({self.part(at) for at, _ in pieces})
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

    def part(self, at: int) -> str:
        """Return the part that an octet is on; empty before the first."""
        return self._names[bisect_right(self._begins, at)]

    def octets(self, at: int, size: int) -> bytes:
        """Return what stands there."""
        return bytes(memoryview(self._octets)[at : at + size])

    def holds(self, at: int, octets: bytes) -> bool:
        """Say whether just these octets stand there."""
        return self._octets.startswith(octets, at)
