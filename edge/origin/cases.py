# SPDX-License-Identifier: Apache-2.0
"""Campaigns in files: `state/campaigns/ID.json`, one each, that `core` writes and all may read.

So they are known again after a restart, with their dossiers. A file is renamed into place when it
is on disk; one that cannot be read is passed over, and told.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec

from edge.blocklist.store import replace
from edge.detect.campaign import MOST
from edge.detect.case import VERSION, Case

SUFFIX = ".json"
NAME = re.compile(r"c[0-9a-f]{12}")
"Id of a campaign, as the name of a file."
MOST_OCTETS = 8 << 20
"Of a file; what is larger is none of ours."


class Cases:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when there is something to keep."""
        self._folder = folder
        self._one_at_a_time = Lock()

    def write(self, case: Case) -> None:
        """Keep a campaign, on disk before this returns; from any thread. Raises `OSError`."""
        octets = msgspec.json.encode(case)
        with self._one_at_a_time:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace(self._folder / f"{case.id}{SUFFIX}", octets)

    def drop(self, name: str) -> None:
        """Keep one no longer. Raises `OSError`."""
        with self._one_at_a_time:
            (self._folder / f"{name}{SUFFIX}").unlink(missing_ok=True)

    def read(self, complain: Callable[[str], object]) -> list[Case]:
        """Return all that are kept, the longest silent first; `complain` is told of each damage."""
        found = []
        with suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                if path.suffix == SUFFIX and NAME.fullmatch(path.stem):
                    try:
                        found.append(_read(path))
                    except (OSError, ValueError) as wrong:
                        complain(f"{path}: {wrong}")
        return sorted(found, key=lambda case: case.last)[-MOST:]

    def get(self, name: str) -> Case | None:
        """Return one by its id; None if there is none. Raises `OSError`, `ValueError`."""
        if not NAME.fullmatch(name):
            return None
        try:
            return _read(self._folder / f"{name}{SUFFIX}")
        except FileNotFoundError:
            return None


def _read(path: Path) -> Case:
    """Read a file. Raises `OSError`, `ValueError`."""
    with path.open("rb") as file:
        octets = file.read(MOST_OCTETS + 1)
    if len(octets) > MOST_OCTETS:
        raise ValueError(f"longer than {MOST_OCTETS} octets")
    case = msgspec.json.decode(octets, type=Case)
    if case.v != VERSION or case.id != path.stem:
        raise ValueError("is of another version, or another campaign")
    return case
