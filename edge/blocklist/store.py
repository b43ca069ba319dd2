# SPDX-License-Identifier: Apache-2.0
"""The files of one list on this box: what is in force, three before it, and what was seen last.

Every change is a rename of a file that is whole and on disk, so that at any instant of a kill or a
power cut the old or the new list is there. One process writes; others only map.
"""

import errno
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import msgspec

from edge.blocklist.entry import Entry
from edge.blocklist.layout import Layout
from edge.blocklist.manifest import Guards, Record, Signed, folded, read_record
from edge.blocklist.sheet import Sheet, from_entries
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.writer import write_image
from edge.errors import ListError

KEPT = 3


class State(msgspec.Struct, frozen=True):
    """What an appliance must never forget about a list."""

    highest: int = 0
    "Highest version ever in force; lower ones are never taken again."
    trusted_s: int = 0
    "Latest signed time seen: time here is never earlier."
    urgent: int = 0
    "Highest number of an urgent record taken."
    done: int = 0
    "Highest number of an urgent record that was let go of: none up to it is taken again."
    folded: int = 0
    "Number of the last urgent record that is in the list."
    applied_s: int = 0
    issued_s: int = 0
    guards: Guards = Guards()
    "Of the last manifest; urgent records must keep to them too."


def open_list(path: Path) -> Snapshot:
    """Return the list of a look-up file, mapped. Raises `ListError`."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        return Snapshot(memoryview(mapped))
    except (OSError, ValueError) as error:
        raise ListError(f"{path}: cannot be opened: {error}") from error
    except ListError as error:
        raise ListError(f"{path}: {error}") from error


def in_memory(name: str, entries: Iterable[Entry]) -> Snapshot:
    """Return a list of a few entries, as a file in memory."""
    image = BytesIO()
    write_image(from_entries(name, 1, entries), image)
    return Snapshot(memoryview(image.getvalue()))


class Store:
    """The files of one list in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        """Use a folder; it is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._folder = folder
        self.current = folder / f"{name}.look"
        self._draft = folder / f"{name}.look.new"
        self._earlier = folder / f"{name}.look.back"
        self._state = folder / f"{name}.state"
        self._urgent = folder / f"{name}.urgent"

    @property
    def files(self) -> tuple[Path, Path, Path]:
        """What readers follow: the list, its urgent records, and what is known of it."""
        return self.current, self._urgent, self._state

    def open(self) -> Snapshot | None:
        """Return the list in force, or where its file is damaged the newest whole one before it.

        None if there is none.
        """
        for path in (self.current, *(path for _, path in self.versions())):
            with suppress(ListError):
                return open_list(path)
        return None

    def state(self) -> State:
        """Return what is known, what a cut between rename and note left out among it."""
        state = State()
        with suppress(FileNotFoundError):
            try:
                state = msgspec.json.decode(self._state.read_bytes(), type=State)
            except msgspec.MsgspecError as error:
                raise ListError(f"{self._state}: {error}") from error
        known = [version for version, _ in self.versions()]
        return msgspec.structs.replace(state, highest=max([state.highest, *known]))

    def note(self, state: State) -> None:
        """Remember, on disk before this returns."""
        replace(self._state, msgspec.json.encode(state))

    def versions(self) -> list[tuple[int, Path]]:
        """Return the versions that are kept, newest first."""
        found = []
        for path in self._folder.glob(f"{self.name}.*.look"):
            number = path.stem.removeprefix(f"{self.name}.")
            if number.isdigit():
                found.append((int(number), path))
        return sorted(found, reverse=True)

    def write(self, sheet: Sheet) -> Layout:
        """Write a list beside the one in force, on disk before this returns."""
        with self._draft.open("wb") as out:
            layout = write_image(sheet, out)
            out.flush()
            os.fsync(out.fileno())
        return layout

    def draft(self) -> Snapshot:
        """Return the list that was written last and is not in force."""
        return open_list(self._draft)

    def commit(self, version: int) -> None:
        """Put the draft in force: link it under its version, rename, and let old ones go."""
        kept = self._folder / f"{self.name}.{version}.look"
        kept.unlink(missing_ok=True)
        os.link(self._draft, kept)
        self._draft.replace(self.current)
        sync_folder(self._folder)
        for _, path in self.versions()[KEPT + 1 :]:
            path.unlink()

    def discard(self) -> None:
        """Forget a draft, a half-written one of an earlier life among them.

        One that has its version's name already was cut off before the rename: it never was in
        force, and would be taken for a version that was.
        """
        self._earlier.unlink(missing_ok=True)
        if self._draft.exists():
            for _, path in self.versions():
                if path.samefile(self._draft):
                    path.unlink()
            self._draft.unlink()

    def go_back(self, version: int) -> None:
        """Put an earlier version in force again; the highest ever seen stays."""
        kept = dict(self.versions()).get(version)
        if kept is None:
            raise ListError(f"version {version} of {self.name} is not kept here")
        open_list(kept).verify()
        self._earlier.unlink(missing_ok=True)
        os.link(kept, self._earlier)
        self._earlier.replace(self.current)
        sync_folder(self._folder)

    def urgent(self, now_s: int) -> list[Record]:
        """Return the urgent records that speak now, oldest first."""
        return folded(self._records(), self.state().folded, now_s)

    def has_urgent(self, seq: int) -> bool:
        """Whether an urgent record was taken, or may not be taken any more.

        They come by more than one way, and not always in their order.
        """
        state = self.state()
        over = max(state.folded, state.done)
        return seq <= over or any(record.seq == seq for record in self._records())

    def urgent_through(self) -> int:
        """Return the number up to which no urgent record is missing here."""
        state = self.state()
        through = max(state.folded, state.done)
        taken = {record.seq for record in self._records()}
        while through + 1 in taken:
            through += 1
        return through

    def _records(self) -> list[Record]:
        return [read_record(signed.record) for signed in self._journal()]

    def _journal(self) -> list[Signed]:
        if not self._urgent.exists():
            return []
        try:
            return msgspec.msgpack.decode(self._urgent.read_bytes(), type=list[Signed])
        except msgspec.MsgspecError as error:
            raise ListError(f"{self._urgent}: {error}") from error

    def add_urgent(self, signed: Signed, now_s: int) -> None:
        """Keep an urgent record, on disk before this returns; let go of those that are done."""
        state = self.state()
        journal = {read_record(one.record).seq: one for one in (*self._journal(), signed)}
        records = [read_record(one.record) for one in journal.values()]
        live = sorted(record.seq for record in folded(records, state.folded, now_s))
        replace(self._urgent, msgspec.msgpack.encode([journal[seq] for seq in live]))
        self.note(msgspec.structs.replace(
            state, urgent=max(state.urgent, read_record(signed.record).seq),
            done=max({state.done, *journal} - {*live}, default=state.done),
        ))  # fmt: skip


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"What a disk without room refuses by."


def replace(path: Path, octets: bytes) -> None:
    """Write a file whole or not at all, on disk before this returns."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as out:
        out.write(octets)
    put(new, path)


def put(new: Path, path: Path) -> None:
    """Give a file the name of another, on disk before this returns, its octets before its name."""
    sync(new)
    new.replace(path)
    sync_folder(path.parent)


def sync(path: Path) -> None:
    """Have the octets of a file on disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def lists_in(folder: Path) -> Iterable[str]:
    """Return the names of the lists that a folder holds."""
    return sorted(path.name.removesuffix(".state") for path in folder.glob("*.state"))
