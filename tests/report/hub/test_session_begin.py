# SPDX-License-Identifier: Apache-2.0
"""Brokers that refuse, answer nonsense or nothing, or can take little; we say each octet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.errors import DriverLost
from edge.report.hub import session
from edge.report.port import Outbound
from tests.report.connecting import connection, loss, lost


@asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[str]:
    """Run a server that answers whatever comes with the next of these octets; at last it ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(4096)
            writer.write(answer)
        await reader.read(4096)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


WELCOME = bytes.fromhex("20 03 00 00 00")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (bytes.fromhex("20 03 00 87 00"), r"refused us: .*Not authorized"),
        (bytes.fromhex("20 03 00 8a 00"), r"refused us: .*Banned"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: of something else\r\n\r\n" + b" " * 99, r"."),
        (b"\x20\xff\xff\xff\xff\x7f", r"."),
        (b"\x20\x00", r"."),
    ],
)
async def test_who_is_refused_hears_why_at_once(answer: bytes, why: str) -> None:
    async with scripted(answer) as endpoint:
        with pytest.raises(DriverLost, match=why):
            async with asyncio.timeout(5), connection(endpoint):
                pass


@pytest.mark.asyncio
async def test_a_broker_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_WAIT_S", 0.05)
    async with scripted(b"") as endpoint:
        with pytest.raises(DriverLost, match="no answer to CONNECT"):
            async with connection(endpoint):
                pass


@pytest.mark.asyncio
async def test_a_refused_subscription_is_a_loss() -> None:
    refusal = bytes.fromhex("90 04 00 01 00 87")
    async with scripted(WELCOME, refusal) as endpoint, connection(endpoint) as box:
        assert "refused the subscription" in await loss(box.subscribe(("dn/#",)))


@pytest.mark.asyncio
async def test_what_the_broker_says_it_can_take_is_kept_to() -> None:
    # ReceiveMaximum 2, MaximumPacketSize 2048
    welcome = bytes.fromhex("20 0b 00 00 08 21 0002 27 00000800")
    async with scripted(welcome) as endpoint, connection(endpoint) as box:
        assert await box.publish(Outbound("up", b"x" * 2048)) == 0x95
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loss(box.publish(Outbound("up", b"")))) for _ in range(5)]
            group.create_task(lost(box))
        assert len(box._paho._out_messages) <= 2
        assert len(tasks) == 5
