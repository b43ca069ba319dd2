# SPDX-License-Identifier: Apache-2.0
"""A switch that asks, and a house that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from edge.model.answer import GO_ON, Answer
from edge.model.message import Message
from edge.model.verdict import Action
from edge.ports import Decide, Gate

STOP = Answer(Action.BLOCK, 603, "Network Blocked", (("Reason", "Q.850;cause=21"),))
DIVERT = Answer(
    Action.DIVERT, 302, "Moved Temporarily", (("X-Why", "check"),), "sip:desk@192.0.2.5;x=1"
)

LINES = (
    "INVITE sip:77172000001@192.0.2.2;user=phone SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
    "Max-Forwards: 70",
    "From: <sip:+447700900123@192.0.2.1>;tag=a",
    "To: <sip:77172000001@192.0.2.2>",
    "Call-ID: one@192.0.2.1",
    "CSeq: 1 INVITE",
    "Content-Length: 0",
)


def request(method: str = "INVITE", /, **changes: str | None) -> bytes:
    """Return an INVITE, or what else it is turned into; None takes a header away."""
    lines = []
    for line in (line.replace("INVITE", method) for line in LINES):
        name, _, value = line.partition(": ")
        key = name.lower().replace("-", "_") if value else "start"
        change = changes.pop(key, line if key == "start" else value)
        if change is not None:
            lines.append(change if key == "start" else f"{name}: {change}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in changes.items()]
    return "\r\n".join((*lines, "", "")).encode()


class Asked:
    """Answers as told, and keeps what it was asked."""

    def __init__(self, answer: Answer | Callable[[], Answer] = GO_ON) -> None:
        self.answer = answer
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> Answer:
        self.messages.append(message)
        return self.answer if isinstance(self.answer, Answer) else self.answer()


@asynccontextmanager
async def serving(gate: Gate, decide: Decide) -> AsyncIterator[None]:
    """Let a gate answer meanwhile."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(gate.serve(decide))
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await gate.close()


async def eventually(truth: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until something holds that a peer brings about."""
    async with asyncio.timeout(within_s):
        while not truth():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
