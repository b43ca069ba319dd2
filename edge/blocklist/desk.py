# SPDX-License-Identifier: Apache-2.0
"""The centre's desk for one list: edit a draft, prepare the next version, see what it changes.

A folder `lists/NAME` in the repository holds what is published and what is drafted, as look-up
files, and the manifest that waits for two signatures.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.blocklist.codec import Head, write_wire
from edge.blocklist.csvfile import entry_of
from edge.blocklist.delta import Change, changed, difference
from edge.blocklist.entry import Entry, Shape
from edge.blocklist.layout import key_of
from edge.blocklist.manifest import (
    Blob,
    Guards,
    Manifest,
    Record,
    folded,
    read_manifest,
    read_record,
    write_manifest,
)
from edge.blocklist.overlay import settle
from edge.blocklist.sheet import SHAPES, Block, Counts, Sheet, encode_group, from_entries
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.store import Store, put, replace
from edge.errors import ListError
from edge.trust.roles import MANIFEST


class Prepared(NamedTuple):
    """An urgent record, as it lies in the list's folder."""

    record: Record
    octets: bytes
    "What is signed."
    is_withdrawn: bool


class Desk:
    """One list of one repository."""

    def __init__(self, folder: Path, blobs: Path, name: str) -> None:
        """Use the list's folder; make it, with an empty list of version 0, if it is not there."""
        self.name = name
        self._blobs = blobs
        self._published = Store(folder / "published", name)
        self._draft = Store(folder / "draft", name)
        self.manifest = folder / MANIFEST
        self._in_force = folder / "published.json"
        self._records = folder / "urgent"
        for store in (self._published, self._draft):
            if store.open() is None:
                store.write(Sheet(name, 0, [], []))
                store.commit(0)

    def published(self) -> Snapshot:
        """Return the list that appliances follow."""
        return _opened(self._published)

    def draft(self) -> Snapshot:
        """Return the list that is worked on."""
        return _opened(self._draft)

    def edit(self, added: Iterable[Entry] = (), removed: Iterable[Entry] = ()) -> None:
        """Add and remove entries of the draft."""
        draft = self.draft()
        change = edits(draft, added, removed)
        head = Head(self.name, draft.version, draft.version, bytes(32), *_counts(change.blocks),
                    len(change.dictionary))  # fmt: skip
        self._take(changed(draft, change, head))

    def fill(self, entries: Iterable[Entry]) -> None:
        """Make these entries the draft."""
        self._take(from_entries(self.name, self.draft().version, entries))

    def _take(self, sheet: Sheet) -> None:
        layout = self._draft.write(sheet)
        self._draft.commit(layout.version)
        self.manifest.unlink(missing_ok=True)  # what was prepared is another list

    def prepare(self, now_s: int, days: int, guards: Guards, urgent: int = 0) -> Manifest:
        """Write the data of the next version and the manifest that is to be signed."""
        old, draft = self.published(), self.draft()
        version = old.version + 1
        sheet = draft.sheet()
        head = Head(self.name, 0, version, draft.layout.digest, draft.layout.numbers,
                    draft.layout.prefixes, draft.layout.ranges, draft.layout.groups)  # fmt: skip
        deltas: tuple[Blob, ...] = ()
        snapshot = self._blob(head, sheet.dictionary, sheet.blocks)
        if old.version:
            change = difference(old.sheet(), draft.sheet())
            head = Head(self.name, old.version, version, draft.layout.digest,
                        *_counts(change.blocks), len(change.dictionary))  # fmt: skip
            deltas = (self._blob(head, change.dictionary, change.blocks),)
        manifest = Manifest(
            self.name, version, draft.layout.digest.hex(), len(draft), now_s,
            now_s + days * 86_400, snapshot, deltas, urgent, guards=guards,
        )  # fmt: skip
        replace(self.manifest, write_manifest(manifest))
        return manifest

    def _blob(self, head: Head, dictionary: Iterable[bytes], blocks: Iterable[Block]) -> Blob:
        """Write data under its hash."""
        new = self._blobs / f"{self.name}.new"
        with new.open("wb") as out:
            write_wire(out, head, dictionary, blocks)
        with new.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = new.stat().st_size
        put(new, self._blobs / sha256)
        return Blob(sha256, size, head.base)

    def prepared(self) -> list[Prepared]:
        """Return all urgent records that were ever prepared, oldest first."""
        paths = sorted(self._records.glob("*.json"), key=lambda path: int(path.stem))
        return [_prepared(path) for path in paths]

    def urgent(self) -> list[Record]:
        """Return the urgent records that were not withdrawn, oldest first."""
        return [one.record for one in self.prepared() if not one.is_withdrawn]

    def last_urgent(self) -> int:
        """Return the number of the last urgent record; the draft holds all that count up to it."""
        return max((one.record.seq for one in self.prepared()), default=0)

    def folded_through(self) -> int:
        """Return up to which number the published list holds what urgent records said."""
        if not self._in_force.exists():
            return 0
        return read_manifest(self._in_force.read_bytes()).urgent

    def live(self, now_s: int) -> list[Record]:
        """Return the urgent records that speak over the published list where they were signed."""
        return folded(self.urgent(), self.folded_through(), now_s)

    def hurry(
        self, now_s: int, hours: int, added: Iterable[Entry] = (), lifted: Iterable[Entry] = ()
    ) -> Record:
        """Prepare an urgent record, and put into the draft what it says: the next version folds it.

        The record ends after `hours`; by then the next version is to be published.
        """
        added, lifted = tuple(added), tuple(lifted)
        record = Record(
            self.name, self.last_urgent() + 1, now_s, now_s + hours * 3600, added, lifted
        )
        draft = self.draft()
        self.edit(added, (entry for entry in lifted if entry in draft.covering(entry.low)))
        self._records.mkdir(exist_ok=True)
        replace(self._records / f"{record.seq}.json", msgspec.json.encode(record))
        return record

    def withdraw(self, seq: int) -> None:
        """Have the draft say of a record's entries what it would say without that record.

        That is what the published list and the other records say; what was drafted by hand of the
        very same entries is lost. The number is not used again. Raises `ListError`.
        """
        records = self.urgent()
        entries = {e for one in records if one.seq == seq for e in (*one.added, *one.lifted)}
        if not entries:
            raise ListError(f"{self.name} has no urgent record {seq} to withdraw")
        others = [one for one in records if one.seq > self.folded_through() and one.seq != seq]
        wanted = _said(self.published(), others, entries)
        there = _said(self.draft(), (), entries)
        if wanted != there:
            self.edit(wanted - there, there - wanted)
        replace(_withdrawal(self._records / f"{seq}.json"), b"")

    def in_force(self, pattern: str, records: Iterable[Record]) -> list[Entry]:
        """Return what the published list and records over it say of exactly these numbers.

        What a record adds ends with it on the box, yet is named as it was signed. Raises
        `ListError` if there is nothing: then nothing can be lifted.
        """
        records = list(records)
        wanted = entry_of({"pattern": pattern, "party": "calling", "action": "allow"})
        _, lifted = settle(records)
        urgent = {entry for record in records for entry in record.added}
        there = {*self.published().covering(wanted.low), *urgent} - lifted
        found = [entry for entry in there if entry.text() == wanted.text()]
        if not found:
            raise ListError(f"{pattern} is not in force in {self.name}")
        return sorted(found, key=repr)

    def pending(self) -> Manifest | None:
        """Return the manifest that waits, if it is of the draft as it is now."""
        if not self.manifest.exists():
            return None
        manifest = read_manifest(self.manifest.read_bytes())
        return manifest if manifest.digest == self.draft().layout.digest.hex() else None

    def changes(self) -> Iterator[tuple[str, Entry]]:
        """Yield what the draft adds (`+`) to the published list and removes (`-`) from it."""
        yield from compare(self.published(), self.draft())

    def publish(self) -> None:
        """Make the draft the published list, which is the last step: cut off, it is done again."""
        manifest = self.pending()
        if manifest is None:
            raise ListError(f"{self.name} was changed since it was signed")
        draft = self.draft()
        replace(self._in_force, write_manifest(manifest))
        for store in (self._draft, self._published):
            store.write(draft.sheet()._replace(version=manifest.version))
            store.commit(manifest.version)


