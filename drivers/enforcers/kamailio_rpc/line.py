# SPDX-License-Identifier: Apache-2.0
"""The line to a Kamailio: datagrams, UDP or Unix, each question asked until it is answered."""

import asyncio
import itertools
import re
import socket
from ipaddress import ip_address
from typing import cast

from typing_extensions import override

from drivers.enforcers.kamailio_rpc.wire import MAX_DATAGRAM, Question, Said, read, request
from edge.errors import DriverLost, EnforceError
from edge.model.message import Malformed

_UDP = re.compile(r"udp:(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})")
_UNIX = re.compile(r"unix:(/.{1,106})")


def is_unix(endpoint: str) -> bool:
    """Whether an endpoint is `unix:/PATH`."""
    return _UNIX.fullmatch(endpoint) is not None


def udp_place(endpoint: str) -> tuple[str, int]:
    """Return address and port of `udp:ADDRESS:PORT`. Raises `ValueError`."""
    found = _UDP.fullmatch(endpoint)
    if not found:
        raise ValueError("neither udp:ADDRESS:PORT nor unix:/PATH")
    return str(ip_address(found[1] or found[2])), int(found[3])


class Line(asyncio.DatagramProtocol):
    """Questions and answers, several under way; what is lost is asked again."""

    def __init__(self, where: str, retry_s: float) -> None:
        """Be ready for a socket."""
        self.strange = 0
        "Datagrams that answered nothing of ours."
        self._where = where
        self._retry_s = retry_s
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Said]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand an answer to whoever asked."""
        said = read(data)
        if isinstance(said, Malformed) or said.id not in self._waiting:
            self.strange += 1  # among them answers to what was asked twice
            return
        answer = self._waiting[said.id]
        if not answer.done():
            answer.set_result(said)

    @override
    def error_received(self, exc: Exception) -> None:
        """Take a refusal for silence: a Kamailio that restarts refuses for a second."""

    async def ask(self, question: Question) -> tuple[Said, int]:
        """Ask until answered; return the answer, and how often was asked. Raises `DriverLost`."""
        number = next(self._numbers)
        octets = request(question, number)
        if len(octets) > MAX_DATAGRAM:
            raise EnforceError(f"{question.method}: {len(octets)} octets are no datagram")
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        times = 0
        try:
            while not answer.done():
                self._send(octets)
                times += 1
                await asyncio.wait((answer,), timeout=self._retry_s)
        finally:
            del self._waiting[number]
        return answer.result(), times

    def close(self) -> None:
        """Let go; who waits for an answer is told."""
        if self._transport:
            self._transport.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DriverLost(f"kamailio {self._where}: closed"))

    def _send(self, octets: bytes) -> None:
        if not self._transport or self._transport.is_closing():
            raise DriverLost(f"kamailio {self._where}: closed")
        self._transport.sendto(octets)


def connected(where: str) -> socket.socket:
    """Return a socket that hears Kamailio and nobody else. Raises `OSError`."""
    if path := _UNIX.fullmatch(where):
        endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        own, far = "", path[1]  # Linux finds a name of its own for the answers
    else:
        address, port = udp_place(where)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        endpoint = socket.socket(family, socket.SOCK_DGRAM)
        own, far = None, (address, port)
    try:
        endpoint.settimeout(0)
        if own is not None:
            endpoint.bind(own)
        endpoint.connect(far)
    except OSError:
        endpoint.close()
        raise
    return endpoint
