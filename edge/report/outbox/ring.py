# SPDX-License-Identifier: Apache-2.0
"""Events on their way to the disk, in memory that is bounded: when it is full, the least dear goes.

Not safe between threads: `edge.report.outbox.writer` holds a lock.
"""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import NamedTuple

from edge.report.event import CLASSES, Class, Moment
from edge.report.outbox.outbox import Kept


class Item(NamedTuple):
    """An event as it will lie in the outbox."""

    cls: Class
    moment: Moment
    body: bytes
    future: Future[Kept] | None = None
    "Who wants to know when it is recorded."


def settle(item: Item, outcome: Kept | Exception) -> None:
    """Tell who waits for an event what became of it."""
    if item.future is None or not item.future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, Exception):
        item.future.set_exception(outcome)
    else:
        item.future.set_result(outcome)


class Lost(NamedTuple):
    """Events of a class that fell out."""

    n: int
    first_ns: int
    last: Moment


class Ring:
    """What waits for the disk."""

    def __init__(self, most: int, most_octets: int) -> None:
        """Hold at most so many events, and octets of their bodies."""
        self.lost: dict[Class, Lost] = {}
        "What fell out and is not recorded yet."
        self._most = most
        self._most_octets = most_octets
        self._octets = 0
        self._waiting: dict[Class, deque[Item]] = {cls: deque() for cls in CLASSES}
        self._count = 0

    def __len__(self) -> int:
        """Events that wait."""
        return self._count

    def put(self, item: Item) -> list[Item]:
        """Take an event; return what fell out for it, the oldest of the least dear class."""
        self._waiting[item.cls].append(item)
        self._count += 1
        self._octets += len(item.body)
        return self._trimmed()

    def give_back(self, items: Iterable[Item]) -> list[Item]:
        """Take events back that were taken last; return what fell out for them."""
        for item in reversed(list(items)):
            self._waiting[item.cls].appendleft(item)
            self._count += 1
            self._octets += len(item.body)
        return self._trimmed()

    def _trimmed(self) -> list[Item]:
        fallen = []
        while self._count > self._most or self._octets > self._most_octets:
            least = next(cls for cls in reversed(CLASSES) if self._waiting[cls])
            item = self._pop(least)
            self.lose(least, Lost(1, item.moment.at, item.moment))
            fallen.append(item)
        return fallen

    def lose(self, cls: Class, lost: Lost) -> None:
        """Note events that fell out; they are told together."""
        before = self.lost.get(cls, lost._replace(n=0))
        last = max(before.last, lost.last, key=lambda moment: moment.mono)
        self.lost[cls] = Lost(before.n + lost.n, min(before.first_ns, lost.first_ns), last)

    def take(self, most: int, most_octets: int, *, audit: bool = True) -> list[Item]:
        """Take events out, the dearest first, at least one if there are any."""
        taken: list[Item] = []
        for cls in CLASSES if audit else CLASSES[1:]:
            waiting = self._waiting[cls]
            while waiting and len(taken) < most:
                most_octets -= len(waiting[0].body)
                if taken and most_octets < 0:
                    return taken
                taken.append(self._pop(cls))
        return taken

    def _pop(self, cls: Class) -> Item:
        item = self._waiting[cls].popleft()
        self._count -= 1
        self._octets -= len(item.body)
        return item
