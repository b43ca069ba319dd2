# SPDX-License-Identifier: Apache-2.0
"""Keeps every administrative act: who had the appliance do what, and what came of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

import msgspec

from edge import clock
from edge.errors import InputError
from edge.evidence.log import Log

ACTS = "acts.jsonl"


class ActLog:
    """The acts of this box, a log of its own: `uplink` is its one writer."""

    def __init__(self, folder: Path, now_ns: Callable[[], int] = clock.now_ns) -> None:
        """Go on with the log in `folder`, made if need be. Raises `InputError`."""
        self.folder = folder
        self._now_ns = now_ns
        self._log = Log(folder, ACTS, now_ns)
        self._lock = Lock()
        self.damage = self._log.damage
        "What is not as it was left, a sentence each."

    def keep(self, fields: Mapping[str, object]) -> int:
        """Keep an act, on disk before this returns; returns its leaf. From any thread.

        Raises `InputError` if the disk refuses: an act that leaves no trace is not to be done.
        """
        with self._lock:
            at, leaf = self._now_ns(), self._log.size
            act = {"text": "", **fields, "id": f"{at:x}-{leaf + 1}", "leaf": leaf, "at": at}
            try:
                self._log.today()
                self._log.append(msgspec.json.encode(act))
            except OSError as refusal:
                raise InputError(f"{self.folder}: {refusal.strerror}") from refusal
            if not self._log.sync():
                raise InputError(f"{self.folder}: the act is not safe on disk")
            return leaf

    def prune(self, before: str) -> int:
        """Let go of the acts of days before one (`2026-11-25`); their leaves stay."""
        return self._log.prune(before)

    def close(self) -> None:
        """Close all files."""
        self._log.close()
