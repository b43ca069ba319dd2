# SPDX-License-Identifier: Apache-2.0
"""The outbox of one process: the real ring, scribe and file, with a task in place of the thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from edge.report.event import LIVE, Event, encode
from edge.report.outbox.acked import read_acked
from edge.report.outbox.outbox import Kept, OutboxFull
from edge.report.outbox.quota import Limits
from edge.report.outbox.ring import Item, Ring, settle
from edge.report.outbox.scribe import Hooks, Scribe
from tests.sim.invariants import Book, Truth

GROUP = 64
GROUP_OCTETS = 1 << 18
LIVE_S, REST_S, RETRY_S = 0.005, 0.05, 1.0
TICK_S = 300.0


class Place(NamedTuple):
    """Where an outbox is, and how large."""

    node: str
    process: str
    folder: Path
    limits: Limits
    most_waiting: int = 100
    "Events in memory."

    @property
    def path(self) -> Path:
        return self.folder / f"{self.process}.db"

    @property
    def acked(self) -> Path:
        return self.folder / "acked.json"


class Keeper:
    """Lives as long as its process."""

    def __init__(
        self, place: Place, book: Book, truth: Truth, now_ns: Callable[[], int],
        committed: Callable[[], None],
    ) -> None:  # fmt: skip
        self.place = place
        self._book = book
        self._truth = truth
        self._now_ns = now_ns
        self._ring = Ring(place.most_waiting, 8 << 20)
        self._scribe = Scribe(place.path, place.limits, place.acked, Hooks(committed=committed))
        self._news = asyncio.Event()
        self._soon_s = REST_S

    @property
    def waiting(self) -> int:
        """Return how much the hub has not acknowledged, in memory and on disk."""
        outbox = self._scribe._outbox
        rows = sum(outbox.waiting().values()) if outbox else 1
        return len(self._ring) + len(self._ring.lost) + rows

    def put(self, event: Event) -> None:
        item = Item(event.cls, event.moment, encode(event), Future())
        for fallen in self._ring.put(item):
            settle(fallen, OutboxFull("memory is full"))
        if event.cls in LIVE:
            self._soon_s = LIVE_S
        self._news.set()

    def acked(self) -> None:
        """Take the hint that the hub has more."""
        self._news.set()

    async def forever(self) -> None:
        """Write what is put, let go of what the hub has."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._news.wait()
                await asyncio.sleep(self._soon_s)
                self._soon_s = REST_S
                self._news.clear()
                if self.flush():
                    self._tend()
                else:
                    self._soon_s = RETRY_S
                    self._news.set()
        finally:
            self._scribe.close()

    def flush(self) -> bool:
        """Write all that waits in memory; whether nothing stood in the way."""
        now_ns = self._now_ns()
        lost, self._ring.lost = self._ring.lost, {}
        again = self._scribe.lose(lost, now_ns)
        for cls, one in lost.items():
            if cls in again:
                self._ring.lose(cls, one)
            else:
                self._book.lost[cls] += one.n
        while items := self._ring.take(GROUP, GROUP_OCTETS, audit=not self._scribe.refused):
            back = self._scribe.write(items, now_ns)
            for item in items:
                self._note(item)
            if back:
                self._ring.give_back(back)
                return False
        return not again

    def _note(self, item: Item) -> None:
        if item.future is None or not item.future.done():
            return
        if item.future.exception() is None:
            kept: Kept = item.future.result()
            self._book.keep(item, kept, asyncio.get_running_loop().time())
        else:
            self._book.drop(item)

    def _tend(self) -> None:
        self._truth.retired(self.place.node, read_acked(self.place.acked))
        while self._scribe.tend(asyncio.get_running_loop().time(), self._now_ns()):
            pass
