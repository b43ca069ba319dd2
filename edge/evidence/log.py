# SPDX-License-Identifier: Apache-2.0
"""Writes a log of evidence: lines, and one leaf for every line (`shelf` says how they lie).

A leaf is written when its line is on disk, never before. So whoever reads `leaves` from another
process reads nothing that a power cut can take back, and what a cut leaves behind is at most lines
without a leaf. Those get it at the next start (`mend`).
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import msgspec

from edge import clock
from edge.blocklist.store import FULL, replace, sync_folder
from edge.errors import InputError
from edge.evidence.mend import look, lost_line, whole
from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import LEAVES, PRUNED, Pruned, days, last_place, line_files, pruned

DAY_NS = 86_400 * 10**9


class Appended:
    """A file that octets are only ever added to, whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Open to go on where it ends."""
        self.path = path
        self._file = path.open("ab", buffering=0)
        self.size = self._file.seek(0, os.SEEK_END)

    def append(self, octets: bytes) -> int:
        """Add octets, past the reach of a kill; returns where they begin. Raises `OSError`."""
        at = self.size
        try:
            written = self._file.write(octets)
        except OSError:
            self.cut(at)
            raise
        if written != len(octets):
            self.cut(at)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.size = at + written
        return at

    def end_line(self) -> None:
        """Have the next line begin on its own: the power may have gone within the last."""
        if not self.size:
            return
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            torn = file.read() != b"\n"
        if torn:
            self.append(b"\n")

    def cut(self, size: int) -> None:
        """Take back what was written past `size`."""
        with suppress(OSError):
            os.ftruncate(self._file.fileno(), size)
        with suppress(OSError):
            self.size = self._file.seek(0, os.SEEK_END)

    def sync(self) -> None:
        """Have it on disk. Raises `OSError`."""
        os.fsync(self._file.fileno())

    def claim(self) -> None:
        """See that no other process writes it. Raises `InputError`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as refusal:
            self.close()
            raise InputError(f"{self.path}: another process writes this log") from refusal

    def close(self) -> None:
        """Close it."""
        with suppress(OSError):
            self._file.close()


