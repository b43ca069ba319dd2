# SPDX-License-Identifier: Apache-2.0
"""The last words of a box that is taken out of service, while it still has a key to say them with.

Its outbox is about to be wiped, so that the act is told on a stream of its own, of one event.
"""

import asyncio

from pydantic import ValidationError

from edge.errors import DriverLost
from edge.report import topic
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.message import Ack, State
from edge.report.port import Connection, Outbound

ACT = "decommission"
ALARM = "decommissioned"


class Farewell:
    """What is said on the last connection; a `Talk` of `edge.report.hub.session`."""

    def __init__(self, node: str, stream: str, moment: Moment, wait_s: float) -> None:
        """Speak for `node`, on a stream whose uuid was never used; wait so long for the hub."""
        self.heard = False
        "Whether the hub has the act in its database."
        self._node = node
        self._stream = stream
        self._moment = moment
        self._wait_s = wait_s
        self._epoch = 0

    def will(self, epoch: int) -> Outbound:
        """Return what the broker says if we go without a word."""
        self._epoch = epoch
        return self._state(State(state="lost", epoch=epoch, alarms=(ALARM,)))

    async def converse(self, connection: Connection) -> None:
        """Tell the hub. Raises `DriverLost` if the connection ends before."""
        await connection.subscribe(topic.heard_by(self._node))
        await connection.publish(Outbound(topic.events(self._node, Class.AUDIT), self._batch()))
        try:
            async with asyncio.timeout(self._wait_s):
                await self._acknowledged(connection)
                self.heard = True
        except TimeoutError:
            pass  # it is told that we go, all the same
        at = self._moment.at
        offline = State(state="offline", epoch=self._epoch, at=at, alarms=(ALARM,))
        await connection.publish(self._state(offline))

    def _state(self, state: State) -> Outbound:
        where = topic.up(self._node, topic.STATE)
        return Outbound(where, state.model_dump_json(by_alias=True).encode(), retain=True)

    def _batch(self) -> bytes:
        """Return the batch that tells the act."""
        fields: dict[str, object] = {
            "act": ACT, "by": ["local"], "state": "done",
            "text": "Taken out of service: keys and all personal data are being wiped.",
        }  # fmt: skip
        event = numbered(1, encode(Event(Class.AUDIT, "act", self._moment, fields)))
        head = b'{"v":1,"node":"%b","stream":"%b","class":"audit","events":[%b]}'
        return head % (self._node.encode(), self._stream.encode(), event)

    async def _acknowledged(self, connection: Connection) -> None:
        """Wait until the hub acknowledges the stream."""
        where = topic.down(self._node, topic.ACK)
        async for message in connection.messages():
            await connection.settle(message)
            if message.topic == where and _names(message.payload, self._stream):
                return
        raise DriverLost("the broker ended the connection")


def _names(payload: bytes, stream: str) -> bool:
    try:
        acks = Ack.model_validate_json(payload).acks
    except ValidationError:
        return False
    return any(ack.stream == stream and ack.through >= 1 for ack in acks)
