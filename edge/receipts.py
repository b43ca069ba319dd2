# SPDX-License-Identifier: Apache-2.0
"""An order that is told twice is answered alike, and done once: what enforcers remember.

Bounded; forgotten with the driver that is opened anew, when only deadlines keep an order from being
told again.
"""

import asyncio
from collections import OrderedDict
from weakref import WeakValueDictionary

from edge.ports import Receipt

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
