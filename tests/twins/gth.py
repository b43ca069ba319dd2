# SPDX-License-Identifier: Apache-2.0
"""A Corelatus GTH: its command port, and the channels it opens back to whoever monitors.

Written from its API manual and example code, over plain sockets.
"""

import asyncio
import contextlib
import re
import socket
import struct

COMMAND = re.compile(rb"Content-type: text/xml\r\nContent-length: (\d+)\r\n\r\n", re.IGNORECASE)
MONITOR = re.compile(
    r"<new><(\w+)_monitor ip_addr=\"([^\"]+)\" ip_port=\"(\d+)\" tag=\"(\d+)\"(?: fisu=\"no\")?>"
    r"<pcm_source span=\"([^\"]+)\" timeslot=\"(\d+)\"/></\w+_monitor></new>"
)


class Gth:
    """Serves from the running loop; `answers` replaces the answer to what a command begins with."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.data: list[socket.socket] = []
        self.monitors: list[tuple[str, ...]] = []
        "Kind, address, port, tag, span, timeslot."
        self._held = b""
        self._client: socket.socket | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listening, self._accept)

    def say(self, xml: str) -> None:
        """Send a text on the command channel."""
        self.send(
            b"Content-type: text/xml\r\nContent-length: %d\r\n\r\n%s" % (len(xml), xml.encode())
        )

    def send(self, octets: bytes) -> None:
        """Send anything on the command channel."""
        assert self._client
        self._client.sendall(octets)

    def hear(self, tag: int, payload: bytes, at_ms: int = 0, flags: int = 0) -> None:
        """Deliver what the monitor with that tag heard."""
        self.data[0].sendall(self.record(tag, payload, at_ms, flags))

    @staticmethod
    def record(tag: int, payload: bytes, at_ms: int = 0, flags: int = 0) -> bytes:
        head = struct.pack(">HHHI", tag, flags, at_ms >> 32, at_ms & 0xFFFFFFFF)
        return struct.pack(">H", len(head) + len(payload)) + head + payload

    def hang_up(self) -> None:
        """Close the command channel."""
        if self._client:
            self._forget(self._client)
            self._client = None

    def close(self) -> None:
        """Be switched off; may be said twice."""
        self.hang_up()
        self._forget(self._listening)
        for one in self.data:
            one.close()

    def _forget(self, one: socket.socket) -> None:
        if one.fileno() >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(one)
        one.close()

    def _accept(self) -> None:
        self._client, _ = self._listening.accept()
        self._loop.add_reader(self._client, self._read)

    def _read(self) -> None:
        assert self._client
        octets = self._client.recv(65_536)
        if not octets:
            self.hang_up()
            return
        self._held += octets
        while (head := COMMAND.match(self._held)) and len(self._held) >= head.end() + int(head[1]):
            end = head.end() + int(head[1])
            text, self._held = self._held[head.end() : end].decode(), self._held[end:]
            self.commands.append(text)
            with contextlib.suppress(OSError):  # whoever says goodbye may not wait for the answer
                self._answer(text)

    def _answer(self, text: str) -> None:
        for beginning, octets in self.answers.items():
            if text.startswith(beginning):
                self.send(octets)
                return
        if found := MONITOR.fullmatch(text):
            self.monitors.append(found.groups())
            self._connect(found[2], int(found[3]))
            self.say(f"<job id='{found[1]}{found[4]}'/>")
        else:
            self.say("<ok/>")

    def _connect(self, address: str, port: int) -> None:
        """Open a channel; monitors that deliver to the same address share one."""
        if not self.data:
            self.data.append(socket.create_connection((address, port)))
