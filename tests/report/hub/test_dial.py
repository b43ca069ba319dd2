# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3, a certificate on both sides, the right name; it can be given up at any moment."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from edge.errors import DriverLost
from edge.report.hub.dial import AUTHORITY, CERTIFICATE, KEY, dial, identity, parsed, stamp
from tests.report.mosquitto import issue

PAST = datetime(2001, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def server(context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server that greets whoever has shaken hands."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{running.sockets[0].getsockname()[1]}"
    finally:
        running.close()
        await running.wait_closed()


def shown(authority: trustme.CA, *names: str, trusts: trustme.CA | None = None, **more: Any):
    """Return what a server shows, and that it asks for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    (trusts or authority).configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def hello(endpoint: str, context: ssl.SSLContext | None) -> bytes:
    """Return what is read first: with TLS 1.3 a refused certificate shows up only then."""
    wire = await dial(endpoint, context, 30.0, 10.0)
    ready, loop = asyncio.Event(), asyncio.get_running_loop()
    with closing(wire):
        loop.add_reader(wire, ready.set)
        try:
            while True:
                try:
                    return wire.recv(5)
                except (BlockingIOError, ssl.SSLWantReadError):
                    ready.clear()
                    await ready.wait()
        finally:
            loop.remove_reader(wire)


@pytest.mark.parametrize(
    ("endpoint", "host", "port"),
    [("hub.example:8883", "hub.example", 8883), ("[::1]:1883", "::1", 1883)],
)
def test_an_endpoint_is_host_and_port(endpoint: str, host: str, port: int) -> None:
    assert parsed(endpoint) == (host, port)


@pytest.mark.asyncio
async def test_both_sides_show_a_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    async with server(shown(authority, "127.0.0.1")) as endpoint:
        assert await hello(endpoint, identity(issue(authority, tmp_path, "astana-1"))) == b"hello"


@pytest.mark.asyncio
async def test_in_the_clear() -> None:
    async with server() as endpoint:
        wire = await dial(endpoint, None, 30.0, 10.0)
        with closing(wire):
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert not wire.getblocking()


@pytest.mark.asyncio
async def test_a_server_of_another_authority_is_refused(tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    async with server(shown(theirs, "127.0.0.1", trusts=ours)) as endpoint:
        with pytest.raises(DriverLost, match=r"unable to get local issuer|self-signed"):
            await hello(endpoint, identity(issue(ours, tmp_path, "astana-1")))


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["hub.example", "127.0.0.2"])
async def test_a_server_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    authority = trustme.CA()
    async with server(shown(authority, name)) as endpoint:
        with pytest.raises(DriverLost, match=r"not valid for '127\.0\.0\.1'"):
            await hello(endpoint, identity(issue(authority, tmp_path, "astana-1")))


@pytest.mark.asyncio
async def test_a_server_whose_certificate_has_expired_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    async with server(shown(authority, "127.0.0.1", not_after=PAST)) as endpoint:
        with pytest.raises(DriverLost, match="expired"):
            await hello(endpoint, identity(issue(authority, tmp_path, "astana-1")))


@pytest.mark.asyncio
async def test_a_server_of_tls_1_2_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = shown(authority, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with server(context) as endpoint:
        with pytest.raises(DriverLost, match=r"EOF|protocol version"):
            await hello(endpoint, identity(issue(authority, tmp_path, "astana-1")))


@pytest.mark.asyncio
@pytest.mark.parametrize("certificate", ["of another authority", "expired"])
async def test_our_certificate_is_asked_for_as_well(tmp_path: Path, certificate: str) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    if certificate == "expired":
        issue(ours, tmp_path, "astana-1", not_after=PAST)
    else:
        issue(theirs, tmp_path, "astana-1")
    ours.cert_pem.write_to_path(tmp_path / AUTHORITY)
    async with server(shown(ours, "127.0.0.1")) as endpoint:
        try:
            heard = await hello(endpoint, identity(tmp_path))
        except OSError:
            heard = b""
        assert heard == b""


@pytest.mark.asyncio
async def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(DriverLost, match=r"within 0.05 s"):
            await dial(endpoint, ssl.create_default_context(), 30.0, 0.05)


@pytest.mark.asyncio
async def test_it_can_be_given_up_at_any_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"127.0.0.1:{mute.getsockname()[1]}"
        async with asyncio.TaskGroup() as group:
            task = group.create_task(dial(endpoint, ssl.create_default_context(), 30.0, 30.0))
            accepted, _ = await asyncio.to_thread(mute.accept)
            task.cancel()
        with closing(accepted):
            assert task.cancelled()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:1", "127.0.0.1:99999", "no-such-name.invalid:1883", f"{'x' * 80}.a:1"]
)
async def test_nobody_there_is_a_loss_and_no_crash(endpoint: str) -> None:
    with pytest.raises(DriverLost):
        await dial(endpoint, None, 30.0, 10.0)


@pytest.mark.parametrize("name", [AUTHORITY, CERTIFICATE, KEY])
def test_an_identity_is_whole_or_none(tmp_path: Path, name: str) -> None:
    folder = issue(trustme.CA(), tmp_path / "whole", "astana-1")
    assert identity(folder).minimum_version is ssl.TLSVersion.TLSv1_3
    (folder / name).write_bytes(b"-----BEGIN NONSENSE-----\n")
    with pytest.raises(DriverLost, match="no identity"):
        identity(folder)
    (folder / name).unlink()
    with pytest.raises(DriverLost, match="no identity"):
        identity(folder)
    assert stamp(folder) == ()


def test_another_key_is_no_identity(tmp_path: Path) -> None:
    authority = trustme.CA()
    ours, other = (issue(authority, tmp_path / name, name) for name in ("a", "b"))
    (other / KEY).replace(ours / KEY)
    with pytest.raises(DriverLost, match="no identity"):
        identity(ours)


def test_a_change_shows(tmp_path: Path) -> None:
    authority = trustme.CA()
    folder = issue(authority, tmp_path, "astana-1")
    before = stamp(folder)
    assert stamp(folder) == before
    os.utime(folder / CERTIFICATE, ns=(1, 1))
    assert stamp(folder) != before
