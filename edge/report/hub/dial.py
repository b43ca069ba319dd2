# SPDX-License-Identifier: Apache-2.0
"""Opens a connection to a broker: TCP, and TLS 1.3 with a certificate on both sides.

All of it in the event loop, so that it can be given up at any moment: the MQTT library would block
a thread for as long as it takes, and leave the socket to it.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from edge.errors import DriverLost

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
"Files of an identity."

Stamp = tuple[tuple[int, int, int], ...]
"Tells whether files have changed: inode, size and time of each."


def parsed(endpoint: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[address]:port`."""
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def identity(folder: Path) -> ssl.SSLContext:
    """Return what we show a broker and want to see of it. Raises `DriverLost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(folder / AUTHORITY)
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise DriverLost(f"{folder}: no identity: {error}") from error
    return context


def stamp(folder: Path) -> Stamp:
    """Return what tells one identity from the next; empty while a file is missing."""
    try:
        found = [(folder / name).stat() for name in (AUTHORITY, CERTIFICATE, KEY)]
    except OSError:
        return ()
    return tuple((file.st_ino, file.st_size, file.st_mtime_ns) for file in found)


async def dial(
    endpoint: str,
    context: ssl.SSLContext | None,
    silence_s: float,
    wait_s: float,
    tune: Callable[[socket.socket], object] = lambda _wire: None,
) -> socket.socket:
    """Return a connected socket that does not block. Raises `DriverLost`.

    The kernel gives it up when what was sent is not acknowledged for `silence_s`. `tune` is given
    each socket before it connects, as what the first packet says holds for all that follow.
    """
    host, port = parsed(endpoint)
    try:
        async with asyncio.timeout(wait_s):
            wire = await _connected(host, port, silence_s, tune)
            return await _secured(wire, context, host) if context else wire
    except TimeoutError as error:
        raise DriverLost(f"{endpoint}: no connection within {wait_s:g} s") from error
    except (OSError, OverflowError, ValueError) as error:  # ... the name or the port is none
        raise DriverLost(f"{endpoint}: {error}") from error


async def _connected(
    host: str, port: int, silence_s: float, tune: Callable[[socket.socket], object]
) -> socket.socket:
    """Try every address that the name has."""
    loop = asyncio.get_running_loop()
    refusal = OSError("the name has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        wire = socket.socket(family, kind, protocol)
        try:
            wire.setblocking(False)  # noqa: FBT003 - the only way to say it
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silence_s * 1000))
            tune(wire)
            await loop.sock_connect(wire, address)
        except OSError as error:
            wire.close()
            refusal = error
        except BaseException:
            wire.close()
            raise
        else:
            return wire
    raise refusal


async def _secured(wire: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Shake hands; the broker's name must be in a certificate of our authority."""
    secured = context.wrap_socket(wire, server_hostname=host, do_handshake_on_connect=False)
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secured, loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _ready(secured, loop.add_writer, loop.remove_writer)
            else:
                return secured
    except BaseException:
        secured.close()
        raise


async def _ready(
    wire: socket.socket, add: Callable[..., object], remove: Callable[[socket.socket], object]
) -> None:
    ready = asyncio.Event()
    add(wire, ready.set)
    try:
        await ready.wait()
    finally:
        remove(wire)
