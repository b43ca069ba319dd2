# SPDX-License-Identifier: Apache-2.0
"""Serves the site: uvicorn within our own loop, at addresses of the management network alone.

Whoever holds a connection without asking for anything loses it, so that nobody shuts others out.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOL_SOCKET, socket
from typing import NamedTuple

from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.console.door import addresses_of
from edge.console.table import PageTable
from edge.errors import ConfigError, DriverLost
from edge.process.service import credentials

CERTIFICATE, KEY = "page.crt", "page.key"
"What systemd loads for us."
PEM = b"-----BEGIN "
MOST_OPEN = 300
"Connections, those of watchers that stay open among them."
MOST_HEAD = 16_384
PATIENCE_S = 10.0
"For the first request of a connection."
KEEP_S = 15
END_S = 2
BACKLOG = 128


class Tls(NamedTuple):
    """With what the page proves itself."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return what speaks TLS. Raises `ConfigError`."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as wrong:
            why = f"{self.certificate}, {self.key}: {wrong}"
            raise ConfigError(f"page.certificate, page.key: {why}") from wrong
        return made


def tls_of(table: PageTable, loaded: Path | None = None) -> Tls | None:
    """Return with what the page proves itself; None if it has nothing. Raises `ConfigError`.

    Args:
        table: The configuration.
        loaded: Folder of what systemd has loaded for this process.
    """
    if (table.certificate is None) != (table.key is None):
        raise ConfigError("page.certificate, page.key: both are needed, or neither")
    if table.certificate and table.key:
        return Tls(table.certificate, table.key)
    folder = loaded or credentials()
    if folder is None:
        return None
    found = Tls(folder / CERTIFICATE, folder / KEY)
    # where the box has none yet, systemd puts a word there instead
    return found if all(map(_is_pem, found)) else None


def _is_pem(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(PEM)
    except OSError:
        return False


class _Quick(H11Protocol):
    """A connection on which something must be asked for soon."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # h11's own
        super().connection_made(transport)
        self.loop.call_later(PATIENCE_S, self._too_slow)

    def _too_slow(self) -> None:
        asked: object = self.cycle
        if asked is None and not self.transport.is_closing():
            self.transport.abort()


class _Server(Server):
    """Ends when its task is cancelled; signals are heard by the process."""

    opened: Callable[[], object] = staticmethod(lambda: None)

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened()


class Ends(NamedTuple):
    """Whom what is told."""

    opened: Callable[[list[str]], object]
    "At which addresses the page is seen from now on."
    ending: Callable[[], object]
    "What stays open is to end by itself."


async def serve(
    site: ASGIApp, listen: str, tls: Tls | None, ends: Ends, key: str = "page.people"
) -> None:
    """Serve until cancelled; `key` is where the address was named.

    Raises `ConfigError` for an address that may not be, `DriverLost` while it is not there.
    """
    addresses, port = await addresses_of(listen, key)
    if tls is None and not all(ip_address(one.partition("%")[0]).is_loopback for one in addresses):
        raise ConfigError(
            f"{key}: {listen}: without a certificate only this machine may see the page: "
            "name a certificate and its key, or 127.0.0.1"
        )
    context = tls.context() if tls else None
    sockets = _bound(addresses, port, f"{key}: {listen}")
    config = Config(
        site, http=_Quick, ws="none", lifespan="off", access_log=False,
        log_config=None, log_level="error",  # who speaks no HTTP is no news; a bug is
        server_header=False, proxy_headers=False, limit_concurrency=MOST_OPEN,
        timeout_keep_alive=KEEP_S, timeout_graceful_shutdown=END_S,
        h11_max_incomplete_event_size=MOST_HEAD, ssl_context_factory=_factory(context),
    )  # fmt: skip
    server = _Server(config)
    server.opened = lambda: ends.opened([_place(one) for one in sockets])
    serving = asyncio.ensure_future(server.serve(sockets))  # noqa: TID251 - awaited below
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        ends.ending()
        server.should_exit = True
        await serving
        raise


def _place(one: socket) -> str:
    host, port, *_ = one.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _factory(context: ssl.SSLContext | None) -> Callable[..., ssl.SSLContext] | None:
    return (lambda *_: context) if context else None


def _bound(addresses: list[str], port: int, where: str) -> list[socket]:
    """Return a socket for each address. Raises `DriverLost`."""
    made: list[socket] = []
    try:
        for address in addresses:
            family = AF_INET6 if ":" in address else AF_INET
            one = socket(family)
            made.append(one)
            one.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            if family == AF_INET6:
                one.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
            one.bind((address, port))
            one.listen(BACKLOG)
    except OSError as refusal:
        for one in made:
            one.close()
        raise DriverLost(f"{where}: {refusal.strerror}") from refusal
    return made
