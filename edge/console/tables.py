# SPDX-License-Identifier: Apache-2.0
"""What the CSV files of the configuration say of a number: `core` asks them, too.

They are read here as they are now, and only when one changed. `core` reads them once, at its start:
of a file that was changed since then it holds what stood there before, and that is said.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from edge.blocklist.csvfile import Guards, read_lines
from edge.blocklist.entry import Entry, Shape
from edge.errors import ListError

MOST_OCTETS = 4 << 20
"Of a file: about a hundred thousand lines, which take three seconds and a third of our memory."

Lines = Sequence[tuple[int, Entry]]
Stamp = tuple[int, int, int, int]
"Inode, size, and when what stands in a file, and the file itself, was changed: nanoseconds."


class File(NamedTuple):
    """One file, as it is now."""

    path: Path
    lines: Lines = ()
    "Each with its number."
    changed_s: float = 0.0
    "When it was changed last."
    why: str = ""
    "Why it cannot be searched; empty if it can."


class Found(NamedTuple):
    """An entry of a file that covers a number."""

    file: File
    line: int
    entry: Entry


class Tables:
    """The files, as they were read last."""

    def __init__(self, paths: Sequence[Path], least_prefix: int) -> None:
        """Take the files, and the guards, of the configuration; nothing is read yet."""
        self._paths = paths
        self._guards = Guards(least_prefix=least_prefix)
        self._read: dict[Path, tuple[Stamp, File]] = {}
        self._one_at_a_time = Lock()

    def files(self) -> list[File]:
        """Return all files, those that cannot be read among them."""
        with self._one_at_a_time:
            return [self._file(path) for path in self._paths]

    def _file(self, path: Path) -> File:
        try:
            stat = path.stat()
        except OSError as refusal:
            return File(path, why=f"{path}: {refusal.strerror}")
        stamp = stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
        held = self._read.get(path)
        if held is None or held[0] != stamp:
            # A rename leaves the time of what stands there; that of the file itself is of now.
            file = File(path, changed_s=max(stat.st_mtime, stat.st_ctime))
            held = self._read[path] = stamp, self._lines(file, stat.st_size)
        return held[1]

    def _lines(self, file: File, size: int) -> File:
        if size > MOST_OCTETS:
            return file._replace(why=f"{file.path}: larger than {MOST_OCTETS} octets")
        try:
            return file._replace(lines=read_lines(file.path, self._guards))
        except ListError as error:
            return file._replace(why=str(error))


def covering(files: Sequence[File], digits: str) -> Iterator[Found]:
    """Yield the entries whose numbers cover this one, file by file."""
    for file in files:
        for line, entry in file.lines:
            if covers(entry, digits):
                yield Found(file, line, entry)


def covers(entry: Entry, digits: str) -> bool:
    """Return whether a number is one of those that an entry names."""
    if entry.shape is Shape.PREFIX:
        return digits.startswith(entry.low)
    return len(digits) == len(entry.low) and entry.low <= digits <= entry.high
