# SPDX-License-Identifier: Apache-2.0
"""The gate over TCP and TLS: framing by octets, connections on real sockets of this machine."""

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import NamedTuple

import pytest
import trustme
from hypothesis import given, strategies as st

from drivers.gates.sip_redirect.driver import Config, open_gate
from drivers.gates.sip_redirect.stream import MAX_MESSAGE, Framer, StreamGate
from tests.drivers.gates.sip_redirect.asking import STOP, Asked, eventually, request, serving

BODY = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n\r\n"
WITH_BODY = request(content_length=str(len(BODY))) + BODY
NO_LENGTH = request(content_length=None)
PING, PONG = b"\r\n\r\n", b"\r\n"
VIA = "SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1"


def fed(framer: Framer, octets: bytes, cuts: Sequence[int] = ()) -> list[bytes]:
    places = sorted({0, *(cut % (len(octets) + 1) for cut in cuts), len(octets)})
    pieces = [octets[a:b] for a, b in pairwise(places)]
    return [message for piece in pieces for message in framer.feed(piece)]


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_messages_are_the_same_however_they_are_cut(cuts: list[int]) -> None:
    framer = Framer()
    stream = PING + WITH_BODY + PONG + NO_LENGTH + PING + PING + request("OPTIONS") + PONG
    assert fed(framer, stream, cuts) == [WITH_BODY, NO_LENGTH, request("OPTIONS")]
    assert framer.pings == 3
    assert not framer.is_lost


def test_octet_by_octet() -> None:
    framer = Framer()
    stream = PING * 3 + WITH_BODY + PING
    assert fed(framer, stream, range(len(stream))) == [WITH_BODY]
    assert framer.pings == 4


@pytest.mark.parametrize(
    ("octets", "before"),
    [
        (b"\x16\x03\x01\x02\x00" + PING, 0),
        (b"GET / HTTP/1.1\r\nHost: x" + PING, 0),
        (request(content_length="-1"), 0),
        (request(content_length="x"), 0),
        (request(content_length=str(MAX_MESSAGE)), 0),
        (request(content_length="9" * 30), 0),
        (b"x" * (MAX_MESSAGE + 1), 0),
        (request() + b"x" * (MAX_MESSAGE + 1), 1),
        (WITH_BODY + b"(more)" + PING, 1),
    ],
    ids=["tls", "http", "negative", "no-number", "too-long", "far-too-long", "no-end",
         "no-end-behind", "body-longer-than-said"],
)  # fmt: skip
def test_a_stream_that_is_out_of_step_is_lost(octets: bytes, before: int) -> None:
    framer = Framer()
    assert len(framer.feed(octets)) == before
    assert framer.is_lost
    assert framer.feed(request()) == []


