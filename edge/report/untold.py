# SPDX-License-Identifier: Apache-2.0
"""Evidence that `core` was killed before it could tell of: told at its next start, once."""

from pathlib import Path
from typing import Any, NamedTuple

from edge.evidence.shelf import beyond, read_record
from edge.report.outbox.told import told

MOST = 10_000
"Records that are told at a start: half of what may wait in memory for the disk."


class Untold(NamedTuple):
    """What no recorded event speaks of."""

    records: list[dict[str, Any]]
    "Oldest first."
    more: int
    "Older ones, beyond `MOST`: they stand as evidence, and the hub will not hear of them."


def untold(outbox: Path, evidence: Path, most: int = MOST) -> Untold:
    """Return the records that the hub was not told of, before anybody writes to the outbox.

    Nothing where it cannot be known how far it was told. Raises `InputError`.
    """
    leaf = told(outbox)
    if leaf is None:
        return Untold([], 0)
    lines = beyond(evidence, leaf, most)
    records = [found for line in lines if (found := read_record(line))]
    more = records[0]["leaf"] - leaf - 1 if records and len(lines) == most else 0
    return Untold(records, more)
