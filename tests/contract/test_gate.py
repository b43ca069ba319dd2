# SPDX-License-Identifier: Apache-2.0
"""What every gate promises, asked of every gate that is installed.

A new driver adds a rig to `RIGS`: how it is opened, how a switch asks it, and what it hears then.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from drivers.gates.sip_redirect.udp import UdpGate
from edge import plugins
from edge.errors import DriverLost
from edge.model.answer import GO_ON, Answer
from edge.model.message import Message
from edge.model.verdict import Action
from edge.ports import Gate

STOP = Answer(Action.BLOCK, 603, "Decline")
DIVERT = Answer(Action.DIVERT, 302, "Moved Temporarily", contact="sip:desk@192.0.2.5")


Ask = Callable[[Gate, str], bytes]
"""Takes the name of a call, returns what is answered; it blocks, and so runs in a thread."""


class Rig(NamedTuple):
    """How a driver is opened and asked; words of its answer to each of ours."""

    settings: dict[str, Any]
    switch: Callable[[], AbstractContextManager[Ask]]
    stopped: bytes
    diverted: bytes
    went_on: bytes


@contextmanager
def sip_switch() -> Iterator[Ask]:
    """Ask by INVITEs over UDP, from one port; the same octets for the same call."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:
        switch.bind(("127.0.0.1", 0))
        switch.settimeout(10)
        port = switch.getsockname()[1]

        def ask(gate: Gate, call: str) -> bytes:
            assert isinstance(gate, UdpGate)
            octets = (
                f"INVITE sip:77172000001@192.0.2.2 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call}\r\n"
                f"From: <sip:+447700900123@192.0.2.1>;tag=a\r\nTo: <sip:77172000001@192.0.2.2>\r\n"
                f"Call-ID: {call}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
            )
            switch.sendto(octets.encode(), ("127.0.0.1", gate.port))
            return switch.recv(65_535)

        yield ask


RIGS = {
    "sip_redirect": Rig(
        {"port": 0, "peers": ["127.0.0.1"], "next_hop": "192.0.2.9"}, sip_switch,
        b"SIP/2.0 603 Decline\r\n", b"<sip:desk@192.0.2.5>", b"<sip:77172000001@192.0.2.9>",
    ),
}  # fmt: skip


def test_every_gate_has_a_rig() -> None:
    assert set(RIGS) == set(plugins.names("gates"))


class Asked:
    """Answers as told, and counts how often it was asked."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> Answer:
        self.messages.append(message)
        if self.answer is None:
            raise LookupError("a bug in deciding")
        return self.answer


async def opened(name: str, **keys: Any) -> Gate:
    driver = plugins.load("gates", name)
    return await driver.open("west", driver.config.model_validate(RIGS[name].settings | keys))


@asynccontextmanager
async def serving(
    name: str, gate: Gate, asked: Asked
) -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    """Let a gate answer meanwhile, and a switch ask it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(gate.serve(asked))
        await asyncio.sleep(0)
        with RIGS[name].switch() as ask:
            yield lambda call: asyncio.to_thread(ask, gate, call)
        task.cancel()


EVERY = pytest.mark.parametrize("name", sorted(RIGS))


@pytest.mark.asyncio
@EVERY
async def test_a_call_is_answered_as_decided(name: str) -> None:
    gate, rig = await opened(name), RIGS[name]
    for call, (answer, words) in enumerate(
        ((STOP, rig.stopped), (DIVERT, rig.diverted), (GO_ON, rig.went_on))
    ):
        async with serving(name, gate, Asked(answer)) as ask:
            assert words in await ask(f"call-{call}")
    await gate.close()


@pytest.mark.asyncio
@EVERY
async def test_a_call_is_decided_once_and_answered_alike_when_repeated(name: str) -> None:
    gate, asked = await opened(name), Asked(STOP)
    async with serving(name, gate, asked) as ask:
        first = await ask("one")
        asked.answer = GO_ON
        assert await ask("one") == first
        assert len(asked.messages) == 1
        assert RIGS[name].went_on in await ask("two")
    assert len(asked.messages) == 2
    await gate.close()


@pytest.mark.asyncio
@EVERY
async def test_the_message_says_who_asks_and_who_calls_whom(name: str) -> None:
    gate, asked = await opened(name), Asked(GO_ON)
    async with serving(name, gate, asked) as ask:
        await ask("one")
    (message,) = asked.messages
    assert message.unit.tap == "west"
    assert message.unit.data
    assert message.flow.source == socket.inet_aton("127.0.0.1")
    assert (message.calling, message.called) == ("+447700900123", "77172000001")
    await gate.close()


@pytest.mark.asyncio
@EVERY
async def test_a_bug_in_deciding_stops_no_call_and_is_counted(name: str) -> None:
    gate, asked = await opened(name), Asked(None)
    async with serving(name, gate, asked) as ask:
        assert RIGS[name].went_on in await ask("one")
        asked.answer = STOP
        assert RIGS[name].stopped in await ask("two")
    assert gate.counts["errors"] == 1
    await gate.close()


@pytest.mark.asyncio
@EVERY
async def test_counts_never_decrease(name: str) -> None:
    gate = await opened(name)
    seen: list[Counter[str]] = [Counter(gate.counts)]
    for call in range(3):
        async with serving(name, gate, Asked(STOP)) as ask:
            await ask(f"call-{call}")
        seen.append(Counter(gate.counts))
    await gate.close()
    seen.append(Counter(gate.counts))
    assert all(before <= after for before, after in pairwise(seen))
    assert seen[-1].total() > seen[0].total()


@pytest.mark.asyncio
@EVERY
async def test_it_is_closed_twice_and_gives_its_port_back(name: str) -> None:
    gate = await opened(name)
    port = gate.port  # type: ignore[attr-defined]  # of every gate that listens
    with pytest.raises(DriverLost, match=str(port)):
        await opened(name, port=port)
    await gate.close()
    await gate.close()
    with pytest.raises(DriverLost):
        await gate.serve(Asked(STOP))
    again = await opened(name, port=port)
    async with serving(name, again, Asked(STOP)) as ask:
        assert RIGS[name].stopped in await ask("one")
    await again.close()


@pytest.mark.asyncio
@EVERY
async def test_a_gate_that_is_closed_while_it_serves_is_lost(name: str) -> None:
    gate = await opened(name)
    lost: list[DriverLost] = []

    async def serve() -> None:
        with pytest.raises(DriverLost) as found:
            await gate.serve(Asked(STOP))
        lost.append(found.value)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(serve())
        await asyncio.sleep(0)
        await gate.close()
    assert lost
