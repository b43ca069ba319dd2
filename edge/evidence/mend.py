# SPDX-License-Identifier: Apache-2.0
"""What a kill or a power cut left of a log, looked at before its writer goes on with it.

Lines get on disk before their leaves, so that what a cut leaves are lines without one. Leaves
without a line, and lines that are not what their leaf says, are damage: no cut does that.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import backwards, line_files, place_of, pruned

MOST_LOST = 65_536
"Lines that a power cut may take out from among others. A place further on is a lie."

MOST_FRESH = 1024


class Found(NamedTuple):
    """What there is beyond the leaves, and what is not as it was left."""

    ahead: dict[int, bytes]
    "Leaf of every line that has none on disk, by place."
    fresh: list[tuple[Path, bytes]]
    "Such lines themselves and the files they stand in, the first thousand."
    files: list[Path]
    "Where they stand."
    damage: list[str]


def whole(leaves: bytes) -> int:
    """Return how many leaves there are, without what a power cut left at their end."""
    size = len(leaves) // WIDTH
    # Some file systems lengthen a file before its octets come; no hash is all zeros.
    while size and not any(leaves[(size - 1) * WIDTH : size * WIDTH]):
        size -= 1
    return size


def look(folder: Path, leaves: bytes) -> Found:
    """Look at the end of every file of a log that has these leaves. Raises `OSError`."""
    found = Found({}, [], [], [])
    size, top = len(leaves) // WIDTH, pruned(folder).leaves - 1
    for path in line_files(folder):
        top = max(top, _look_at(path, leaves, found))
    if top < size - 1:
        found.damage.append(f"{folder}: leaves {top + 1} to {size - 1} have no line")
    return found


def _look_at(path: Path, leaves: bytes, found: Found) -> int:
    """Look back from the end of a file to the first line that has a leaf; returns its place."""
    size, ahead = len(leaves) // WIDTH, len(found.ahead)
    for octets in backwards(path):
        place = place_of(octets)
        if place is None:  # torn: it costs itself alone
            continue
        if place < size:
            if leaf_hash(octets) != leaves[place * WIDTH : place * WIDTH + WIDTH]:
                found.damage.append(f"{path}: the record of leaf {place} is not what it was")
            break
        if place in found.ahead or place > size + MOST_LOST + len(found.ahead):
            found.damage.append(f"{path}: a record claims leaf {place}, which cannot be")
            continue
        found.ahead[place] = leaf_hash(octets)
        if len(found.fresh) < MOST_FRESH:
            found.fresh.append((path, octets))
    else:
        place = None
    if len(found.ahead) > ahead:
        found.files.append(path)
    return -1 if place is None else place


def lost_line(place: int) -> bytes:
    """Return a line for a place whose own was taken by a power cut."""
    return msgspec.json.encode({
        "id": f"lost-{place + 1}",
        "leaf": place,
        "lost": True,
        "text": "The power went before this record was on disk; nothing had been told of it.\n",
    })  # fmt: skip
