# SPDX-License-Identifier: Apache-2.0
"""Keeps every administrative act: who had the appliance do what, and what came of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock

import msgspec

from edge import clock
from edge.errors import InputError
from edge.evidence.log import Log

ACTS = "acts.jsonl"
LOOK_S = 0.05
_PAUSE = Event()
"Is never set."


class ActsHeld(InputError):
    """Another process holds the log: `uplink`, which does what is to be done."""


class ActLog:
    """The acts of this box, a log of its own with one writer at a time, which holds its lock.

    `uplink` is the one while it runs; who stands before a box without it writes by hand.
    """

    def __init__(
        self, folder: Path, now_ns: Callable[[], int] = clock.now_ns, *, patience_s: float = 0
    ) -> None:
        """Go on with the log in `folder`, made if need be.

        Raises `ActsHeld` if another process holds it for longer than `patience_s`, `InputError`.
        """
        self.folder = folder
        self._now_ns = now_ns
        self._log = self._held(clock.monotonic_s() + patience_s)
        self._lock = Lock()
        self.damage = self._log.damage
        "What is not as it was left, a sentence each."

    def _held(self, until_s: float) -> Log:
        """Return the log once we are its one writer."""
        while True:
            try:
                return Log(self.folder, ACTS, self._now_ns)
            except InputError as refusal:
                if not isinstance(refusal.__cause__, BlockingIOError):
                    raise
                if clock.monotonic_s() >= until_s:
                    raise ActsHeld(str(refusal)) from refusal
            _PAUSE.wait(LOOK_S)

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
