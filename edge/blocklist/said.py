# SPDX-License-Identifier: Apache-2.0
"""What the lists of a box say of a number, for people: every entry that covers it.

A verdict asks `edge.blocklist.kernel`, for the one that decides. Nothing here changes a file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.blocklist.entry import Entry
from edge.blocklist.overlay import settle
from edge.blocklist.simple import is_valid
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.store import Store, in_memory, lists_in
from edge.errors import ListError

HOLDS, LIFTED, EXPIRED, NOT_YET = "holds", "lifted", "expired", "not yet"


class Said(NamedTuple):
    """An entry that covers a number."""

    list: str
    version: int
    "Of the list that it stands in; 0 for an urgent record over it."
    entry: Entry
    holds: str
    "Whether it does now."


def stores_of(folder: Path, name: str = "") -> list[Store]:
    """Return the lists of a folder, or the one that is named. Raises `ListError`."""
    names = [name] if name else lists_in(folder)
    if not names:
        raise ListError(f"{folder}: no list is here")
    return [Store(folder, each) for each in names]


def opened(store: Store) -> Snapshot:
    """Return the list in force. Raises `ListError`."""
    found = store.open()
    if found is None:
        raise ListError(f"{store.current}: no list is here")
    return found


def said_of(stores: list[Store], digits: str, now_s: int) -> Iterator[Said]:
    """Yield every entry that covers a number, the most specific of each list first.

    Raises `ListError`.
    """
    for store in stores:
        found = opened(store)
        added, lifted = settle(store.urgent(now_s))
        entries = [(entry, 0) for entry in in_memory(store.name, added).covering(digits)]
        entries += [(entry, found.version) for entry in found.covering(digits)]
        for entry, version in entries:
            holds = LIFTED if entry in lifted else validity(entry, now_s)
            yield Said(store.name, version, entry, holds)


def validity(entry: Entry, now_s: int) -> str:
    """Return whether an entry that nothing has lifted holds now."""
    if is_valid(entry, now_s):
        return HOLDS
    return NOT_YET if now_s < entry.valid_from else EXPIRED
