# SPDX-License-Identifier: Apache-2.0
"""A `Connection` without a broker: the test says what arrives and sees what is said."""

import asyncio
from collections.abc import AsyncIterator, Callable

from edge.errors import DriverLost
from edge.report.port import Inbound, Outbound


class Line:
    """One connection; `answers` gives the reason code of a publish, or None to keep it waiting."""

    def __init__(self, answers: Callable[[Outbound], int | None] = lambda _: 0) -> None:
        self.subscribed: tuple[str, ...] = ()
        self.said: list[Outbound] = []
        self.settled: list[Inbound] = []
        self.answers = answers
        self._queue: list[Inbound] = []
        self._news = asyncio.Condition()
        self._lost = ""

    async def subscribe(self, topics: tuple[str, ...]) -> None:
        self._alive()
        self.subscribed += topics

    async def publish(self, message: Outbound) -> int:
        self._alive()
        async with self._news:
            self.said.append(message)
            self._news.notify_all()
        if (reason := self.answers(message)) is not None:
            return reason
        async with self._news:
            await self._news.wait_for(lambda: self._lost)
        raise DriverLost(self._lost)

    async def messages(self) -> AsyncIterator[Inbound]:
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._queue or self._lost)
                if not self._queue:
                    raise DriverLost(self._lost)
                message = self._queue.pop(0)
            yield message

    async def settle(self, message: Inbound) -> None:
        async with self._news:
            self.settled.append(message)
            self._news.notify_all()

    async def give(self, topic: str, payload: bytes) -> Inbound:
        """Let a message arrive."""
        message = Inbound(topic, payload, token=len(self.settled) + len(self._queue) + 1)
        async with self._news:
            self._queue.append(message)
            self._news.notify_all()
        return message

    async def lose(self, why: str = "cut") -> None:
        async with self._news:
            self._lost = why
            self._news.notify_all()

    async def until(self, truth: Callable[[], object], patience_s: float = 10.0) -> None:
        """Wait until something holds that changes with what is said or settled here."""
        async with asyncio.timeout(patience_s), self._news:
            await self._news.wait_for(truth)

    def on(self, rest: str) -> list[Outbound]:
        """Return what was said on topics that end so."""
        return [message for message in self.said if message.topic.endswith("/" + rest)]

    def _alive(self) -> None:
        if self._lost:
            raise DriverLost(self._lost)
