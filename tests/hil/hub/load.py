# SPDX-License-Identifier: Apache-2.0
"""Appliances that report under load: a window of batches each, sent again until acknowledged."""

from collections.abc import Sequence

from hil.hub.madeup import MadeUp, fresh_stream

WINDOW = 8
AGAIN_S = 1.0
"""Much sooner than an appliance sends again: here things are killed every second."""


class Reporter:
    """One stream of an appliance, and how far it has got."""

    def __init__(self, one: MadeUp, total: int, per_batch: int = 20) -> None:
        self.stream = fresh_stream()
        self.sent = 0
        "Batches sent, the repeated ones included."
        self._one = one
        numbers = range(1, total + 1)
        self._batches: list[Sequence[int]] = [
            numbers[first : first + per_batch] for first in range(0, total, per_batch)
        ]

    @property
    def through(self) -> int:
        return self._one.through(self.stream)

    def _is_acked(self, batch: Sequence[int]) -> bool:
        ack = self._one.acks.get(self.stream)
        if ack is None:
            return False
        spans = ((1, ack.through), *ack.sack)
        return any(lo <= batch[0] and batch[-1] <= hi for lo, hi in spans)

    async def run(self) -> None:
        """Report everything."""
        waiting = list(self._batches)
        while waiting:
            window = waiting[:WINDOW]
            for batch in window:
                await self._one.report(self.stream, batch)
                self.sent += 1

            def is_done(batches: list[Sequence[int]] = window) -> bool:
                return all(self._is_acked(batch) for batch in batches)

            await self._one.until(is_done, AGAIN_S)
            waiting = [batch for batch in waiting if not self._is_acked(batch)]
