# SPDX-License-Identifier: Apache-2.0
"""A bad network between an enforcer and Kamailio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
from typing_extensions import override

from tests.drivers.enforcers.kamailio_rpc.switch import Kamailio


class Between(asyncio.DatagramProtocol):
    """Stands between an enforcer and Kamailio; counts what was asked and drops what it is told."""

    def __init__(self, kamailio: Kamailio) -> None:
        self.asked: list[str] = []
        self.drop_questions = 0
        self.drop_answers = 0
        host, port = kamailio.endpoint.removeprefix("udp:").split(":")
        self._far = (host, int(port))
        self._near: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.endpoint = ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.endpoint = f"udp:127.0.0.1:{transport.get_extra_info('sockname')[1]}"

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        assert self._transport
        if addr == self._far:
            self.drop_answers -= 1
            if self.drop_answers < 0:
                self._transport.sendto(data, self._near)
            return
        self._near = addr
        self.asked.append(msgspec.json.decode(data)["method"])
        self.drop_questions -= 1
        if self.drop_questions < 0:
            self._transport.sendto(data, self._far)

    def close(self) -> None:
        assert self._transport
        self._transport.close()


@asynccontextmanager
async def between(kamailio: Kamailio) -> AsyncIterator[Between]:
    loop = asyncio.get_running_loop()
    _, one = await loop.create_datagram_endpoint(
        lambda: Between(kamailio), local_addr=("127.0.0.1", 0)
    )
    try:
        yield one
    finally:
        one.close()
