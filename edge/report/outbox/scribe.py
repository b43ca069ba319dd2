# SPDX-License-Identifier: Apache-2.0
"""What the writer's thread does with the outbox, step by step; there is no thread in here.

Nothing that a disk does raises out of here: what could not be written comes back, an alarm stands
until it can be, and the file is opened anew.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from edge import clock
from edge.report.event import LIVE, Class
from edge.report.outbox.acked import read_acked
from edge.report.outbox.database import Connect, connect
from edge.report.outbox.outbox import Kept, Outbox, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.ring import Item, Lost, settle

RETIRED = 2000
"Rows that are let go of in one step."
HEADS_S = 30.0
PRUNE_S = 3600.0
CALM_S = 60.0
"An alarm about dropping is over when nothing was dropped for so long."
QUEUE_FULL = "queue-full"

# Alarms.
DAMAGED = "outbox-damaged"
FAILING = "outbox-failing"
FULL = "outbox-full"
CRAMPED = "disk-full"
DROPPING = "outbox-dropping"
ARCHIVE = "archive-damaged"
UNSYNCED = "evidence-not-on-disk"


def _nothing(*_: object) -> None:
    """Do nothing."""


class Hooks(msgspec.Struct, frozen=True):
    """What others do when something happens here; all are called in the writer's thread."""

    before_commit: Callable[[], None] = _nothing
    "Has evidence on disk before acts and blocks, which may name it. May raise `OSError`."
    committed: Callable[[], None] = _nothing
    "There is something to send."
    took: Callable[[float], None] = _nothing
    "A commit took so many seconds."
    alarm: Callable[[str, str], None] = _nothing
    "Name and sentence of an alarm; the sentence is empty when it is over."


class Statistics(msgspec.Struct, frozen=True):
    """What became of the events, as of the last second."""

    kept: Mapping[Class, int] = {}
    dropped: Mapping[tuple[Class, str], int] = {}
    "By class and reason; gap records tell the hub of each."
    waiting: Mapping[Class, int] = {}
    "Rows that the hub has not acknowledged."
    oldest_ns: Mapping[Class, int] = {}
    "When the oldest of them happened, where there is one."
    octets: int = 0
    "That the outbox takes of the disk."
    filled: float = 0.0
    "Share of its room that is taken."
    fresh: str = ""
    "Why the streams are new (`Outbox.fresh`)."
    unarchived: int = 0
    "Acts and blocks that the hub has and the archive had no room for."