def _opened(store: Store) -> Snapshot:
    found = store.open()
    if found is None:
        raise ListError(f"{store.current}: no list is here")
    return found


def _withdrawal(path: Path) -> Path:
    """Return what lies beside a record that was withdrawn."""
    return path.with_suffix(".withdrawn")


def _prepared(path: Path) -> Prepared:
    octets = path.read_bytes()
    return Prepared(read_record(octets), octets, _withdrawal(path).exists())


def _said(under: Snapshot, records: Iterable[Record], entries: set[Entry]) -> set[Entry]:
    """Return which of these entries hold in a list with records over it, oldest first."""
    holding = {entry for entry in entries if entry in under.covering(entry.low)}
    for record in records:
        holding = (holding - {*record.lifted}) | (entries & {*record.added})
    return holding


def _counts(blocks: Iterable[Block]) -> Counts:
    return Counts(*(len(block.keys) for block in blocks))


def _entries_at(one: Snapshot, place: tuple[Shape, int, int]) -> set[Entry]:
    """Return what a list says of exactly these numbers."""
    return {terms.entry(*place) for terms in one.group(one.group_of(*place))}


def edits(old: Snapshot, added: Iterable[Entry], removed: Iterable[Entry]) -> Change:
    """Return the change that adds and removes entries. Raises `ListError` for one not there."""
    now: dict[tuple[Shape, int, int], set[Entry]] = {}
    for entry, add in (*((entry, True) for entry in added), *((entry, False) for entry in removed)):
        place = (entry.shape, key_of(entry.low), key_of(entry.high))
        if place not in now:
            now[place] = _entries_at(old, place)
        if add:
            now[place].add(entry)
        elif entry in now[place]:
            now[place].remove(entry)
        else:
            raise ListError(f"{entry.text()} is not listed so")
    dictionary: dict[bytes, int] = {}
    columns = {shape: Block(shape, array("Q"), array("Q"), array("I")) for shape in SHAPES}
    for place in sorted(now, key=lambda place: place[1:]):
        shape, low, high = place
        group = encode_group(now[place]) if now[place] else None
        block = columns[shape]
        block.keys.append(low)
        if shape is Shape.RANGE:
            block.highs.append(high)
        at = dictionary.setdefault(group, len(dictionary) + 1) if group else 0
        block.groups.append(at)
    return Change(list(dictionary), list(columns.values()))


def compare(old: Snapshot, new: Snapshot) -> Iterator[tuple[str, Entry]]:
    """Yield what a list adds (`+`) to another and removes (`-`) from it, number by number."""
    change = difference(old.sheet(), new.sheet())
    for shape, keys, highs, _ in change.blocks:
        for low, high in zip(keys, highs or keys, strict=True):
            before, after = (_entries_at(one, (shape, low, high)) for one in (old, new))
            yield from (("-", entry) for entry in sorted(before - after, key=repr))
            yield from (("+", entry) for entry in sorted(after - before, key=repr))
