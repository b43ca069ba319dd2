# SPDX-License-Identifier: Apache-2.0
"""Where the page is shown, and with what it proves itself."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme
from starlette.responses import PlainTextResponse

from edge.console import serve as serve_module
from edge.console.serve import Ends, Tls, serve, tls_of
from edge.console.table import PageTable
from edge.errors import ConfigError, DriverLost

pytestmark = pytest.mark.asyncio
SITE = PlainTextResponse("here\n")
NOBODY = Ends(lambda _places: None, lambda: None)
TOO_LONG_S = 30
ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    found = Tls(tmp_path / "page.crt", tmp_path / "page.key")
    made = AUTHORITY.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(found.key)
    found.certificate.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    return found


AUTHORITY = trustme.CA()


@asynccontextmanager
async def opened(tls: Tls | None = None) -> AsyncIterator[tuple[str, list[str]]]:
    ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    said: list[str] = []
    ends = Ends(ready.set_result, lambda: said.append("ending"))
    task = asyncio.ensure_future(serve(SITE, "127.0.0.1:0", tls, ends))  # noqa: TID251
    async with asyncio.timeout(TOO_LONG_S):
        (place,) = await ready
        yield place, said
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def ask(place: str, context: ssl.SSLContext | None = None, octets: bytes = ASK) -> bytes:
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(octets)
    try:
        return await reader.read()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_it_is_shown_until_it_is_told_to_end() -> None:
    async with opened() as (place, said):
        assert b"200 OK" in await ask(place)
        assert said == []
    assert said == ["ending"]
    with pytest.raises(OSError, match="Connect"):
        await ask(place)


async def test_it_speaks_tls_of_now(tls: Tls) -> None:
    trusting = ssl.create_default_context()
    AUTHORITY.configure_trust(trusting)
    async with opened(tls) as (place, _):
        assert b"200 OK" in await ask(place, trusting)
        with pytest.raises(ssl.SSLError):
            await ask(place, ssl.create_default_context())
    assert tls.context().minimum_version is ssl.TLSVersion.TLSv1_2


async def test_without_a_certificate_only_this_machine_sees_it() -> None:
    with pytest.raises(ConfigError, match="without a certificate only this machine"):
        await serve(SITE, "192.0.2.1:1", None, NOBODY)
    with pytest.raises(ConfigError, match=r"page\.people: 0\.0\.0\.0:1: every address"):
        await serve(SITE, "0.0.0.0:1", None, NOBODY)


async def test_an_address_that_is_not_there_is_looked_for_again(tls: Tls) -> None:
    with pytest.raises(DriverLost, match=r"page\.people"):
        await serve(SITE, "192.0.2.1:1", tls, NOBODY)
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(DriverLost, match="in use"):
            await serve(SITE, place, None, NOBODY)


async def test_who_asks_for_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_module, "PATIENCE_S", 0.1)
    async with opened() as (place, _):
        with suppress(ConnectionError):
            assert await ask(place, octets=b"GET / HTTP/1.1\r\nX: ") == b""
        assert b"200 OK" in await ask(place)


async def test_with_what_it_proves_itself(tls: Tls, tmp_path: Path) -> None:
    table = PageTable(certificate=tls.certificate, key=tls.key)
    assert tls_of(table) == tls
    assert tls_of(PageTable(), tmp_path) == tls
    assert tls_of(PageTable()) is None
    tls.key.write_bytes(b"none")
    assert tls_of(PageTable(), tmp_path) is None, "systemd had nothing to load"
    with pytest.raises(ConfigError, match="both are needed"):
        tls_of(PageTable(key=tls.key))


async def test_a_certificate_that_is_none_is_said(tls: Tls) -> None:
    tls.certificate.write_text("none")
    with pytest.raises(ConfigError, match=r"page\.certificate, page\.key"):
        await serve(SITE, "127.0.0.1:0", tls, NOBODY)
