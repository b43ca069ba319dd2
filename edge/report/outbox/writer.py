# SPDX-License-Identifier: Apache-2.0
"""The thread that writes the outbox: neither a call nor the event loop ever waits for the disk.

Events wait in a ring and are committed in groups. A group is due 5 ms after its first act or block,
50 ms after the first of all else, or when it is large enough. What cannot be written stays in the
ring and is tried again each second. A bug in here ends the process by the next `put`.
"""

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from edge import clock
from edge.report.event import LIVE, Event, encode
from edge.report.outbox.database import Connect, connect
from edge.report.outbox.outbox import Kept, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.ring import Item, Ring, settle
from edge.report.outbox.scribe import Hooks, Scribe, Statistics

__all__ = ["Hooks", "Statistics", "Writer"]

GROUP = 256
GROUP_OCTETS = 1 << 20
LIVE_S = 0.005
REST_S = 0.05
TICK_S = 1.0
RETRY_S = 1.0
MOST_EVENTS = 20_000
MOST_OCTETS = 32 << 20
STALLED_S = 300.0
"A disk that lets us wait for longer gets well by no patience; a restart of the box may help."


class Writer:
    """The outbox of this process and its thread."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        acked: Path,
        hooks: Hooks = Hooks(),  # noqa: B008 - frozen
        *,
        connect: Connect = connect,
    ) -> None:
        """Write to `path`, once started; `acked` is the file that says how far the hub has got."""
        self._scribe = Scribe(path, limits, acked, hooks, connect=connect)
        self._news = threading.Condition()
        self._ring = Ring(MOST_EVENTS, MOST_OCTETS)
        self._due_s: float | None = None
        "When a group is to be written; None while there is none."
        self._not_before_s = 0.0
        self._tick_s = 0.0
        self._asked = False
        self._closing = False
        self._bug: BaseException | None = None
        self._round_s = clock.monotonic_s()
        "When the thread last got round; it does so each second while the disk lets it."
        self._thread = threading.Thread(target=self._run, name=f"writes {path.name}", daemon=True)

    def start(self) -> Self:
        """Begin to write. The first look at the disk may raise an alarm: its hook must be ready."""
        self._thread.start()
        return self

    # From any thread ----------------------------------------------------------

    def put(self, event: Event) -> None:
        """Have an event recorded soon. Never waits."""
        self._give(Item(event.cls, event.moment, encode(event)))

    def record(self, event: Event) -> Future[Kept]:
        """Have an event recorded; the future says where once it is on disk.

        `OutboxFull` in it for an audit record means that what it tells of must not be done.
        """
        future: Future[Kept] = Future()
        self._give(Item(event.cls, event.moment, encode(event), future))
        return future

    def acked(self) -> None:
        """Tell that the hub has acknowledged something; without it that is seen in a second."""
        with self._news:
            self._asked = True
            self._news.notify()

    @property
    def queued(self) -> int:
        """Return how many events wait in memory for the disk."""
        return len(self._ring)

    def trouble(self, now_s: float) -> str:
        """Say why nothing is written any more; empty while something is, or the disk is slow."""
        if not self._thread.is_alive():
            return "the writer of the outbox has ended"
        waits_s = now_s - self._round_s
        return f"the disk has not answered for {waits_s:.0f} s" if waits_s > STALLED_S else ""

    @property
    def statistics(self) -> Statistics:
        """Return what became of the events, as of the last second."""
        return self._scribe.statistics

    def close(self, within_s: float = 10.0) -> int:
        """Write what waits and end; return how many events could not be written in time."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(within_s)
        return len(self._ring)

    def _give(self, item: Item) -> None:
        ended = self._closing and threading.current_thread() is not self._thread
        if self._bug is not None or ended:  # the thread itself says to the last what went wrong
            raise RuntimeError("the writer of the outbox has ended") from self._bug
        now_s = clock.monotonic_s()
        with self._news:
            fallen = self._ring.put(item)
            soon_s = LIVE_S if item.cls in LIVE else REST_S
            self._wake(now_s if len(self._ring) == GROUP else now_s + soon_s)
        _refuse(fallen, "memory that waits for the disk is full")

    def _wake(self, due_s: float) -> None:
        """Have a group written no later than at this time; with the lock."""
        due_s = max(due_s, self._not_before_s)
        if self._due_s is None or due_s < self._due_s:
            self._due_s = due_s
            self._news.notify()

    # In the thread ------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._wait():
                self._round_s = clock.monotonic_s()
                self._flush()
                self._tend()
            for _ in range(2):  # the second time what the first has to say of the files
                self._tend()
                while self._flush():
                    pass
            self._tend()
        except BaseException as bug:
            self._bug = bug
            raise
        finally:
            self._scribe.close()
            with self._news:
                left = self._ring.take(MOST_EVENTS, MOST_OCTETS)
                self._ring.give_back(left)
            _refuse(left, "the writer of the outbox has ended")

    def _wait(self) -> bool:
        """Wait until there is something to do; whether it is to end."""
        with self._news:
            while not (self._closing or self._asked):
                wake_s = self._tick_s if self._due_s is None else min(self._due_s, self._tick_s)
                wait_s = wake_s - clock.monotonic_s()
                if wait_s <= 0:
                    break
                self._news.wait(wait_s)
            return self._closing

    def _flush(self) -> bool:
        """Write one group, if it is due; whether another one may be written at once."""
        with self._news:
            now_s = clock.monotonic_s()
            if not self._closing and (self._due_s is None or now_s < self._due_s):
                return False
            lost, self._ring.lost = self._ring.lost, {}
            items = self._ring.take(GROUP, GROUP_OCTETS, audit=not self._scribe.refused)
            self._due_s = None
        now_ns = clock.now_ns()
        lost = self._scribe.lose(lost, now_ns) if lost else lost
        again = self._scribe.write(items, now_ns) if items else []
        with self._news:
            fallen = self._ring.give_back(again)
            for cls, one in lost.items():
                self._ring.lose(cls, one)
            failed = bool(again or lost)
            self._not_before_s = now_s + RETRY_S if failed else 0.0
            if len(self._ring) > (len(again) if self._scribe.refused else 0):
                self._wake(now_s if len(self._ring) >= GROUP else now_s + LIVE_S)
        _refuse(fallen, "memory that waits for the disk is full")
        return bool(items) and not failed

    def _tend(self) -> None:
        """Do what is done each second, or when the hub has acknowledged something."""
        now_s = clock.monotonic_s()
        with self._news:
            if not (self._asked or self._closing) and now_s < self._tick_s:
                return
            self._asked = False
        more = self._scribe.tend(now_s, clock.now_ns())
        with self._news:
            self._tick_s = now_s if more else now_s + TICK_S
            if len(self._ring):
                self._wake(now_s)


def _refuse(items: Iterable[Item], why: str) -> None:
    for item in items:
        settle(item, OutboxFull(why))
