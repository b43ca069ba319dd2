# SPDX-License-Identifier: Apache-2.0
"""A line that fails as told: TCP through here can be slow, late, cut, silent or wrong.

async with Proxy(broker.port) as line:
    session at line.endpoint ...
    line.weather = Weather(octets_per_s=4096)     # from now on, all connections
    line.cut()                                    # all of now are reset
    line.hole()                                   # all of now fall silent, both ways, and stay open
"""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from typing import NamedTuple, Self

PIECE = 16_384


class Weather(NamedTuple):
    """What happens to octets on their way."""

    delay_s: float = 0.0
    "Until they go on."
    octets_per_s: float = 0.0
    "Most that go through a direction; 0 is no limit."
    piece: int = PIECE
    "Largest piece that they arrive in."
    wrong: float = 0.0
    "Share of the pieces in which an octet is changed."


class _Line:
    """One connection through the proxy."""

    def __init__(self, proxy: "Proxy", near: asyncio.StreamWriter, far: asyncio.StreamWriter):
        self.ends = (near, far)
        self.silent = False
        self._proxy = proxy

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while octets := await source.read(self._proxy.weather.piece):
                weather = self._proxy.weather
                if self.silent:
                    continue  # taken and thrown away: the sender sees nothing wrong
                pause_s = weather.delay_s
                if weather.octets_per_s:
                    pause_s += len(octets) / weather.octets_per_s
                if pause_s:
                    await asyncio.sleep(pause_s)
                sink.write(self._proxy.damaged(octets))
                await sink.drain()
                self._proxy.carried += len(octets)
        if not self.silent:
            self.reset()

    def reset(self) -> None:
        """End it at both ends, as a middlebox does: RST."""
        for end in self.ends:
            with suppress(OSError):
                end.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            end.transport.abort()


class Proxy:
    """Listens on a free port of the loopback and leads to another."""

    def __init__(self, port: int, seed: int = 1) -> None:
        self.weather = Weather()
        self.refusing = False
        "Whether new connections are reset at once."
        self.accepted = 0
        self.carried = 0
        self.endpoint = ""
        self._to = port
        self._chance = random.Random(seed)
        self._lines: set[_Line] = set()
        self._quiet = asyncio.Event()

    async def __aenter__(self) -> Self:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = server
        self.endpoint = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        if self._lines:
            await self._quiet.wait()

    def cut(self) -> None:
        """Reset all connections of now."""
        for line in tuple(self._lines):
            line.silent = False
            line.reset()

    def hole(self) -> None:
        """Let all connections of now fall silent without ending."""
        for line in self._lines:
            line.silent = True

    def damaged(self, octets: bytes) -> bytes:
        """Change an octet now and then."""
        if self._chance.random() >= self.weather.wrong:
            return octets
        at = self._chance.randrange(len(octets))
        return octets[:at] + bytes([octets[at] ^ self._chance.randrange(1, 256)]) + octets[at + 1 :]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            if self.refusing:
                raise ConnectionRefusedError
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(self, writer, far)
        self._lines.add(line)
        self._quiet.clear()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(line.carry(reader, far))
                group.create_task(line.carry(far_reader, writer))
        finally:
            line.reset()
            self._lines.discard(line)
            if not self._lines:
                self._quiet.set()