def test_no_more_is_held_than_a_message() -> None:
    framer = Framer()
    for _ in range(100):
        framer.feed(PING * 1000 + b"\r\n\r")
        assert len(framer._held) < len(PING)
    framer = Framer()
    for _ in range(200):
        framer.feed(b"x" * 1000)
    assert len(framer._held) <= 200_000
    assert framer.is_lost


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_octets_raise(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        framer.feed(piece)


class Files(NamedTuple):
    """What a gate and a switch prove themselves with."""

    settings: dict[str, object]
    switch: ssl.SSLContext
    nobody: ssl.SSLContext


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    gate, switch = authority.issue_cert("127.0.0.1"), authority.issue_cert("switch.example.net")
    gate.private_key_and_cert_chain_pem.write_to_path(folder / "gate.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    contexts = [ssl.create_default_context() for _ in range(2)]
    for context in contexts:
        authority.configure_trust(context)
    switch.configure_cert(contexts[0])
    settings: dict[str, object] = {
        "transport": "tls", "certificate": folder / "gate.pem", "client_ca": folder / "ca.pem",
    }  # fmt: skip
    return Files(settings, *contexts)


async def opened(**keys: object) -> StreamGate:
    settings = {"port": 0, "peers": ["127.0.0.1"], "transport": "tcp"} | keys
    gate = await open_gate("west", Config.model_validate(settings))
    assert isinstance(gate, StreamGate)
    return gate


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def line(
    gate: StreamGate, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", gate.port, ssl=context, local_addr=(host, 0)
    )
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(10):
        return (await reader.readuntil(PING)).decode()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the end; whether nothing came before it."""
    async with asyncio.timeout(10):
        try:
            return await reader.read() == b""
        except OSError:
            return True


@pytest.mark.asyncio
async def test_calls_are_answered_over_the_connection_they_came_on() -> None:
    gate = await opened()
    asked = Asked(STOP)
    async with serving(gate, asked), line(gate) as (reader, writer):
        octets = request(via=VIA, content_length=str(len(BODY))) + BODY
        writer.write(octets + request(via=VIA, call_id="two"))
        for call in ("one@192.0.2.1", "two"):
            said = await answer(reader)
            assert said.startswith("SIP/2.0 603 Network Blocked\r\n")
            assert f"Call-ID: {call}\r\n" in said
        port = writer.get_extra_info("sockname")[1]
    flow, unit = asked.messages[0].flow, asked.messages[0].unit
    assert flow.text() == f"127.0.0.1:{port} > 127.0.0.1:{gate.port} tcp"
    assert unit.data.endswith(b"\0\0\0\0" + octets)
    assert unit.clock.source == "receiver"
    assert gate.counts["stopped"] == 2


@pytest.mark.asyncio
async def test_keep_alive_is_answered() -> None:
    gate = await opened()
    async with serving(gate, Asked()), line(gate) as (reader, writer):
        writer.write(PING + PING)
        async with asyncio.timeout(10):
            assert await reader.readexactly(4) == PONG * 2
        writer.write(request(via=VIA))
        assert (await answer(reader)).startswith("SIP/2.0 302 ")


@pytest.mark.asyncio
async def test_a_stranger_is_refused_before_anything_is_read() -> None:
    gate = await opened(peers=["127.0.0.2"])
    async with serving(gate, Asked()):
        async with line(gate) as (reader, writer):
            writer.write(request(via=VIA))
            assert await ended(reader)
        async with line(gate, host="127.0.0.2") as (reader, writer):
            writer.write(request(via=VIA))
            assert await answer(reader)
    assert (gate.counts["stranger"], gate.counts["asked"]) == (1, 1)


@pytest.mark.asyncio
async def test_a_connection_too_many_is_refused_until_one_goes() -> None:
    gate = await opened(connections=1)
    async with serving(gate, Asked()):
        async with line(gate) as (reader, writer):
            writer.write(request(via=VIA))
            await answer(reader)
            async with line(gate) as (second, _):
                assert await ended(second)
        await eventually(lambda: not gate.connections)
        async with line(gate) as (reader, writer):
            writer.write(request(via=VIA, call_id="two"))
            assert await answer(reader)
    assert gate.counts["refused connection"] == 1


@pytest.mark.asyncio
async def test_an_idle_connection_is_closed() -> None:
    gate = await opened(idle_s=0.1)
    async with serving(gate, Asked()), line(gate) as (reader, _):
        assert await ended(reader)
    assert gate.counts["idle"] == 1


@pytest.mark.asyncio
async def test_a_stream_that_is_no_sip_is_closed() -> None:
    gate = await opened()
    async with serving(gate, Asked()), line(gate) as (reader, writer):
        writer.write(b"GET / HTTP/1.1" + PING)
        assert await ended(reader)
        await eventually(lambda: not gate.connections)
    assert gate.counts["malformed"] == 1


@pytest.mark.asyncio
async def test_a_switch_that_takes_no_answers_is_heard_no_further() -> None:
    gate = await opened(buffer_kib=64)
    async with serving(gate, Asked()), line(gate) as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a real transport
        stream = b"".join(
            request("OPTIONS", via=VIA, call_id=f"{n}@" + "x" * 500) for n in range(5_000)
        )
        writer.write(stream)
        heard = -1
        while heard != gate.counts["options"]:
            heard = gate.counts["options"]
            await asyncio.sleep(0.2)
        assert 0 < heard < 5_000
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(60):
            for _ in range(5_000):
                await reader.readuntil(PING)
    assert gate.counts["options"] == 5_000


@pytest.mark.asyncio
async def test_over_tls_a_switch_proves_itself(files: Files) -> None:
    gate = await opened(**files.settings)
    async with serving(gate, Asked(STOP)):
        async with line(gate, files.switch) as (reader, writer):
            writer.write(request(via="SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK1"))
            assert (await answer(reader)).startswith("SIP/2.0 603 Network Blocked\r\n")
        async with line(gate, files.nobody) as (reader, writer):
            writer.write(request(via=VIA))
            assert await ended(reader)
        await eventually(lambda: gate.counts["handshake failed"])
    assert gate.counts["asked"] == 1


@pytest.mark.asyncio
async def test_without_an_authority_no_certificate_is_asked_for(files: Files) -> None:
    gate = await opened(**(files.settings | {"client_ca": None}))
    async with serving(gate, Asked(STOP)), line(gate, files.nobody) as (reader, writer):
        writer.write(request(via=VIA))
        assert await answer(reader)


@pytest.mark.asyncio
async def test_who_does_not_speak_tls_is_let_go_and_others_are_served(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.gates.sip_redirect.stream.MAX_HANDSHAKE_S", 0.2)
    gate = await opened(**files.settings)
    async with serving(gate, Asked(STOP)), line(gate) as (mute, _), line(gate) as (loud, writer):
        writer.write(request(via=VIA))
        async with line(gate, files.switch) as (reader, asking):
            asking.write(request(via=VIA))
            assert await answer(reader)
        assert await ended(loud)
        assert await ended(mute)
        await eventually(lambda: gate.counts["handshake failed"] == 2)
        assert gate._greeting == 0


@pytest.mark.asyncio
async def test_it_takes_connections_again_once_there_is_room() -> None:
    gate = await opened()
    loop = asyncio.get_running_loop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serving(gate, Asked(STOP)):
        with socket.socket() as switch:
            switch.setblocking(False)
            with socket.socket() as last:
                free = last.fileno()
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
            try:
                await loop.sock_connect(switch, ("127.0.0.1", gate.port))
                await eventually(lambda: gate.counts["unaccepted"])
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await loop.sock_sendall(switch, request(via=VIA))
            async with asyncio.timeout(10):
                assert await loop.sock_recv(switch, 4096)