class Log:
    """A log, as its one writer holds it. `sync` and `prune` may be called from other threads."""

    def __init__(self, folder: Path, name: str, now_ns: Callable[[], int] = clock.now_ns) -> None:
        """Go on with the log in `folder`, made if need be. Raises `InputError`."""
        self.folder = folder
        self.damage: list[str] = []
        "What is not as this program left it, a sentence each."
        self.fresh: list[tuple[Path, bytes]] = []
        "Lines that got their leaf at this start, and the files they stand in."
        self._name = name
        self._now_ns = now_ns
        self._day, self._folder = -1, folder
        self._lines: Appended | None = None
        self._pending: list[bytes] = []
        self._owed: list[bytes] = []
        "Lines that stand for lost ones and found no room at the start; no leaf goes before them."
        self._touched: set[Appended] = set()
        self._retired: list[Appended] = []
        self._folders: set[Path] = set()
        self._lock = Lock()
        self._syncing = Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._leaves = Appended(folder / LEAVES)
            self._leaves.claim()
            self._folders.add(folder)
            self._mend()
        except OSError as refusal:
            raise InputError(f"{refusal.filename or folder}: {refusal.strerror}") from refusal

    def _mend(self) -> None:
        """Give lines that a kill or a power cut left without a leaf their own."""
        octets = self._leaves.path.read_bytes()
        self.size = whole(octets)
        "Lines of this log; the leaves of the last may still have to be written."
        if self.size * WIDTH != len(octets):
            self._leaves.cut(self.size * WIDTH)
        found = look(self.folder, octets[: self.size * WIDTH])
        self.damage += found.damage
        self.fresh += found.fresh
        for path in found.files:
            self.retire(Appended(path))
        for place in range(self.size, max(found.ahead, default=-1) + 1):
            leaf = found.ahead.get(place)
            if leaf is None:
                self.damage.append(f"{self.folder}: the record of leaf {place} was lost")
                line = lost_line(place)
                leaf = leaf_hash(line)
                self._owed.append(line)
            self._pending.append(leaf)
            self.size += 1
        with suppress(OSError):  # a full disk: before the next line
            self._pay()
        self.sync()

    def today(self) -> Path:
        """Return the folder of the day, made if need be. Raises `OSError`."""
        number = self._now_ns() // DAY_NS
        if self._lines is None or number != self._day:
            self._turn(number)
        return self._folder

    def _turn(self, number: int) -> Appended:
        """Begin the file of a day, or go on with it."""
        self.leave()
        self._folder = self.folder / _name_of(number)
        self._folder.mkdir(exist_ok=True)
        lines = Appended(self._folder / self._name)
        lines.end_line()
        with self._lock:
            self._folders |= {self.folder, self._folder}
        self._lines, self._day = lines, number
        return lines

    def leave(self) -> None:
        """Let go of the file of the day; the next line opens it anew."""
        if self._lines is not None:
            self.retire(self._lines)
            self._lines = None

    def touch(self, file: Appended) -> None:
        """Have another file on disk before the leaf of the next line is written."""
        with self._lock:
            self._touched.add(file)

    def retire(self, file: Appended) -> None:
        """Close a file once it is on disk."""
        with self._lock:
            self._touched.add(file)
            self._retired.append(file)

    def append(self, line: bytes) -> int:
        """Add a line that says `"leaf": size`, past the reach of a kill; returns that place.

        Raises `OSError`, and then nothing was added.
        """
        if self._owed:
            self._pay()
        lines = self._put(line)
        with self._lock:
            self._touched.add(lines)
            self._pending.append(leaf_hash(line))
            self.size += 1
        return self.size - 1

    def _pay(self) -> None:
        """Write the lines that are owed. Raises `OSError`."""
        while self._owed:
            lines = self._put(self._owed[0])
            with self._lock:
                self._touched.add(lines)
                del self._owed[0]

    def _put(self, line: bytes) -> Appended:
        """Add a line to the file of the day; return that file. Raises `OSError`."""
        lines = self._lines or self._turn(self._now_ns() // DAY_NS)
        try:
            lines.append(line + b"\n")
        except OSError:
            self.leave()
            raise
        return lines

    def sync(self) -> bool:
        """Have on disk what was added before this call, lines first, then their leaves.

        False if the disk refused; the next call tries again.
        """
        with self._syncing:
            with self._lock:
                if self._owed:
                    return False
                ready = list(self._pending)
                at = (self.size - len(ready)) * WIDTH
                touched, self._touched = self._touched, set()
                folders, self._folders = self._folders, set()
                retired, self._retired = self._retired, []
            try:
                _to_disk(touched, folders)
                self._write(ready, at)
            except OSError:
                with self._lock:
                    self._touched |= touched
                    self._folders |= folders
                    self._retired += retired
                return False
        for file in retired:
            file.close()
        return True

    def _write(self, ready: list[bytes], at: int) -> None:
        """Write leaves where the file of leaves must end, and have them on disk."""
        if not ready:
            return
        if self._leaves.size != at:  # of an earlier refusal
            self._leaves.cut(at)
        if self._leaves.append(b"".join(ready)) != at:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._leaves.path))
        with self._lock:
            del self._pending[: len(ready)]
            self._touched.add(self._leaves)
        self._leaves.sync()
        with self._lock:
            self._touched.discard(self._leaves)

    def prune(self, before: str) -> int:
        """Let go of the lines and frames of all days before one (`2026-11-25`); leaves stay.

        Returns how many days. Raises `OSError`.
        """
        old = [day for day in days(self.folder) if day.name < before]
        if not old:
            return 0
        places = [last_place(path) for path in line_files(self.folder) if path.parent in old]
        known = pruned(self.folder)
        most = max((place + 1 for place in places if place is not None), default=0)
        note = msgspec.json.encode(Pruned(max(before, known.before), max(most, known.leaves)))
        try:
            replace(self.folder / PRUNED, note)
        except OSError as refusal:
            if refusal.errno not in FULL:
                raise
            self._make_room(old)
            replace(self.folder / PRUNED, note)
        for day in old:
            shutil.rmtree(day)
        return len(old)

    def _make_room(self, old: Sequence[Path]) -> None:
        """Let go of the frames of these days: on a full disk there is none for the note itself."""
        for day in old:
            for path in day.iterdir():
                if path.name != self._name:
                    path.unlink()

    def close(self) -> None:
        """Close all files, after a last `sync`."""
        self.leave()
        self.sync()
        for file in (*self._retired, self._leaves):
            file.close()


def _name_of(number: int) -> str:
    """Return the name of a day since the epoch."""
    return datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()


def _to_disk(files: set[Appended], folders: set[Path]) -> None:
    for file in files:
        file.sync()
    for folder in folders:
        sync_folder(folder)
