# SPDX-License-Identifier: Apache-2.0
"""The line to Kamailio: where it may lead, what is heard on it, and nobody at its other end."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers.enforcers.kamailio_rpc import driver
from drivers.enforcers.kamailio_rpc.driver import Config, open_enforcer
from drivers.enforcers.kamailio_rpc.line import Line, connected
from drivers.enforcers.kamailio_rpc.wire import LOOK, request
from edge.errors import DriverLost


@pytest.fixture
def far() -> Iterator[socket.socket]:
    """Whoever is asked, and answers by hand."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        yield one


def endpoint_of(far: socket.socket) -> str:
    return f"udp:127.0.0.1:{far.getsockname()[1]}"


async def line_to(far: socket.socket, retry_s: float = 0.01) -> Line:
    line = Line("rig", retry_s)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: line, sock=connected(endpoint_of(far)))
    return line


@pytest.mark.asyncio
async def test_a_question_is_asked_until_it_is_answered_by_its_number(far: socket.socket) -> None:
    line = await line_to(far)
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(line.ask(LOOK)) for _ in range(2)]
        await asyncio.sleep(0)
        first, near = far.recvfrom(65_535)
        assert {first, far.recv(65_535)} == {request(LOOK, 1), request(LOOK, 2)}
        await asyncio.to_thread(again, far, request(LOOK, 2))
        for said in (b"junk", b'{"result":"no","id":9}', b'{"result":2,"id":2}'):
            far.sendto(said, near)
        far.sendto(b'{"result":1,"id":1}', near)
    (one, times), (two, more) = [await answer for answer in answers]
    assert (one.result, two.result) == (1, 2)
    assert min(times, more) >= 2
    assert line.strange == 2
    line.close()


def again(far: socket.socket, question: bytes) -> None:
    while far.recv(65_535) != question:
        pass


@pytest.mark.asyncio
async def test_nobody_but_the_one_asked_is_heard(far: socket.socket) -> None:
    line = await line_to(far, 5)
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(line.ask(LOOK))
        await asyncio.sleep(0)
        _, near = far.recvfrom(65_535)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b'{"result":"forged","id":1}', near)
        far.sendto(b'{"result":"true","id":1}', near)
    assert (await answer)[0].result == "true"
    line.close()


@pytest.mark.asyncio
async def test_nobody_there(
    far: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(driver, "ANSWER_S", 0.1)
    config = Config(endpoint=endpoint_of(far))
    with pytest.raises(DriverLost, match="no answer"):
        await open_enforcer("x", config)
    far.close()
    with pytest.raises(DriverLost, match="no answer"):
        await open_enforcer("x", config)
    with pytest.raises(DriverLost, match="No such file"):
        await open_enforcer("x", Config(endpoint=f"unix:{tmp_path}/none"))


@pytest.mark.asyncio
async def test_who_waits_is_told_that_the_line_was_closed(far: socket.socket) -> None:
    line = await line_to(far, 60)
    async with asyncio.TaskGroup() as group:
        told = group.create_task(lost_by(line))
        await asyncio.sleep(0)
        line.close()
        async with asyncio.timeout(5):
            assert await told == "kamailio rig: closed"


async def lost_by(line: Line) -> str:
    with pytest.raises(DriverLost) as why:
        await line.ask(LOOK)
    return str(why.value)


@pytest.mark.asyncio
async def test_a_line_without_a_socket_is_closed() -> None:
    line = Line("rig", 1)
    with pytest.raises(DriverLost, match="kamailio rig: closed"):
        await line.ask(LOOK)
    line.close()


@pytest.mark.parametrize(
    "endpoint",
    ["udp:localhost:8060", "udp:127.0.0.1", "udp:127.0.0.1:0", "udp:127.0.0.1:70000", "unix:orders",
     "udp:1.2.3:1", "udp:[::1:1", "tcp:127.0.0.1:8060", ""],
)  # fmt: skip
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="endpoint"):
        Config(endpoint=endpoint)


@pytest.mark.parametrize("endpoint", ["udp:[::1]:8060", "udp:192.0.2.1:1", "unix:/run/k/orders"])
def test_an_endpoint_that_is_one(endpoint: str) -> None:
    assert Config(endpoint=endpoint).endpoint == endpoint
