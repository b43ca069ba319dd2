# SPDX-License-Identifier: Apache-2.0
"""An order that is told twice is answered alike, and done once: what enforcers remember.

Bounded; forgotten with the driver that is opened anew, when only deadlines keep an order from being
told again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from edge.clock import now_ns
from edge.errors import EnforceError
from edge.ports import Order, Receipt

MOST = 4096


class Receipts:
    """Receipts by order; the oldest is forgotten beyond `most`."""

    def __init__(self, most: int = MOST) -> None:
        """Start with none."""
        self._most = most
        self._kept: OrderedDict[str, Receipt] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        """Receipts remembered."""
        return len(self._kept)

    async def once(self, order: Order, do: Callable[[Order], Awaitable[Receipt]]) -> Receipt:
        """Carry out an order until its deadline, if it was not before; return its receipt.

        Raises `EnforceError` if there is no time left, or as `do` does.
        """
        left_s = (order.deadline_ns - now_ns()) / 1e9
        if left_s <= 0:
            raise EnforceError(f"too late for {order.call.call}")
        try:
            async with asyncio.timeout(left_s), self.turn(order.id):
                return self.of(order.id) or self.keep(await do(order))
        except TimeoutError:
            raise EnforceError(f"no answer in time for {order.call.call}") from None

    def turn(self, order: str) -> asyncio.Lock:
        """Return what lets one at a time carry out an order; whoever is next finds its receipt."""
        return self._turns.setdefault(order, asyncio.Lock())

    def of(self, order: str) -> Receipt | None:
        """Return the receipt of an order that was carried out."""
        return self._kept.get(order)

    def keep(self, receipt: Receipt) -> Receipt:
        """Remember a receipt, and return it."""
        self._kept[receipt.order] = receipt
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return receipt
