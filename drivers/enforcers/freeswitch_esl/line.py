# SPDX-License-Identifier: Apache-2.0
"""The connection to an event socket: commands are answered in their order, events come between."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from typing_extensions import override

from drivers.enforcers.freeswitch_esl.wire import Framer, Said, command, plain
from edge.errors import DriverLost
from edge.model.message import Malformed

LOST = "lost"
"Kind of what answers every command on a line that is gone."
_ANSWERS = frozenset({"command/reply", "api/response"})
_FAREWELLS = frozenset({"text/disconnect-notice", "text/rude-rejection"})


class Line(asyncio.Protocol):
    """One connection; it is not taken up again."""

    def __init__(self, where: str, hear: Callable[[str], None]) -> None:
        """Be ready for a connection; `hear` takes events."""
        self._where = where
        self._hear = hear
        self._framer = Framer()
        self._waiting: deque[asyncio.Future[Said]] = deque()
        self._transport: asyncio.Transport | None = None
        self._greeted, self._gone = asyncio.Event(), asyncio.Event()
        self._why = ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Sort answers from events."""
        for said in self._framer.feed(data):
            if isinstance(said, Malformed):
                self.vanish(said.why)
            elif said.kind in _ANSWERS and self._waiting:
                answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result(said)
            elif said.kind == "text/event-plain":
                self._hear(said.text)
            elif said.kind in _FAREWELLS:
                self.vanish(plain(said.text[:200]) or said.kind)
            elif said.kind == "auth/request":
                self._greeted.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.vanish(str(exc) if exc else "hung up")

    async def greeted(self) -> None:
        """Wait until the other side asks who we are. Raises `DriverLost`."""
        await self._greeted.wait()
        self._check()

    def send(self, text: str) -> asyncio.Future[Said]:
        """Send a command; its answer is for `answer`. Raises `DriverLost`."""
        self._check()
        waiting: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self._transport:
            self._transport.write(command(text))
        return waiting

    async def answer(self, waiting: asyncio.Future[Said]) -> Said:
        """Return the answer to what was sent. Raises `DriverLost`."""
        said = await waiting
        if said.kind == LOST:
            raise DriverLost(said.text)
        return said

    async def ask(self, text: str) -> Said:
        """Send a command and return its answer. Raises `DriverLost`."""
        return await self.answer(self.send(text))

    async def last(self, seconds: float) -> None:
        """Wait, if the line lasts that long. Raises `DriverLost`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        self._check()

    def vanish(self, why: str) -> None:
        """Be gone; the first reason stands. May be said twice."""
        self._why = self._why or f"freeswitch {self._where}: {why}"
        self._gone.set()
        self._greeted.set()
        if self._transport:
            self._transport.abort()
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_result(Said(LOST, self._why))

    def _check(self) -> None:
        if self._why:
            raise DriverLost(self._why)
