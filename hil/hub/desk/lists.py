# SPDX-License-Identifier: Apache-2.0
"""The lists of the hub's repository, as the desk works on them: one at a time, from any thread.

No private key of a side is here: what is to be signed is handed out, and what comes back is taken
if it is right (`edge.trust.handed`). The online key may be here; then the desk publishes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from securesystemslib.signer import Signer

from edge.blocklist.csvfile import entry_of
from edge.blocklist.desk import Desk
from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Guards, Manifest
from edge.errors import ConfigError, ListError
from edge.trust.handed import digest
from edge.trust.repository import Repository
from edge.trust.roles import LIST_SIDES, METADATA, OWN

MOST_SHOWN = 200
"Changes; beyond these they are counted only."


class Changes(NamedTuple):
    """What the draft changes in the published list."""

    shown: list[tuple[str, Entry]]
    added: int
    removed: int


class Pending(NamedTuple):
    """What is to be signed."""

    manifest: Manifest
    octets: bytes
    signed: tuple[str, ...]
    numbers: dict[str, int]
    "Of the next signature of each side."

    @property
    def sha256(self) -> str:
        """The hash by which people see that it is the same file."""
        return digest(self.octets)

    @property
    def file(self) -> str:
        """Name of the file that is handed out."""
        return f"{self.manifest.list}-{self.manifest.version}.json"

    @property
    def missing(self) -> list[str]:
        """Sides that have not signed."""
        return [side for side in LIST_SIDES if side not in self.signed]


class Standing(NamedTuple):
    """A list, and how far its next version has come."""

    name: str
    version: int
    entries: int
    drafted: int
    "Entries of the draft."
    pending: Pending | None
    can_publish: bool
    "Whether the online key is here."


class Lists:
    """All of them."""

    def __init__(self, folder: Path, online: Signer | None) -> None:
        """Work in a repository folder; there may be none yet."""
        self.folder = folder
        self._online = online
        self._alone = RLock()
        self._compared: dict[str, tuple[tuple[bytes, bytes], Changes]] = {}

    def names(self) -> list[str]:
        """Return the names of all lists."""
        if not (self.folder / METADATA).exists():
            return []
        return [name for name in Repository(self.folder).subjects() if name not in OWN]

    def standing(self, name: str) -> Standing:
        """Return how a list stands. Raises `ListError` if there is none."""
        with self.opened(name) as desk:
            published, draft = desk.published(), desk.draft()
            return Standing(
                name, published.version, len(published), len(draft), self._pending(desk),
                self._online is not None,
            )  # fmt: skip

    def changes(self, name: str) -> Changes:
        """Return what the draft changes."""
        with self.opened(name) as desk:
            key = desk.published().layout.digest, desk.draft().layout.digest
            known = self._compared.get(name)
            if known and known[0] == key:
                return known[1]
            found = _counted(desk.changes())
            self._compared[name] = key, found
            return found

    def covering(self, name: str, digits: str) -> list[tuple[str, Entry]]:
        """Return the entries that cover a number: `=` in both, `-` published, `+` drafted."""
        with self.opened(name) as desk:
            before = list(desk.published().covering(digits))
            after = list(desk.draft().covering(digits))
        found = [("=" if entry in after else "-", entry) for entry in before]
        return found + [("+", entry) for entry in after if entry not in before]

    # What people do -------------------------------------------------------------------

    def add(self, name: str, entry: Entry) -> None:
        """Add an entry to the draft."""
        with self.opened(name) as desk:
            desk.edit(added=[entry])

    def remove(self, name: str, pattern: str) -> list[Entry]:
        """Remove all entries of a pattern from the draft. Raises `ListError` if there are none."""
        wanted = entry_of({"pattern": pattern, "party": "calling", "action": "allow"})
        with self.opened(name) as desk:
            covering = desk.draft().covering(wanted.low)
            found = [entry for entry in covering if entry.text() == wanted.text()]
            if not found:
                raise ListError(f"{pattern} is not in the draft of {name}")
            desk.edit(removed=found)
            return found

    def prepare(self, name: str, days: int, now_s: int) -> Manifest:
        """Write the manifest of the next version; what was signed before counts no more."""
        with self.opened(name) as desk:
            return desk.prepare(now_s, days, Guards(), desk.last_urgent())

    def take(self, name: str, side: str, octets: bytes, now_s: int) -> Pending:
        """Take the signature of a side. Raises `NotTaken`."""
        with self.opened(name) as desk:
            if self._pending(desk) is None:
                raise ListError(f"{name}: nothing waits to be signed")
            Repository(self.folder).take(name, side, desk.manifest, octets, now_s)
            return self._waiting(desk)

    def publish(self, name: str, now_s: int) -> Manifest:
        """Put in force what both have signed. Raises `QalqanError`."""
        if self._online is None:
            raise ConfigError("the online key is not here")
        with self.opened(name) as desk:
            manifest = self._waiting(desk).manifest
            Repository(self.folder).publish(name, desk.manifest, self._online, now_s)
            desk.publish()
            return manifest

    # What these share -----------------------------------------------------------------

    @contextmanager
    def opened(self, name: str) -> Iterator[Desk]:
        """Give a list to who works on it, alone. Raises `ListError` if there is none."""
        with self._alone:
            if name not in self.names():
                raise ListError(f"there is no list {name}")
            yield Desk(self.folder / "lists" / name, Repository(self.folder).blobs, name)

    def _waiting(self, desk: Desk) -> Pending:
        found = self._pending(desk)
        if found is None:
            raise ListError(f"{desk.name}: nothing waits to be signed")
        return found

    def _pending(self, desk: Desk) -> Pending | None:
        manifest = desk.pending()
        if manifest is None or manifest.version != desk.published().version + 1:
            return None
        repository = Repository(self.folder)
        return Pending(
            manifest, desk.manifest.read_bytes(),
            tuple(repository.signed(desk.name, desk.manifest)),
            {side: repository.next_number(desk.name, side) for side in LIST_SIDES},
        )  # fmt: skip


def _counted(changes: Iterator[tuple[str, Entry]]) -> Changes:
    shown = list(islice(changes, MOST_SHOWN))
    added = sum(mark == "+" for mark, _ in shown)
    removed = len(shown) - added
    for mark, _ in changes:
        added += mark == "+"
        removed += mark == "-"
    return Changes(shown, added, removed)
