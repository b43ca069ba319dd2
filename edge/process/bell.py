# SPDX-License-Identifier: Apache-2.0
"""A call into the event loop from any thread: "there is news", never what."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Bell:
    """Made within the loop that is to answer."""

    def __init__(self, answer: Callable[[], object] = lambda: None) -> None:
        """Answer by calling `answer`."""
        self.answer = answer
        "Called in the loop, once for each ring."
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Ring, from any thread; a loop that has ended hears nothing."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self.answer()
