# SPDX-License-Identifier: Apache-2.0
"""Bounded queues after the verdict. The name of the class says what is lost when one is full.

One event loop; any number of givers and takers. None waits to give: a verdict never does.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class _Bounded(Generic[T]):
    """What both kinds share: at most `depth` items, taken in order."""

    def __init__(self, depth: int) -> None:
        """Hold at most `depth` items, one or more."""
        if depth < 1:
            raise ValueError(f"depth {depth}: a queue holds one item or more")
        self.depth = depth
        self.given = 0
        "Items offered since the start, the lost ones included."
        self.lost = 0
        self._items: deque[T] = deque()
        self._news = asyncio.Event()

    def __len__(self) -> int:
        """Items waiting to be taken."""
        return len(self._items)

    async def get(self) -> T:
        """Take the oldest item; wait while there is none."""
        while not self._items:
            self._news.clear()
            await self._news.wait()
        return self._items.popleft()

    def _add(self, item: T) -> None:
        self._items.append(item)
        self._news.set()


class DropOldest(_Bounded[T]):
    """For what ages: news push out the oldest, which is lost."""

    def put(self, item: T) -> None:
        """Give an item; if the queue is full, lose the oldest."""
        self.given += 1
        if len(self._items) == self.depth:
            self._items.popleft()
            self.lost += 1
        self._add(item)


class Refuse(_Bounded[T]):
    """For what the giver must know about: a full queue takes nothing more."""

    def put(self, item: T) -> bool:
        """Give an item; false if the queue is full and the item is not in it."""
        self.given += 1
        if len(self._items) == self.depth:
            self.lost += 1
            return False
        self._add(item)
        return True
