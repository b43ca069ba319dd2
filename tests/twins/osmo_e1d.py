# SPDX-License-Identifier: Apache-2.0
"""The daemon osmo-e1d with one e1-tracer: its control socket, its timeslots, its habits.

Written from the daemon's published header and behaviour. Among the habits: answers leave interface,
line and timeslot of their header unset, and what does not exist is answered with nothing.
"""

import asyncio
import os
import socket
import struct
from pathlib import Path

HEAD = struct.Struct("=HHBBBB")
LOS_ON, LOS_OFF, AIS_ON, AIS_OFF, RAI_ON, RAI_OFF, LOF_ON, LOF_OFF = range(0x40, 0x48)
SABITS = 0x7F


class OsmoE1d:
    """Serves from the running loop. `answers` may be bent to what a test needs."""

    def __init__(self, folder: Path) -> None:
        self.control = folder / "osmo-e1d.ctl"
        self.timeslots: dict[tuple[int, int, int], socket.socket] = {}
        self.requests: list[bytes] = []
        self.before_answer = b""
        self.mute = False
        self._clients: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(self.control))
        self._listening.listen()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listening, self._accept)

    def event(self, kind: int, interface: int = 0, line: int = 0, body: bytes = b"") -> None:
        """Tell all clients of something."""
        for client in self._clients:
            client.send(self.packed(kind, body, interface, line, 0))

    def raw(self, line: int, timeslot: int, octets: bytes) -> None:
        """Let a timeslot be heard, in the daemon's blocks."""
        for at in range(0, len(octets), 160):
            self.timeslots[0, line, timeslot].send(octets[at : at + 160])

    def send(self, octets: bytes) -> None:
        """Send anything on the control socket."""
        for client in self._clients:
            client.send(octets)

    def close(self) -> None:
        """Be killed; may be said twice."""
        if self._listening.fileno() < 0:
            return
        for one in (self._listening, *self._clients):
            if not self._loop.is_closed():
                self._loop.remove_reader(one)
        for one in (self._listening, *self._clients, *self.timeslots.values()):
            one.close()

    @staticmethod
    def packed(kind: int, body: bytes = b"", *place: int) -> bytes:
        place = place or (0, 0, 0)
        return HEAD.pack(0x01E1, HEAD.size + len(body), kind, *place) + body

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        self._clients.append(client)
        self._loop.add_reader(client, self._request, client)

    def _request(self, client: socket.socket) -> None:
        request = client.recv(4096)
        if not request:
            self._loop.remove_reader(client)
            return
        self.requests.append(request)
        magic, length, kind, *place = HEAD.unpack_from(request)
        assert (magic, length) == (0x01E1, len(request))
        if self.before_answer:
            client.send(self.before_answer)
        if not self.mute:
            self._answer(client, kind, (place[0], place[1], place[2]), request[HEAD.size :])

    def _answer(
        self, client: socket.socket, kind: int, place: tuple[int, int, int], body: bytes
    ) -> None:
        interface, line, timeslot = place
        if kind != 0x04:
            client.send(self.packed(0xC0 | 22))
            return
        mode, flags, size = struct.unpack("=BBH", body)
        exists = interface == 0 and line in {0, 1} and 0 < timeslot < 32 and size > 0
        if not exists or (place in self.timeslots and not flags & 0x80):
            client.send(self.packed(0x84))
            return
        assert mode == 0x10
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.timeslots[place] = ours
        info = struct.pack("=BBBHB", timeslot, mode, flags, size, 0xA5)
        socket.send_fds(client, [self.packed(0x84, info)], [theirs.fileno()])
        os.close(theirs.detach())
