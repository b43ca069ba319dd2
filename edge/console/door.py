# SPDX-License-Identifier: Apache-2.0
"""The door of the page: HTTP/1.1 (RFC 9112), as little of it as a watching machine needs.

GET alone, one answer a connection, nothing of the request believed but its path. A connection has
five seconds from its first octet in to its last octet out, so that nobody holds it by dripping; and
where too many are open the oldest goes, so that whoever is quick is served, whatever the others do.
"""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from socket import SOCK_STREAM
from typing import Any, NamedTuple

from edge.counters import PAGE_ANSWERS
from edge.counting import Numbers
from edge.errors import ConfigError, DriverLost, mendable

PATIENCE_S = 5.0
MOST_OPEN = 64
MOST_OCTETS = 8192
"Of the head of a request."

REQUEST = re.compile(
    rb"(?P<method>[!-~]{1,32}) (?P<path>/[!->@-~]{0,200})(\?[!-~]*)? HTTP/1\.((?P<old>0)|1)"
)
"A request line; a query is passed over."
HOST = re.compile(rb"host:", re.IGNORECASE)


class Answer(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


Pages = Mapping[str, Callable[[], Answer]]
"What stands at each path."


async def addresses_of(listen: str, key: str = "page.listen") -> tuple[list[str], int]:
    """Return the addresses and the port that a key of the configuration means, `host:port`.

    Raises `ConfigError` for every address at once: trunk and hub are reached by some of them.
    Raises `DriverLost` where a name means nothing now.
    """
    host, _, port = listen.rpartition(":")
    if int(port) > 65_535:  # noqa: PLR2004 - the highest port there is
        raise ConfigError(f"{key}: {listen}: a port is at most 65535")
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=SOCK_STREAM)
    except UnicodeError as wrong:
        raise ConfigError(f"{key}: {listen}: no name of a host") from wrong
    except OSError as refusal:
        raise DriverLost(f"{key}: {listen}: {refusal.strerror}") from refusal
    addresses = sorted({str(place[0]) for *_, place in found})
    if any(map(_is_everywhere, addresses)):
        raise ConfigError(
            f"{key}: {listen}: every address of the box, those of trunk and hub among them; "
            "name the one of the management network, as 10.0.0.5:9464"
        )
    return addresses, int(port)


def _is_everywhere(text: str) -> bool:
    """Return whether an address stands for all: 0.0.0.0, ::, and the first written as IPv6."""
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_unspecified


class Door:
    """Answers whoever comes."""

    def __init__(self, pages: Pages, numbers: Numbers) -> None:
        """Answer with `pages`, count the answers in `numbers`."""
        self.places: list[str] = []
        "Where it is open now: `127.0.0.1:9464`."
        self._pages = pages
        self._answers = numbers[PAGE_ANSWERS]
        self._open: dict[StreamWriter, None] = {}
        "The oldest first."

    async def forever(self, listen: str, opened: Callable[[], object]) -> None:
        """Answer until cancelled; `opened` is called once it does.

        Raises `DriverLost` while the address is not there, or another holds it.
        """
        with mendable():
            async with asyncio.TaskGroup() as group:
                await self._serve(group, listen, opened)

    async def _serve(
        self, group: asyncio.TaskGroup, listen: str, opened: Callable[[], object]
    ) -> None:
        def accept(reader: StreamReader, writer: StreamWriter) -> None:
            self._make_room()
            self._open[writer] = None
            group.create_task(self._converse(reader, writer))

        addresses, port = await addresses_of(listen)
        try:
            server = await asyncio.start_server(accept, addresses, port, limit=MOST_OCTETS)
        except OSError as refusal:
            raise DriverLost(f"page.listen: {listen}: {refusal.strerror}") from refusal
        self.places = [_place(socket.getsockname()) for socket in server.sockets]
        opened()
        try:
            await server.serve_forever()
        finally:
            self._make_room(0)

    def _make_room(self, most: int = MOST_OPEN - 1) -> None:
        """Leave at most so many connections open, the youngest."""
        while len(self._open) > most:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.transport.abort()

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take one request, give one answer."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._answer(reader)
                self._answers[str(answer.status.value),].value += 1
                writer.write(_octets(answer))
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # it went, or was too slow
        finally:
            self._open.pop(writer, None)
            writer.transport.abort()

    async def _answer(self, reader: StreamReader) -> Answer:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        line, *fields = head.split(b"\r\n")
        request = REQUEST.fullmatch(line)
        if not request or not (request["old"] or any(map(HOST.match, fields))):
            return Answer(HTTPStatus.BAD_REQUEST)
        if request["method"] != b"GET":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED)
        page = self._pages.get(request["path"].decode())
        return page() if page else Answer(HTTPStatus.NOT_FOUND)


def _octets(answer: Answer) -> bytes:
    status = answer.status
    body = answer.body or f"{status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(body)}",
        *(("Allow: GET",) if status is HTTPStatus.METHOD_NOT_ALLOWED else ()),
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def _place(name: tuple[Any, ...]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
