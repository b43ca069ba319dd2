# SPDX-License-Identifier: Apache-2.0
"""A file that comes in blocks, in any order, over any number of connections and lives.

Blocks lie in the file where they belong; a book beside it says which are here, with the hash of
each. After a kill or a power cut, what is not as the book says is asked for again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from io import BytesIO
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

BLOCK = 1 << 16
"Octets of a block; the last of a file is shorter."
WINDOW = 8
"Blocks that are asked for at once."
MOST_OCTETS = 256 << 20
"Of one file."
MOST_KEPT = 512 << 20
"Octets of all files that are on their way."
KEPT_S = 7 * 86_400
"A file that nobody asked for again in this time is not on its way any more."

_SPAN = 512  # blocks that one request can speak of
_SIZE = Struct("<Q")
_LINE = Struct("<I32s")


class Took(Enum):
    """What became of a block."""

    NEW = "new"
    TWICE = "twice"
    WRONG = "wrong"


class Wanted(NamedTuple):
    """What to ask for next."""

    first: int
    missing: str
    "Bits in hex, the highest of the first octet is block `first`."
    asked: frozenset[int]


def wanted(missing: Iterable[int], most: int) -> Wanted:
    """Return the first of these blocks, which rise, as they are asked for."""
    found = list(islice(missing, most))
    first = found[0] if found else 0
    asked = [index for index in found if index < first + _SPAN]
    span = -(-(asked[-1] - first + 1) // 8) * 8 if asked else 8
    bits = sum(1 << (span - 1 - (index - first)) for index in asked)
    return Wanted(first, f"{bits:0{span // 4}x}", frozenset(asked))


class Pull:
    """One file that is on its way. What it is given is measured; whose it is, others must know."""

    def __init__(self, data: BinaryIO, book: BinaryIO, most: int = MOST_OCTETS) -> None:
        """Go on from what is in `data` by the word of `book`; take no file larger than `most`."""
        self.size: int | None = None
        "Octets of the whole file; None until the first block says so."
        self.contradicted = False
        "Whether blocks of a file of another size came: one of both is not what it was called."
        self._data = data
        self._book = book
        self._most = most
        self._here: set[int] = set()
        self._given = 0
        self._read_book()

    @classmethod
    def in_memory(cls, most: int) -> "Pull":
        """Return a pull of a small file that is not kept."""
        return cls(BytesIO(), BytesIO(), most)

    def _read_book(self) -> None:
        """Believe the book as far as the blocks are as it says."""
        octets = self._book.read()
        size = _SIZE.unpack_from(octets)[0] if len(octets) >= _SIZE.size else self._most + 1
        if size > self._most:
            for file in (self._data, self._book):
                file.seek(0)
                file.truncate()
            return
        self.size = size
        whole = (len(octets) - _SIZE.size) // _LINE.size * _LINE.size
        for index, sha256 in _LINE.iter_unpack(octets[_SIZE.size : _SIZE.size + whole]):
            if index < self.blocks and hashlib.sha256(self._read(index)).digest() == sha256:
                self._here.add(index)
        self._book.truncate(_SIZE.size + whole)  # the power went within the last line
        self._book.seek(0, 2)

    @property
    def blocks(self) -> int:
        """How many blocks the file has, an empty one among them."""
        return max(1, -(-(self.size or 0) // BLOCK))

    def lacks(self, asked: Iterable[int]) -> bool:
        """Whether one of these blocks, if the file has it, is not here."""
        return self.size is None or any(
            index not in self._here for index in asked if index < self.blocks
        )

    @property
    def given(self) -> bool:
        """Whether `ready` has yielded all there is."""
        return self.size is not None and self._given == self.blocks

    def take(self, index: int, size: int, sha256: str, octets: bytes) -> Took:
        """Keep a block that is what it says and belongs here. Raises `OSError` on a full disk."""
        right = min(BLOCK, size - index * BLOCK) if index or size else 0
        if size > self._most or right != len(octets) or (size and not octets):
            return Took.WRONG
        found = hashlib.sha256(octets)
        if found.hexdigest() != sha256:
            return Took.WRONG
        if self.size is None:
            self.size = size
            self._book.write(_SIZE.pack(size))
        if size != self.size:
            self.contradicted = True
            return Took.WRONG
        if index in self._here:
            return Took.TWICE
        self._data.seek(index * BLOCK)
        self._data.write(octets)
        self._data.flush()
        self._book.write(_LINE.pack(index, found.digest()))
        self._book.flush()
        self._here.add(index)
        return Took.NEW

    def wanted(self, most: int = WINDOW) -> Wanted:
        """Return the next blocks that are missing; before the size is known, the first ones."""
        end = most if self.size is None else self.blocks
        missing = (index for index in range(self._given, end) if index not in self._here)
        return wanted(missing, most)

    def ready(self) -> Iterator[bytes]:
        """Yield the blocks that follow without a hole upon those that were yielded before."""
        while self._given in self._here:
            octets = self._read(self._given)
            self._given += 1
            yield octets

    def _read(self, index: int) -> bytes:
        self._data.seek(index * BLOCK)
        return self._data.read(min(BLOCK, (self.size or 0) - index * BLOCK))

    def close(self) -> None:
        """Leave the files as they are, for another life."""
        for file in (self._data, self._book):
            with suppress(OSError):  # what did not fit on the disk was told when it was written
                file.close()


class Shelf:
    """The folder of files that are on their way, each named by its hash."""

    def __init__(self, folder: Path, most: int = MOST_KEPT) -> None:
        """Use a folder; it is made if it is not there. Keep no more than `most` octets."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most = most

    def open(self, sha256: str) -> Pull:
        """Return a file as far as it has come; the longest untouched others make room for it."""
        part, book = self._paths(sha256)
        self._make_room(sha256)
        for path in (part, book):
            path.touch()
        return Pull(part.open("r+b"), book.open("r+b"))

    def drop(self, sha256: str) -> None:
        """Forget a file."""
        for path in self._paths(sha256):
            path.unlink(missing_ok=True)

    def tidy(self, now_s: int) -> None:
        """Forget the files that nobody has asked for in a long time."""
        for used_s, _, sha256 in self._kept():
            if used_s < now_s - KEPT_S:
                self.drop(sha256)

    def _make_room(self, sha256: str) -> None:
        others = [one for one in self._kept() if one[2] != sha256]
        octets = sum(size for _, size, _ in others)
        for _, size, other in others:
            if octets + MOST_OCTETS <= self._most:
                return
            self.drop(other)
            octets -= size

    def _kept(self) -> list[tuple[float, int, str]]:
        """Return last use, octets and name of the files, the longest untouched first."""
        stats = [(path.stat(), path.stem) for path in self._folder.glob("*.book")]
        return sorted(
            (stat.st_mtime, self._octets(name) + stat.st_size, name) for stat, name in stats
        )

    def _octets(self, sha256: str) -> int:
        part, _ = self._paths(sha256)
        return part.stat().st_size if part.exists() else 0

    def _paths(self, sha256: str) -> tuple[Path, Path]:
        return self._folder / f"{sha256}.part", self._folder / f"{sha256}.book"
