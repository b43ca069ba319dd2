# SPDX-License-Identifier: Apache-2.0
"""The door under good and bad visitors, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import pytest

from edge.console import door as door_module
from edge.console.door import MOST_OCTETS, MOST_OPEN, Answer, Door, addresses_of
from edge.counters import PAGE_ANSWERS
from edge.counting import Numbers
from edge.errors import ConfigError, DriverLost

TOO_LONG_S = 20
pytestmark = pytest.mark.asyncio
NUMBERS = Answer(HTTPStatus.OK, b"x" * 5000)
HUGE = Answer(HTTPStatus.OK, b"y" * 50_000_000)


@asynccontextmanager
async def opened(numbers: Numbers | None = None) -> AsyncIterator[tuple[Door, str, int]]:
    """A door that is open while the block runs."""
    door = Door({"/metrics": lambda: NUMBERS, "/huge": lambda: HUGE}, numbers or Numbers())
    ready = asyncio.Event()
    async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as group:
        task = group.create_task(door.forever("127.0.0.1:0", ready.set))
        await ready.wait()
        host, _, port = door.places[0].rpartition(":")
        yield door, host, int(port)
        task.cancel()


async def say(host: str, port: int, octets: bytes) -> bytes:
    """Return all that is answered to these octets."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(octets)
    answer = b""
    with suppress(ConnectionError):
        answer = await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return answer


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: box\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/metrics"), 200),
        (get("/metrics?name[]=up"), 200),
        (b"GET /metrics HTTP/1.0\r\n\r\n", 200),
        (b"GET /metrics HTTP/1.1\r\nhOsT:box\r\nAccept: */*\r\n\r\n", 200),
        (get("/"), 404),
        (get("/metrics/"), 404),
        (get("/../etc/passwd"), 404),
        (get("//metrics"), 404),
        (get("/%6detrics"), 404),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET http://box/metrics HTTP/1.1\r\nHost: box\r\n\r\n", 400),
        (b"GET  /metrics HTTP/1.1\r\nHost: box\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (get("/" + "a" * 300), 400),
        *(
            (f"{method} /metrics HTTP/1.1\r\nHost: b\r\n\r\n".encode(), 405)
            for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get")
        ),
    ],
)
async def test_what_is_asked_and_answered(request_: bytes, status: int) -> None:
    numbers = Numbers()
    async with opened(numbers) as (_, host, port):
        answer = await say(host, port, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode())
    assert f"Content-Length: {len(body)}\r\n".encode() in head
    assert (b"Allow: GET" in head) == (status == 405)
    assert (body == NUMBERS.body) == (status == 200)
    assert numbers[PAGE_ANSWERS].of(str(status)).value == 1


async def test_a_head_without_end_is_refused() -> None:
    async with opened() as (_, host, port):
        line = b"GET /metrics HTTP/1.1\r\n"
        answer = await say(host, port, line + b"X: " + b"a" * (3 * MOST_OCTETS))
        assert answer.startswith(b"HTTP/1.1 431") or not answer  # reset while it still speaks
        assert (await say(host, port, get("/metrics"))).endswith(NUMBERS.body)


async def test_slow_ones_do_not_stop_others() -> None:
    """Ten times as many as may be open drip a request; whoever is quick is served at once."""
    async with opened() as (door, host, port):
        slow = [await asyncio.open_connection(host, port) for _ in range(10 * MOST_OPEN)]
        for _, writer in slow:
            writer.write(b"GET /metrics HT")
        for _ in range(3):
            assert (await say(host, port, get("/metrics"))).endswith(NUMBERS.body)
        assert len(door._open) <= MOST_OPEN
        for _, writer in slow:
            writer.transport.abort()


@pytest.mark.parametrize("asked", [b"", b"GET", get("/huge")])
async def test_nobody_stays(asked: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks nothing, or does not take the answer, is shown out; others are served."""
    monkeypatch.setattr(door_module, "PATIENCE_S", 0.2)
    async with opened() as (door, host, port):
        reader, writer = await asyncio.open_connection(host, port, limit=1024)
        writer.write(asked)
        while not door._open:
            await say(host, port, get("/"))
        while door._open:
            assert (await say(host, port, get("/metrics"))).endswith(NUMBERS.body)
        with suppress(ConnectionError):
            assert len(await reader.read()) < len(HUGE.body)
        writer.transport.abort()


async def test_who_goes_in_the_middle_of_it() -> None:
    async with opened() as (_, host, port):
        for octets in (b"", b"GET", get("/huge")):
            _, writer = await asyncio.open_connection(host, port)
            writer.write(octets)
            writer.transport.abort()
        assert (await say(host, port, get("/metrics"))).endswith(NUMBERS.body)


async def test_the_door_closes_on_those_inside() -> None:
    async with opened() as (_, host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET")
        await say(host, port, get("/metrics"))
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.transport.abort()


@pytest.mark.parametrize(
    "listen",
    [
        "0.0.0.0:9464",
        "[::]:9464",
        "0:9464",
        "[::ffff:0.0.0.0]:9464",
        "[0:0:0:0:0:0:0:0]:1",
        "0.0:1",
    ],
)
async def test_every_address_is_none(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"every address of the box.*management network"):
        await addresses_of(listen)


@pytest.mark.parametrize("listen", ["127.0.0.1:65536", "a..b:9464"])
async def test_what_can_be_no_address(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"page\.listen: "):
        await addresses_of(listen)


async def test_addresses() -> None:
    assert await addresses_of("127.0.0.1:9464") == (["127.0.0.1"], 9464)
    assert await addresses_of("[::1]:9464") == (["::1"], 9464)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
async def test_an_address_that_is_not_there_yet(host: str) -> None:
    door = Door({}, Numbers())
    with pytest.raises(DriverLost, match=host):
        await door.forever(f"{host}:9464", lambda: None)


async def test_a_port_that_another_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        door = Door({}, Numbers())
        with pytest.raises(DriverLost, match="in use"):
            await door.forever(f"127.0.0.1:{other.getsockname()[1]}", lambda: None)
