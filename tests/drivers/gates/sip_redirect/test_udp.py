# SPDX-License-Identifier: Apache-2.0
"""The gate over UDP, on real sockets of this machine."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.gates.sip_redirect.driver import Config, open_gate
from drivers.gates.sip_redirect.udp import SO_TIMESTAMPNS, Overload, UdpGate
from edge.clock import now_ns
from edge.model.answer import GO_ON, Answer
from edge.model.message import Message
from tests.drivers.gates.sip_redirect.asking import STOP, Asked, eventually, request, serving

pytestmark = pytest.mark.asyncio


async def opened(**keys: object) -> UdpGate:
    settings = {"port": 0, "peers": ["127.0.0.1"], "go_on": "404"} | keys
    gate = await open_gate("west", Config.model_validate(settings))
    assert isinstance(gate, UdpGate)
    return gate


@contextmanager
def switch(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind((host, 0))
        one.settimeout(0)
        yield one


def via(one: socket.socket) -> str:
    host, port = one.getsockname()[:2]
    end = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"SIP/2.0/UDP {end};branch=z9hG4bK1"


async def answer(one: socket.socket) -> str:
    async with asyncio.timeout(10):
        return (await asyncio.get_running_loop().sock_recv(one, 65_535)).decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_switch_is_answered_at_its_sent_by(host: str) -> None:
    gate = await opened(listen=host, peers=[host])
    asked = Asked(STOP)
    async with serving(gate, asked):
        with switch(host) as one, switch(host) as other:
            other.sendto(request(via=via(one)), (host, gate.port))
            assert (await answer(one)).startswith("SIP/2.0 603 Network Blocked\r\n")
    assert asked.messages[0].flow.source == socket.inet_pton(one.family, host)


async def test_with_rport_it_is_answered_where_it_sent_from() -> None:
    gate = await opened()
    async with serving(gate, Asked(STOP)):
        with switch() as one:
            value = "SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK1"
            one.sendto(request(via=value), ("127.0.0.1", gate.port))
            port = one.getsockname()[1]
            assert f";rport={port};branch=z9hG4bK1;received=127.0.0.1\r\n" in await answer(one)


async def test_the_time_is_that_of_the_kernel() -> None:
    gate = await opened()
    asked = Asked(STOP)
    before = time.time_ns()  # noqa: TID251 - the oracle of the kernel's stamp
    with switch() as one:
        one.sendto(request(via=via(one)), ("127.0.0.1", gate.port))
        after = time.time_ns()  # noqa: TID251 - it was received before it was asked about
        async with serving(gate, asked):
            await answer(one)
    (message,) = asked.messages
    assert before <= message.unit.at
    assert message.unit.at <= after + 50_000_000
    assert message.unit.clock.source == "kernel"


async def test_a_stranger_is_not_answered() -> None:
    gate = await opened(peers=["127.0.0.2"])
    asked = Asked(STOP)
    async with serving(gate, asked):
        with switch() as stranger, switch("127.0.0.2") as one:
            stranger.sendto(request(via=via(stranger)), ("127.0.0.1", gate.port))
            one.sendto(request(via=via(one)), ("127.0.0.1", gate.port))
            await answer(one)
            with pytest.raises(BlockingIOError):
                stranger.recv(1)
    assert gate.counts["stranger"] == 1
    assert len(asked.messages) == 1


@contextmanager
def stamping() -> Iterator[None]:
    """Have the kernel stamp datagrams as they come: a while after the first who wants it."""
    with switch() as probe:
        probe.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        stamped = False
        while not stamped:
            probe.sendto(b"x", probe.getsockname())
            before = now_ns()
            _, ancillary, _, _ = probe.recvmsg(16, 64)
            seconds, ns = struct.unpack("@ll", ancillary[0][2])
            stamped = seconds * 1_000_000_000 + ns <= before
        yield


async def test_who_waited_too_long_goes_on_unasked() -> None:
    gate = await opened(overload_ms=300)
    asked = Asked(STOP)
    with stamping(), switch() as one:
        one.sendto(request(via=via(one)), ("127.0.0.1", gate.port))
        await asyncio.sleep(0.4)
        async with serving(gate, asked):
            assert (await answer(one)).startswith("SIP/2.0 404 Not Found\r\n")
            one.sendto(request(via=via(one), call_id="two"), ("127.0.0.1", gate.port))
            assert (await answer(one)).startswith("SIP/2.0 603 Network Blocked\r\n")
    assert gate.counts["overload"] == 1


async def test_a_backlog_goes_on_unasked_until_it_has_caught_up() -> None:
    gate = await opened(backlog=2, overload_ms=10_000)
    asked = Asked(STOP)
    with switch() as one:
        for number in range(4):
            one.sendto(request(via=via(one), call_id=str(number)), ("127.0.0.1", gate.port))
        async with serving(gate, asked):
            firsts = [(await answer(one))[:11] for _ in range(4)]
            one.sendto(request(via=via(one), call_id="later"), ("127.0.0.1", gate.port))
            firsts.append((await answer(one))[:11])
    assert firsts == ["SIP/2.0 603", "SIP/2.0 603", "SIP/2.0 404", "SIP/2.0 404", "SIP/2.0 603"]


@pytest.mark.parametrize(
    ("at", "now", "behind", "late"),
    [(0, 30_000_000, 1, False), (0, 30_000_001, 1, True), (0, 0, 5, False), (0, 0, 6, True)],
)
async def test_when_it_is_late(at: int, now: int, behind: int, late: bool) -> None:
    overload = Overload(30, 5)
    assert [overload.is_late(at, now) for _ in range(behind)][-1] is late
    overload.caught_up()
    assert not overload.is_late(at, at)


async def test_what_the_kernel_had_no_room_for_is_counted() -> None:
    gate = await opened(buffer_kib=64)
    with switch() as one:
        for number in range(1000):
            one.sendto(request(via=via(one), call_id=str(number)), ("127.0.0.1", gate.port))
    dropped = gate.dropped()
    assert 0 < dropped < 1000
    async with serving(gate, Asked(STOP)):
        await eventually(lambda: gate.counts["asked"] == 1000 - dropped)
    assert gate.counts["dropped"] == dropped


async def test_others_run_between_two_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.gates.sip_redirect.udp.BATCH", 2)
    gate = await opened()
    turns: list[int] = []

    def decide(_message: Message) -> Answer:
        asyncio.get_running_loop().call_soon(lambda: turns.append(gate.counts["asked"]))
        return GO_ON

    with switch() as one:
        for number in range(4):
            one.sendto(request(via=via(one), call_id=str(number)), ("127.0.0.1", gate.port))
        async with serving(gate, decide):
            await eventually(lambda: len(turns) == 4)
    assert turns[0] == 2


async def test_a_way_back_that_is_shut_is_counted() -> None:
    gate = await opened()
    async with serving(gate, Asked(STOP)):
        with switch() as one:
            one.sendto(request(via="SIP/2.0/UDP 127.0.0.1:0"), ("127.0.0.1", gate.port))
            await eventually(lambda: gate.counts["unsent"])
    assert gate.counts["stopped"] == 1


async def test_addresses_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.gates.sip_redirect.udp.MAX_ENDS", 3)
    gate = await opened()
    async with serving(gate, Asked(STOP)):
        for number in range(5):
            with switch() as one:
                one.sendto(request(via=via(one), call_id=str(number)), ("127.0.0.1", gate.port))
                await answer(one)
    assert len(gate._ends) <= 3


async def test_a_bug_is_raised_by_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = await opened()
    monkeypatch.setattr(gate._replies, "to", lambda *_, **__: 1 / 0)
    with switch() as one:
        one.sendto(request(), ("127.0.0.1", gate.port))
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(10):
                await gate.serve(Asked(STOP))
    await gate.close()
