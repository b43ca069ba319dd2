# SPDX-License-Identifier: Apache-2.0
"""One connection to the simulated broker: octets in order, late, or not at all.

Each side ends it for itself: where the line is cut, both learn of it by the silence alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING

from edge.errors import DriverLost
from edge.report.port import Inbound, Outbound

if TYPE_CHECKING:
    from tests.sim.broker import Broker, Hello, Session

CONNECT_WAIT_S = 10.0
APART_S = 1e-6
"Between two messages that leave at once, so that they arrive in their order."


class _Way:
    """One direction: in order, later each."""

    def __init__(self) -> None:
        self.dark = False
        self._last_s = 0.0
        self._stalled: deque[Callable[[], None]] = deque()

    def carry(self, broker: "Broker", arrive: Callable[[], None]) -> None:
        self._last_s = max(self._last_s + APART_S, broker.now_s + broker.latency_s())
        asyncio.get_running_loop().call_at(self._last_s, self._arrive, arrive)

    def _arrive(self, arrive: Callable[[], None]) -> None:
        if self.dark or self._stalled:
            self._stalled.append(arrive)
        else:
            arrive()

    def go_on(self) -> None:
        self.dark = False
        while self._stalled and not self.dark:
            self._stalled.popleft()()


class Connection:
    """Implements `edge.report.port.Connection`."""

    session: "Session"

    def __init__(self, broker: "Broker", hello: "Hello") -> None:
        self.hello = hello
        self.here = True
        "Whether the client still believes in it ..."
        self.there = False
        "... and the broker."
        self._broker = broker
        self._up, self._down = _Way(), _Way()
        self._waiting: dict[asyncio.Future[int], None] = {}
        "Publications that the broker has not answered, in their order."
        self._arrived: deque[Inbound] = deque()
        self._news = asyncio.Event()
        self._silence: list[asyncio.TimerHandle] = []

    async def open(self) -> None:
        """Connect. Raises `DriverLost`."""
        if self._broker.dark[self.hello.client]:
            await asyncio.sleep(CONNECT_WAIT_S)
            raise DriverLost("no answer from the broker")
        await asyncio.sleep(2 * self._broker.latency_s())
        if self._broker.away or self._broker.dark[self.hello.client]:
            raise DriverLost("the broker is away")
        self.session = self._broker.welcome(self)
        self.there = True
        self.pump()

    # How it ends ----------------------------------------------------------------

    def drop(self, *, say_will: bool = True) -> None:
        """End it for both sides at once."""
        self.abandon()
        self.forsake(say_will=say_will)

    def abandon(self) -> None:
        """End it for the client: whoever waits is told."""
        if self.here:
            self.here = False
            for waiting in self._waiting:
                _lose(waiting)
            self._waiting.clear()
            self._news.set()

    def forsake(self, *, say_will: bool) -> None:
        """End it for the broker; the client learns of it when its next words get there."""
        if self.there:
            self.there = False
            self._broker.gone(self, self.hello.will if say_will else None)
            self._down.carry(self._broker, self.abandon)

    def vanish(self) -> None:
        """Lose the client without a word: the broker finds out by the silence."""
        self.abandon()
        silent_s = self._broker.weather.keepalive_s
        asyncio.get_running_loop().call_later(silent_s, lambda: self.forsake(say_will=True))

    def close(self) -> None:
        """End it in good order: what was said before gets there, and the will is not said."""
        if self.here:
            self.abandon()
            self._up.carry(self._broker, lambda: self.forsake(say_will=False))

    def darken(self) -> None:
        """Let nothing through, either way, until somebody gives up."""
        if not self._up.dark:
            self._up.dark = self._down.dark = True
            loop, keepalive_s = asyncio.get_running_loop(), self._broker.weather.keepalive_s
            self._silence = [
                loop.call_later(keepalive_s, self.abandon),
                loop.call_later(keepalive_s * 1.2, lambda: self.forsake(say_will=True)),
            ]

    def lighten(self) -> None:
        """Let through what was held up; what nobody waits for any more is lost."""
        for timer in self._silence:
            timer.cancel()
        if not self.here:
            self.forsake(say_will=True)
        self._up.go_on()
        self._down.go_on()

    def _unlucky(self) -> bool:
        if self._broker.chance.random() < self._broker.weather.cut:
            self._broker.count["cut"] += 1
            self.drop()
        return not self.there

    # What the client does -------------------------------------------------------

    def send(self, message: Outbound) -> "asyncio.Future[int]":
        """Publish; the future has the reason code, or raises `DriverLost`."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if not self.here:
            _lose(answer)
            return answer
        if message.qos:
            self._waiting[answer] = None
        else:
            answer.set_result(0)
        self._up.carry(self._broker, lambda: self._published(message, answer))
        return answer

    def _published(self, message: Outbound, answer: "asyncio.Future[int]") -> None:
        if self._unlucky():
            return
        reason = self._broker.publish(message)
        if message.qos and not self._unlucky():  # it has it, and we may never hear of that
            self._down.carry(self._broker, lambda: self._answered(answer, reason))

    def _answered(self, answer: "asyncio.Future[int]", reason: int) -> None:
        if self._waiting.pop(answer, 0) is None and not answer.done():
            answer.set_result(reason)

    async def publish(self, message: Outbound) -> int:
        return await self.send(message)

    async def subscribe(self, topics: tuple[str, ...]) -> None:
        self._check()
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = None

        def arrived() -> None:
            if not self._unlucky():
                self._broker.subscribe(self.session, topics)
                self._down.carry(self._broker, lambda: self._answered(answer, 0))

        self._up.carry(self._broker, arrived)
        await answer

    async def arrived(self) -> list[Inbound]:
        """Return all that has arrived; wait while there is nothing. Raises `DriverLost`."""
        while not self._arrived:
            self._check()
            self._news.clear()
            await self._news.wait()
        taken = list(self._arrived)
        self._arrived.clear()
        return taken

    async def messages(self) -> AsyncIterator[Inbound]:
        while True:
            for message in await self.arrived():
                self._check()
                yield message

    async def settle(self, message: Inbound) -> None:
        self._check()
        self.settled(message)

    def settled(self, message: Inbound) -> None:
        """Tell the broker, as long as there is one, that a message need not be sent again."""

        def arrived() -> None:
            if not self._unlucky() and isinstance(message.token, int):
                self.session.unsettled.pop(message.token, None)
                self.pump()

        if self.here:
            self._up.carry(self._broker, arrived)

    def _check(self) -> None:
        if not self.here:
            raise DriverLost("the connection has ended")

    # What the broker does -------------------------------------------------------

    def pump(self) -> None:
        """Give the client what waits for it, as far as it may have it."""
        weather, session = self._broker.weather, self.session
        while self.there and session.queue:
            if session.queue[0].until_s < self._broker.now_s:
                session.queue.popleft()
                continue
            if session.queue[0].qos and len(session.unsettled) >= weather.receive_maximum:
                return
            kept = session.queue.popleft()
            if kept.qos:
                assert isinstance(kept.message.token, int)
                session.unsettled[kept.message.token] = kept
            self._down.carry(self._broker, partial(self._hear, kept.message))

    def _hear(self, message: Inbound) -> None:
        if self.here and not self._unlucky():
            self._arrived.append(message)
            self._news.set()


def _lose(answer: "asyncio.Future[int]") -> None:
    if not answer.done():
        answer.set_exception(DriverLost("nobody knows whether the broker took it"))
        answer.exception()  # nobody may wait, and that is no fault
