# SPDX-License-Identifier: Apache-2.0
"""Fetches a bundle block by block, on a connection of its own. Implements the `Talk` of a session.

Whatever comes is measured by hashes that were signed before: a block that is wrong is asked for
again, alone; one that was not asked for, or is of another size, is passed over.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from edge.clock import monotonic_s
from edge.errors import DriverLost, mendable
from edge.process.handover import Refuse
from edge.report.lists.fetch import Block, read_block
from edge.report.lists.pull import Took
from edge.report.message import Get
from edge.report.port import Connection, Outbound
from edge.report.topic import GET, bulk, up
from edge.trust.roles import blob_path
from edge.update.blocks import Part
from edge.update.line import Line
from edge.update.state import Failed, Why

WINDOW = 4
"Blocks that are asked for at once."
MOST_WRONG = 8
"Times that one block may come wrong: then the hub's copy is not what was signed."
_EXPIRY_S = 60
_REFUSED = 0x80  # first reason code of a PUBACK that says no (MQTT 5 section 3.4.2.1)
_NOBODY = 0x10  # "no matching subscribers"


class Patience(msgspec.Struct, frozen=True):
    """How long blocks are waited for, seconds."""

    answer_s: float = 20.0
    "For the next block that brings something new; then what is missing is asked for again."
    tries: int = 3
    "Requests in a row that may bring nothing: then the connection is made anew."
    slow_s: float = 2.0
    "A window of blocks that takes longer is halved."


class Download:
    """One bundle, over as many connections as it takes."""

    def __init__(
        self,
        node: str,
        part: Part,
        line: Line,
        came: Callable[[], object],
        patience: Patience = Patience(),  # noqa: B008 - frozen
        *,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        """Fetch `part` for `node`; `came` is called after each window of blocks."""
        self.counts: Counter[str] = Counter()
        "What became of blocks: `new`, `wrong`, `twice`, `foreign`, `malformed`, `overflow`."
        self.done = False
        self.failed: Failed | None = None
        "Why it cannot succeed on any connection."
        self._node = node
        self._part = part
        self._path = blob_path(part.release.sha256)
        self._line = line
        self._came = came
        self._patience = patience
        self._now_s = now_s
        self._blocks = WINDOW
        self._id = secrets.token_hex(8)
        self._wrong: Counter[int] = Counter()

    def will(self, epoch: int) -> None:
        """Return nothing: nobody needs to know that this connection ended."""
        del epoch

    async def converse(self, connection: Connection) -> None:
        """Fetch what is missing; returns when all is here, or never will be."""
        queue = Refuse[Block](4 * WINDOW)
        await connection.subscribe((bulk(self._node),))
        with mendable():
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(self._hear(connection, queue))
                pulling = group.create_task(_run(self._pull(connection, queue)))
                pulling.add_done_callback(lambda _: hearing.cancel())

    async def _hear(self, connection: Connection, queue: Refuse[Block]) -> None:
        async for message in connection.messages():
            block = read_block(message.payload, self._part.release.block)
            if block is None:
                self.counts["malformed"] += 1
            elif block.head.id != self._id or block.head.path != self._path:
                self.counts["foreign"] += 1
            elif not queue.put(block):
                self.counts["overflow"] += 1
            await connection.settle(message)
        raise DriverLost("the broker ended the connection")

    async def _pull(self, connection: Connection, queue: Refuse[Block]) -> None:
        nothing = 0
        try:
            while self._part.missing:
                nothing = 0 if await self._window(connection, queue) else nothing + 1
                if nothing == self._patience.tries:
                    raise DriverLost("the hub sends no blocks")
                self._came()
        except Failed as failed:
            self.failed = failed
            return
        self.done = True

    async def _window(self, connection: Connection, queue: Refuse[Block]) -> bool:
        """Ask for a window of blocks and take what comes; whether any was new."""
        wanted = self._part.wanted(self._blocks)
        await self._line.leave_room(len(wanted.asked) * self._part.release.block)
        get = Get(
            id=self._id, path=self._path, first=wanted.first, missing=wanted.missing,
            most=len(wanted.asked), block=self._part.release.block, bulk=True,
        )  # fmt: skip
        began_s = self._now_s()
        payload = get.model_dump_json().encode()
        code = await connection.publish(Outbound(up(self._node, GET), payload, expiry_s=_EXPIRY_S))
        if code >= _REFUSED or code == _NOBODY:
            raise DriverLost(f"the broker did not pass a request on ({code:#x})")
        octets = await self._gather(queue, wanted.asked)
        self._adapt(self._now_s() - began_s, octets)
        return octets > 0

    async def _gather(self, queue: Refuse[Block], asked: frozenset[int]) -> int:
        """Take blocks until all that were asked for came; returns the octets that were new."""
        octets, left = 0, set(asked)
        while left:
            try:
                async with asyncio.timeout(self._patience.answer_s):
                    block = await queue.get()
            except TimeoutError:
                break
            left.discard(block.head.index)
            octets += self._take(block)
        return octets

    def _take(self, block: Block) -> int:
        """Take one block; returns its octets if it was new. Raises `DriverLost` or `Failed`."""
        head = block.head
        if head.missing:
            raise DriverLost("the hub does not have the bundle")
        right_size = head.size == self._part.release.size
        took = self._part.take(head.index, block.octets) if right_size else Took.WRONG
        self.counts[took.value] += 1
        if took is Took.WRONG:
            self._wrong[head.index] += 1
            if self._wrong[head.index] >= MOST_WRONG:
                raise Failed(Why.BAD_BLOCK, f"block {head.index} came wrong {MOST_WRONG} times")
        return len(block.octets) if took is Took.NEW else 0

    def _adapt(self, took_s: float, octets: int) -> None:
        self._line.carried(octets, took_s)
        if took_s > self._patience.slow_s:
            self._blocks = max(1, self._blocks // 2)
        elif took_s < self._patience.slow_s / 2:
            self._blocks = min(WINDOW, self._blocks * 2)


async def _run(work: Coroutine[Any, Any, None]) -> None:
    await work
