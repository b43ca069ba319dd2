# SPDX-License-Identifier: Apache-2.0
"""The conversation with the hub on one connection: what is said first, what is heard, the farewell.

    subscribe · birth · ask · drain, answer, beat · farewell

Knows the port, never MQTT. What is heard is settled when whoever it is for returns: what it asks
for is on disk by then. Each kind of word has a task and an order of its own, so that a slow command
holds up neither the hub's acknowledgements nor the blocks of a file that it waits for.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from edge.clock import monotonic_s
from edge.errors import DriverLost, mendable
from edge.process.handover import Refuse
from edge.report import topic
from edge.report.hub.drain import Drain
from edge.report.hub.window import Parcel
from edge.report.message import ACCEPTS, Ack, Ask, Cosigned, Hub, Live, State, Versioned
from edge.report.port import Connection, Inbound, Outbound

LIVE_EVERY_S = 15.0
LIVE_EXPIRY_S = 60
ASK_EXPIRY_S = 30
ASK_AGAIN_S = 30.0
"How long to wait before asking again a hub that has said nothing; doubled each time ..."
ASK_AGAIN_MOST_S = 900.0
"... up to this."
FAREWELL_S = 2.0
"Most that the last words may take: a broker that is gone must not hold up the end."
WAITING = 64
"Messages of one kind that wait for their task; the broker sends fewer that are not settled."

Handler = Callable[[str, Inbound], Awaitable[None]]
"Does what is asked under a topic (its words behind the node); what it asks for is on disk then."

Word = TypeVar("Word", bound=Versioned)


class Says(NamedTuple):
    """What the appliance says of itself; asked whenever it is said, with the epoch."""

    birth: Callable[[int], State]
    ask: Callable[[int], Ask]
    live: Callable[[int], Live]


class Hears(NamedTuple):
    """Who is told of what is heard."""

    handlers: Mapping[str, Handler]
    "By the first word of the topic behind the node."
    acked: Callable[[dict[str, int]], object]
    "The streams that the hub has got further in, and how far: whoever keeps them may let go."
    cosigned: Callable[[Sequence[Cosigned]], object] = lambda _signatures: None


class Link:
    """The conversation, on one connection after another."""

    def __init__(
        self,
        node: str,
        drain: Drain,
        says: Says,
        hears: Hears,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        """Speak for `node`."""
        self.hub: Hub | None = None
        "What the hub said of itself last."
        self.heard: Counter[str] = Counter()
        "Messages by first word; `bad` could not be read, `unknown` is for nobody here."
        self._node = node
        self._drain = drain
        self._says = says
        self._hears = hears
        self._now_s = now_s
        self._epoch = 0
        self._connection: Connection | None = None
        self._answered = False
        self._wake = asyncio.Event()
        "There may be something to send."
        self._asking = asyncio.Event()
        "The hub is back and is to be asked anew."
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        "A message was taken out of a queue."
        self._ending = asyncio.Event()

    def will(self, epoch: int) -> Outbound:
        """Return what the broker says when we go without a word; begins an epoch."""
        self._epoch = epoch
        return self._state(State(state="lost", epoch=epoch))

    def news(self) -> None:
        """Say that there may be new events."""
        self._drain.news()
        self._wake.set()

    def changed(self) -> None:
        """Say that the birth would read differently now: it is said again."""
        self._changed.set()

    def stop(self) -> None:
        """End the conversation of now with a farewell."""
        self._ending.set()

    async def send(self, message: Outbound) -> int:
        """Publish on the connection of now. Raises `DriverLost` if there is none."""
        if self._connection is None:
            raise DriverLost("no connection to a broker")
        return await self._connection.publish(message)

    async def converse(self, connection: Connection) -> None:
        """Converse until told to stop, or cancelled. Raises `DriverLost` if the connection is."""
        self._ending.clear()
        self.hub, self._answered = None, False
        try:
            with mendable():
                await self._talk(connection)
        except DriverLost:
            raise
        except BaseException:  # told to end, by whatever
            await self._farewell(connection)
            raise
        else:
            await self._farewell(connection)
        finally:
            self._connection = None
            self._drain.disconnected()

    async def _talk(self, connection: Connection) -> None:
        await connection.subscribe(topic.heard_by(self._node))
        await connection.publish(self._state(self._says.birth(self._epoch)))
        self._connection = connection
        self._drain.connected(self._now_s())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in self._works(connection)]
            await self._ending.wait()
            for task in tasks:
                task.cancel()

    def _works(self, connection: Connection) -> list[Coroutine[None, None, None]]:
        queues = {word: Refuse[Inbound](WAITING) for word in self._hears.handlers}
        return [
            self._ask(connection),
            self._hear(connection, queues),
            self._send_due(connection),
            self._tell_changes(connection),
            self._beat(connection),
            *(self._serve(connection, word, queue) for word, queue in queues.items()),
        ]

    async def _farewell(self, connection: Connection) -> None:
        last = self._says.birth(self._epoch).model_copy(update={"state": "offline"})
        with suppress(DriverLost, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await connection.publish(self._state(last))

    async def _ask(self, connection: Connection) -> None:
        """Ask what the hub has: at first, when it is back, and now and then while it is silent."""
        where, wait_s = topic.up(self._node, topic.ASK), ASK_AGAIN_S
        while True:
            self._asking.clear()
            asked = self._says.ask(self._epoch).model_dump_json().encode()
            await connection.publish(Outbound(where, asked, expiry_s=ASK_EXPIRY_S))
            back = await _within(wait_s, self._asking)
            if not back and self._answered:
                back = await _within(None, self._asking)
            wait_s = ASK_AGAIN_S if back else min(2 * wait_s, ASK_AGAIN_MOST_S)

    async def _tell_changes(self, connection: Connection) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await connection.publish(self._state(self._says.birth(self._epoch)))

    async def _beat(self, connection: Connection) -> None:
        where = topic.up(self._node, topic.LIVE)
        while True:
            alive = self._says.live(self._epoch).model_dump_json().encode()
            await connection.publish(Outbound(where, alive, qos=0, expiry_s=LIVE_EXPIRY_S))
            await asyncio.sleep(LIVE_EVERY_S)

    async def _send_due(self, connection: Connection) -> None:
        """Send what is due, whenever something may be: there is news, an answer, or it is time."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                now_s = self._now_s()
                for parcel in self._drain.due(now_s):
                    group.create_task(self._publish(connection, parcel))
                wake_s = self._drain.wake_s(now_s)
                await _within(None if wake_s is None else wake_s - now_s, self._wake)

    async def _publish(self, connection: Connection, parcel: Parcel) -> None:
        reason = await connection.publish(parcel.message)
        self._drain.published(parcel, reason, self._now_s())
        self._wake.set()

    async def _hear(self, connection: Connection, queues: Mapping[str, Refuse[Inbound]]) -> None:
        async for message in connection.messages():
            word = _rest(message).partition("/")[0]
            queue = queues.get(word)
            known = queue is not None or word in {topic.ACK, topic.HUB}
            self.heard[word if known else "unknown"] += 1
            if queue is not None:
                while len(queue) == queue.depth:  # not read on: the broker waits, too
                    self._room.clear()
                    await self._room.wait()
                queue.put(message)
                continue
            if word == topic.ACK:
                self._take_ack(message)
            elif word == topic.HUB:
                self._take_hub(message)
            await connection.settle(message)
        raise DriverLost("the broker ended the connection")

    async def _serve(self, connection: Connection, word: str, queue: Refuse[Inbound]) -> None:
        """Do what is asked under a word, one after the other."""
        while True:
            message = await queue.get()
            self._room.set()
            await self._hears.handlers[word](_rest(message), message)
            await connection.settle(message)

    def _take_ack(self, message: Inbound) -> None:
        ack = self._read(message, Ack)
        if ack is None:
            return
        self._answered = True
        if moved := self._drain.acked(ack, self._now_s()):
            self._hears.acked(moved)
        if ack.cosigned:
            self._hears.cosigned(ack.cosigned)
        self._wake.set()

    def _take_hub(self, message: Inbound) -> None:
        hub = self._read(message, Hub)
        if hub is None:
            return
        another = self.hub is not None and hub.epoch != self.hub.epoch
        self.hub = hub
        if self._drain.hub(hub.online, hub.accepts, self._now_s()) or (another and hub.online):
            self._answered = False
            self._asking.set()
        self._wake.set()

    def _read(self, message: Inbound, kind: type[Word]) -> Word | None:
        """Read a message; None if that is not what it is, or of a version that we cannot read."""
        with suppress(ValidationError):
            word = kind.model_validate_json(message.payload)
            if word.v in ACCEPTS:
                return word
        self.heard["bad"] += 1
        return None

    def _state(self, state: State) -> Outbound:
        payload = state.model_dump_json(by_alias=True).encode()
        return Outbound(topic.up(self._node, topic.STATE), payload, retain=True)


async def _within(seconds: float | None, event: asyncio.Event) -> bool:
    """Wait for an event, for a time or as long as it takes; whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False


def _rest(message: Inbound) -> str:
    """Return what stands behind direction and node; empty for what is not said to us."""
    direction, _, rest = topic.split(message.topic)
    return rest if direction == "dn" else ""
