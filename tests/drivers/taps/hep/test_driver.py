# SPDX-License-Identifier: Apache-2.0
"""HEP over real sockets of this machine."""

import asyncio
import socket
import struct
import time

import pytest
from pydantic import ValidationError

from drivers.taps.hep.driver import Config, TcpTap, UdpTap, open_tap
from edge.decode.hep import LINK
from edge.errors import DriverLost
from edge.model.unit import Unit

pytestmark = pytest.mark.asyncio


def packet(number: int, key: bytes = b"", size: int = 10) -> bytes:
    chunks = [(14, key)] * bool(key) + [(15, number.to_bytes(4, "big") + bytes(size))]
    body = b"".join(struct.pack(">HHH", 0, kind, 6 + len(of)) + of for kind, of in chunks)
    return struct.pack(">4sH", b"HEP3", 6 + len(body)) + body


def config(**keys: object) -> Config:
    return Config.model_validate({"port": 0} | keys)


def send(tap: UdpTap, *packets: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for one in packets:
            sender.sendto(one, ("127.0.0.1", tap.port))


async def opened_udp(**keys: object) -> UdpTap:
    tap = await open_tap("switch", config(**keys))
    assert isinstance(tap, UdpTap)
    return tap


async def opened_tcp(**keys: object) -> TcpTap:
    tap = await open_tap("switch", config(transport="tcp", **keys))
    assert isinstance(tap, TcpTap)
    return tap


async def heard(tap: UdpTap | TcpTap, count: int) -> list[Unit]:
    units: list[Unit] = []
    async with asyncio.timeout(20):
        while len(units) < count:
            units += await tap.read()
    return units


async def test_a_datagram_is_a_unit_with_the_time_of_the_kernel() -> None:
    tap = await opened_udp()
    before = time.time_ns()  # noqa: TID251 - the oracle of the kernel's stamp
    send(tap, packet(1), packet(2))
    first, second = await heard(tap, 2)
    after = time.time_ns()  # noqa: TID251 - a busy kernel may deliver after `send` returned
    assert (first.data, second.data) == (packet(1), packet(2))
    assert (first.link, first.number, second.number) == (LINK, 1, 2)
    assert before <= first.at <= second.at <= after
    assert tap.lost().total == 0
    await tap.close()


async def test_without_the_key_nothing_is_heard_and_with_it_it_is_not_kept() -> None:
    tap = await opened_udp(key="sesame")
    send(tap, packet(1), packet(2, b"open"), b"noise", packet(3, b"sesame"))
    (unit,) = await heard(tap, 1)
    assert unit.data == packet(3, b"******")
    assert tap.lost().by_cause == (("hep wrong key", 3),)
    await tap.close()


async def test_what_is_no_hep_is_a_unit_for_the_decoder_to_judge() -> None:
    tap = await opened_udp()
    send(tap, b"noise")
    assert [unit.data for unit in await heard(tap, 1)] == [b"noise"]
    await tap.close()


async def test_what_the_buffer_cannot_hold_is_counted_to_the_unit() -> None:
    tap = await opened_udp(buffer_kib=64)
    send(tap, *(packet(number, size=1000) for number in range(1000)))
    lost = tap.lost().total
    assert 0 < lost < 1000
    units = await heard(tap, 1000 - lost)
    assert len(units) == 1000 - lost
    assert tap.lost().by_cause == (("hep buffer full", lost),)
    await tap.close()
    assert tap.lost().total == lost


async def test_streams_of_several_senders_are_heard() -> None:
    tap = await opened_tcp(key="k")
    for number in (1, 2):
        _, sender = await asyncio.open_connection("127.0.0.1", tap.port)
        sender.write(packet(number, b"k") + packet(number + 10, b"k"))
        await sender.drain()
        sender.close()
    units = await heard(tap, 4)
    assert {unit.data for unit in units} == {packet(n, b"*") for n in (1, 2, 11, 12)}
    assert tap.lost().total == 0
    await tap.close()


async def test_what_was_lost_of_a_stream_is_counted() -> None:
    tap = await opened_tcp()
    reader, sender = await asyncio.open_connection("127.0.0.1", tap.port)
    sender.write(packet(1) + b"noise" + packet(2) + packet(3)[:-1])
    sender.write_eof()
    assert await reader.read() == b""  # the tap has seen the end, too
    assert [unit.data for unit in await heard(tap, 2)] == [packet(1), packet(2)]
    assert tap.lost().by_cause == (("hep cut short", 1), ("hep out of step", 1))
    sender.close()
    await tap.close()


async def test_a_late_reader_makes_the_sender_wait_and_loses_nothing() -> None:
    tap = await opened_tcp(buffer_kib=64)
    stream = b"".join(packet(number, size=60_000) for number in range(500))
    _, sender = await asyncio.open_connection("127.0.0.1", tap.port)
    sender.write(stream)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await sender.drain()
    assert tap._held < 200_000
    units = await heard(tap, 500)
    assert b"".join(unit.data for unit in units) == stream
    sender.close()
    await tap.close()


async def test_a_connection_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.taps.hep.driver.MAX_SENDERS", 1)
    tap = await opened_tcp()
    _, first = await asyncio.open_connection("127.0.0.1", tap.port)
    first.write(packet(1))
    assert len(await heard(tap, 1)) == 1
    reader, second = await asyncio.open_connection("127.0.0.1", tap.port)
    assert await reader.read() == b""
    assert tap.lost().by_cause == (("hep connection refused", 1),)
    first.close()
    second.close()
    await tap.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_port_that_is_taken_is_tried_again_later(transport: str) -> None:
    tap = await open_tap("switch", config(transport=transport))
    with pytest.raises(DriverLost, match=f"127.0.0.1 port {tap.port}: "):
        await open_tap("other", config(transport=transport, port=tap.port))
    await tap.close()


ANYWHERE = ("192.0.2.1", "0.0.0.0", "::")  # noqa: S104 - refused


@pytest.mark.parametrize("address", ANYWHERE)
async def test_others_are_heard_with_a_key_only(address: str) -> None:
    assert config(listen=address, key="k").key
    with pytest.raises(ValidationError, match="without a key anybody"):
        config(listen=address)


async def test_the_key_is_not_shown() -> None:
    assert "sesame" not in str(config(key="sesame").model_dump())
