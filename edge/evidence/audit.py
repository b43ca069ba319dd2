# SPDX-License-Identifier: Apache-2.0
"""Looks at a whole log: every line, every frame and every leaf, against each other."""

from collections.abc import Iterator
from pathlib import Path

from edge.errors import InputError
from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import Line, capture_of, lines, pruned, read_leaves, read_record


def audit(folder: Path) -> Iterator[str]:
    """Yield what is not as it was kept, a sentence each. Raises `InputError`.

    Torn lines that have no leaf are no damage: what a power cut tore had not been told to anybody.
    """
    leaves = read_leaves(folder)
    size = len(leaves) // WIDTH
    seen = bytearray(size)
    for line in lines(folder):
        record = read_record(line.octets)
        if record is None:
            continue
        where, leaf = f"{line.path}:{line.number}", record["leaf"]
        if not 0 <= leaf < size:
            yield f"{where}: leaf {leaf} is not in the log"
        elif leaf_hash(line.octets) != leaves[leaf * WIDTH : leaf * WIDTH + WIDTH]:
            yield f"{where}: the record of leaf {leaf} was changed"
        elif seen[leaf]:
            yield f"{where}: leaf {leaf} has two records"
        else:
            yield from _frames(line, record)
        if 0 <= leaf < size:
            seen[leaf] = 1
    gone = pruned(folder).leaves
    missing = seen.find(0, gone)
    if missing >= 0:
        yield f"{folder}: the record of leaf {missing} is missing"


def _frames(line: Line, record: dict[str, object]) -> Iterator[str]:
    where = f"{line.path}:{line.number}"
    try:
        capture = capture_of(record)
    except InputError as wrong:
        yield f"{where}: {wrong}"
        return
    if capture is not None and not capture.is_whole(line.path.parent):
        yield f"{where}: the frames of record {record['id']} were changed"
