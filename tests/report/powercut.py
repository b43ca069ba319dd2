# SPDX-License-Identifier: Apache-2.0
"""A disk whose power can be cut at any instant: a file system layer of SQLite's, by apsw.

All writes go to real files and into a log, with every sync and with marks of the test between them.
A cut is an index into the log: what was synced before it is there, of the rest whatever the mode of
the cut leaves. The files of that instant are then laid out anew and opened by the program itself.
"""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import apsw
from typing_extensions import override

from edge.report.outbox.database import Connection

SECTOR = 512


class Mode(Enum):
    """What is left of writes that were not synced."""

    LOST = "none of them"
    SECTORS = "random sectors"
    PREFIX = "the first of them, the last one torn"


class Write(NamedTuple):
    name: str
    offset: int
    octets: bytes


class Truncate(NamedTuple):
    name: str
    size: int


class Sync(NamedTuple):
    name: str


class Delete(NamedTuple):
    name: str
    for_good: bool
    "Whether the folder is synced too."


class Mark(NamedTuple):
    """Something that the test has to remember at this instant."""

    what: str
    value: Any


Step = Write | Truncate | Sync | Delete | Mark


class Disk:
    """Files under a folder that are written through the layer."""

    made = 0

    def __init__(self) -> None:
        Disk.made += 1
        self.name = f"powercut-{Disk.made}"
        self.log: list[Step] = []
        self._layer = _Layer(self.name, self.log)

    def connect(self, path: Path) -> Connection:
        return Link(apsw.Connection(str(path), vfs=self.name))

    def connect_lax(self, path: Path) -> Connection:
        """Connect as somebody would who thinks that NORMAL is enough."""
        return Lax(apsw.Connection(str(path), vfs=self.name))

    def mark(self, what: str, value: object) -> None:
        self.log.append(Mark(what, value))

    def close(self) -> None:
        self._layer.unregister()


class _Layer(apsw.VFS):
    def __init__(self, name: str, log: list[Step]) -> None:
        self._name = name
        self._log = log
        super().__init__(name, "")

    @override
    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._log, name, flags)

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._log.append(Delete(Path(filename).name, bool(syncdir)))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, log: list[Step], name: Any, flags: list[int]) -> None:
        self._log = log
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._called = Path(path).name
        super().__init__("", name, flags)

    @override
    def xWrite(self, data: bytes, offset: int) -> None:
        self._log.append(Write(self._called, offset, bytes(data)))
        super().xWrite(data, offset)

    @override
    def xTruncate(self, newsize: int) -> None:
        self._log.append(Truncate(self._called, newsize))
        super().xTruncate(newsize)

    @override
    def xSync(self, flags: int) -> None:
        self._log.append(Sync(self._called))
        super().xSync(flags)


class Link:
    """A connection of apsw that fails as the standard library does."""

    def __init__(self, link: apsw.Connection) -> None:
        self._link = link

    def execute(self, sql: str, values: Any = (), /) -> apsw.Cursor:
        try:
            return self._link.execute(sql, values)
        except apsw.Error as error:
            raise as_standard(error) from error

    def executemany(self, sql: str, rows: Iterable[Any], /) -> apsw.Cursor:
        try:
            return self._link.executemany(sql, rows)
        except apsw.Error as error:
            raise as_standard(error) from error

    def close(self) -> None:
        self._link.close()


class Lax(Link):
    @override
    def execute(self, sql: str, values: Any = (), /) -> apsw.Cursor:
        if sql == "PRAGMA synchronous=2":
            sql = "PRAGMA synchronous=NORMAL"
        elif sql == "PRAGMA synchronous":
            sql = "SELECT 2"
        return super().execute(sql, values)


def as_standard(error: apsw.Error) -> sqlite3.OperationalError:
    told = sqlite3.OperationalError(str(error))
    told.sqlite_errorcode = getattr(error, "result", 0)
    return told


class Instant:
    """The disk as it is at an index of the log."""

    def __init__(self) -> None:
        self._safe: dict[str, bytearray] = {}
        self._unsynced: list[Write | Truncate] = []
        self._ghosts: dict[str, bytes] = {}
        "Files that were deleted, and may come back."
        self._named: set[str] = set()
        "Logs whose names are on disk."

    def take(self, step: Step) -> None:
        """Go one step on."""
        match step:
            case Write(name) | Truncate(name):
                self._unsynced.append(step)
                self._safe.setdefault(name, bytearray())
                self._ghosts.pop(name, None)
            case Sync(name):
                self._sync(name)
            case Delete(name, for_good):
                self._delete(name, for_good=for_good)
            case Mark():
                pass

    def _sync(self, name: str) -> None:
        for one in self._unsynced:
            if one.name == name:
                _apply(self._safe, one)
        self._unsynced = [one for one in self._unsynced if one.name != name]
        if name.endswith(("-wal", "-journal")) and name not in self._named:
            self._named.add(name)  # SQLite syncs the folder with a new log
            self._ghosts.clear()

    def _delete(self, name: str, *, for_good: bool) -> None:
        self._named.discard(name)
        octets = self._safe.pop(name, None)
        self._unsynced = [one for one in self._unsynced if one.name != name]
        if octets is not None and not for_good:
            self._ghosts[name] = bytes(octets)

    def cut(self, mode: Mode, chance: random.Random) -> dict[str, bytes]:
        """Return what is found when the power is back."""
        files = {name: bytearray(octets) for name, octets in self._safe.items()}
        files |= {name: bytearray(octets) for name, octets in self._ghosts.items()
                  if chance.random() < 0.5}  # fmt: skip
        for step in left(self._unsynced, mode, chance):
            _apply(files, step)
        return {name: bytes(octets) for name, octets in files.items()}


def left(
    unsynced: list[Write | Truncate], mode: Mode, chance: random.Random
) -> Iterator[Write | Truncate]:
    if mode is Mode.SECTORS:
        for step in unsynced:
            yield from (one for one in sectors(step) if chance.random() < 0.5)
    elif mode is Mode.PREFIX and unsynced:
        count = chance.randrange(len(unsynced))
        yield from unsynced[:count]
        torn = unsynced[count]
        if isinstance(torn, Write):
            yield torn._replace(octets=torn.octets[: chance.randrange(len(torn.octets) + 1)])


def sectors(step: Write | Truncate) -> Iterator[Write | Truncate]:
    if isinstance(step, Truncate):
        yield step
        return
    for start in range(0, len(step.octets), SECTOR):
        yield Write(step.name, step.offset + start, step.octets[start : start + SECTOR])


def _apply(files: dict[str, bytearray], step: Write | Truncate) -> None:
    octets = files.setdefault(step.name, bytearray())
    if isinstance(step, Truncate):
        del octets[step.size :]
        octets.extend(bytes(step.size - len(octets)))
        return
    octets.extend(bytes(max(0, step.offset - len(octets))))
    octets[step.offset : step.offset + len(step.octets)] = step.octets


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    """Put the files of an instant into a new folder."""
    folder.mkdir()
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    return folder
