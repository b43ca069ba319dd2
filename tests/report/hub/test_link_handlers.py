# SPDX-License-Identifier: Apache-2.0
"""What is asked of the appliance is settled when it is done, and holds up nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edge.report import topic
from edge.report.event import Class
from edge.report.port import Inbound
from tests.report.line import Line
from tests.report.talking import ACK, NODE, Box, give, seqs

Done = list[str]


def worker(gate: asyncio.Event, done: Done) -> Callable[[str, Inbound], Awaitable[None]]:
    async def work(rest: str, message: Inbound) -> None:
        await gate.wait()
        done.append(f"{rest} {message.payload.decode()}")

    return work


@pytest.mark.asyncio
async def test_a_message_is_settled_when_it_is_done_and_not_before() -> None:
    gate, done = asyncio.Event(), Done()
    box, line = Box(cmd=worker(gate, done)), Line()
    async with box.on(line):
        commands = [await line.give(topic.down(NODE, "cmd/x"), b"%d" % at) for at in range(3)]
        await box.greet(line)
        await line.until(lambda: len(line.settled) == 2)
        assert not set(commands) & set(line.settled)
        gate.set()
        await line.until(lambda: len(line.settled) == 5)
        assert done == ["cmd/x 0", "cmd/x 1", "cmd/x 2"]


@pytest.mark.asyncio
async def test_a_slow_command_holds_up_nothing_else() -> None:
    gate, open_gate, commands, blocks = asyncio.Event(), asyncio.Event(), Done(), Done()
    open_gate.set()
    box = Box(cmd=worker(gate, commands), blk=worker(open_gate, blocks))
    line = Line()
    box.shelf.put(Class.AUDIT, 100)
    async with box.on(line):
        await line.give(topic.down(NODE, "cmd"), b"update")
        await line.give(topic.down(NODE, "blk"), b"1")
        await box.greet(line)
        for through in (10, 20, 30):
            await give(line, ACK, box.ack(Class.AUDIT, through))
        await line.until(lambda: 100 in seqs(line.on("ev/audit")))
        assert blocks == ["blk 1"]
        assert commands == []


@pytest.mark.asyncio
async def test_more_than_can_wait_is_not_read_until_there_is_room(monkeypatch) -> None:
    monkeypatch.setattr("edge.report.hub.link.WAITING", 2)
    gate, done = asyncio.Event(), Done()
    box, line = Box(cmd=worker(gate, done)), Line()
    async with box.on(line):
        for at in range(6):
            await line.give(topic.down(NODE, "cmd"), b"%d" % at)
        await line.until(lambda: line.on("live"))
        gate.set()
        await line.until(lambda: len(line.settled) == 6)
    assert done == [f"cmd {at}" for at in range(6)]


@pytest.mark.asyncio
async def test_a_bug_in_a_handler_is_not_hidden() -> None:
    async def broken(rest: str, message: Inbound) -> None:
        raise KeyError("trunk")

    box, line = Box(cmd=broken), Line()
    await line.give(topic.down(NODE, "cmd"), b"")
    with pytest.raises(BaseExceptionGroup) as caught:
        await box.link.converse(line)
    assert caught.group_contains(KeyError)