class Scribe:
    """Keeps one outbox file, opens it when it must, and says what is wrong."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        acked: Path,
        hooks: Hooks = Hooks(),  # noqa: B008 - frozen
        *,
        connect: Connect = connect,
    ) -> None:
        """Prepare to write to `path`; `acked` is the file that says how far the hub has got."""
        self.statistics = Statistics()
        self.refused = False
        "Whether audit records found no room; they are tried again in a second."
        self._path = path
        self._limits = limits
        self._acked = acked
        self._hooks = hooks
        self._connect = connect
        self._outbox: Outbox | None = None
        self._renewals = 0
        self._standing: set[str] = set()
        self._kept: Counter[Class] = Counter()
        self._dropped: Counter[tuple[Class, str]] = Counter()
        "Of files that were closed since."
        self._told = 0
        "Events dropped, as of the last look."
        self._next = dict.fromkeys((ARCHIVE, DROPPING, DAMAGED), 0.0)
        "When the archive is pruned, dropping is over, heads are looked at."

    # Writing ------------------------------------------------------------------

    def write(self, items: Sequence[Item], now_ns: int) -> list[Item]:
        """Record events; return those that are to be tried again."""
        if any(item.cls in LIVE for item in items):
            self._sync_evidence()
        began = clock.ticks_ns()
        try:
            outbox = self._opened(now_ns)
            kept = outbox.keep([(item.cls, item.moment.at, item.body) for item in items])
        except OutboxFull as full:
            return self._without_audit(items, full, now_ns)
        except (sqlite3.Error, OSError) as error:
            return self._fail(error, items)
        self._hooks.took((clock.ticks_ns() - began) / 1e9)
        self._note(outbox, items, kept)
        self._hooks.committed()
        return []

    def _note(self, outbox: Outbox, items: Sequence[Item], kept: Sequence[Kept | None]) -> None:
        """Say where events are."""
        self._calm(FAILING)
        if not self.refused:
            self._calm(FULL)
        self._look(outbox)
        for item, place in zip(items, kept, strict=True):
            self._kept[item.cls] += place is not None
            settle(item, place or OutboxFull("there was no room for its class"))

    def _without_audit(self, items: Sequence[Item], full: OutboxFull, now_ns: int) -> list[Item]:
        """Refuse the audit records of a group; record the others."""
        self._raise(FULL, str(full))
        refused = [item for item in items if item.cls is Class.AUDIT]
        if not refused:
            return list(items)
        self.refused = True
        for item in refused:
            settle(item, full)
        again = [item for item in refused if item.future is None]
        others = [item for item in items if item.cls is not Class.AUDIT]
        return again + (self.write(others, now_ns) if others else [])

    def lose(self, lost: Mapping[Class, Lost], now_ns: int) -> dict[Class, Lost]:
        """Record what fell out of memory; return what of it is to be tried again."""
        again = dict(lost)
        try:
            for cls, (n, first_ns, last) in lost.items():
                self._opened(now_ns).drop(cls, n, first_ns, last, QUEUE_FULL)
                del again[cls]
        except OutboxFull as full:
            self._raise(FULL, str(full))
        except (sqlite3.Error, OSError) as error:
            self._fail(error, ())
        return again

    def _sync_evidence(self) -> None:
        try:
            self._hooks.before_commit()
        except OSError as error:
            self._raise(UNSYNCED, str(error))
        else:
            self._calm(UNSYNCED)

    def _opened(self, now_ns: int) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox(self._path, self._limits, now_ns, self._connect)
            self._renewals = 0
            if self._outbox.fresh.startswith("damaged"):
                self._raise(DAMAGED, self._outbox.fresh)
        return self._outbox

    def _fail(self, error: Exception, items: Iterable[Item]) -> list[Item]:
        """Close the file: it is opened anew at the next try."""
        self._raise(FAILING, str(error) or type(error).__name__)
        self.close()
        return list(items)

    def close(self) -> None:
        """Close the file."""
        if self._outbox is not None:
            self._dropped.update(self._outbox.dropped)
            self._outbox.close()
        self._outbox = None

    # Each second --------------------------------------------------------------

    def tend(self, now_s: float, now_ns: int) -> bool:
        """Let go of what the hub has, look after the file; whether there is more of it to do."""
        self.refused = False
        try:
            outbox = self._opened(now_ns)
            gone = outbox.retire(read_acked(self._acked), now_ns, RETIRED)
            if self._is_time(DAMAGED, now_s, HEADS_S):
                outbox.try_heads()
            if self._is_time(ARCHIVE, now_s, PRUNE_S) and outbox.archive.prune(now_ns):
                self._next[ARCHIVE] = now_s  # until there is nothing left to prune
            self._calm(FAILING)
            self._look(outbox)
            self._measure(outbox, now_s)
        except OutboxFull as full:
            self._raise(FULL, str(full))
        except (sqlite3.Error, OSError) as error:
            self._fail(error, ())
        else:
            return gone >= RETIRED
        return False

    def _is_time(self, what: str, now_s: float, every_s: float) -> bool:
        if now_s < self._next[what]:
            return False
        self._next[what] = now_s + every_s
        return True

    def _look(self, outbox: Outbox) -> None:
        """Say what has happened to the files."""
        if outbox.renewals != self._renewals:
            self._renewals = outbox.renewals
            self._raise(DAMAGED, outbox.fresh)
        if outbox.archive.damaged:
            self._raise(ARCHIVE, f"set aside: {outbox.archive.damaged}")
        if outbox.cramped:
            self._raise(CRAMPED, "the outbox may not grow, and drops what is least dear")
        else:
            self._calm(CRAMPED)

    def _measure(self, outbox: Outbox, now_s: float) -> None:
        dropped = self._dropped + outbox.dropped
        if dropped.total() != self._told:
            self._told = dropped.total()
            self._next[DROPPING] = now_s + CALM_S
            self._raise(DROPPING, f"{self._told} events were dropped since the start")
        elif now_s >= self._next[DROPPING]:
            self._calm(DROPPING)
        self.statistics = Statistics(
            dict(self._kept), dict(dropped), outbox.waiting(), outbox.oldest(), outbox.octets(),
            outbox.filled(), outbox.fresh, outbox.archive.lost,
        )  # fmt: skip

    # Alarms -------------------------------------------------------------------

    def _raise(self, name: str, text: str) -> None:
        if name not in self._standing:  # else it was told
            self._standing.add(name)
            self._hooks.alarm(name, text)

    def _calm(self, name: str) -> None:
        if name in self._standing:
            self._standing.remove(name)
            self._hooks.alarm(name, "")
