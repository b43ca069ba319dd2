# SPDX-License-Identifier: Apache-2.0
"""A probe on real ports: a pseudo-terminal, TCP, RFC 2217; unplugged, garbled, silent."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from pydantic import ValidationError

from drivers.taps.e1_serial.driver import Config, SerialTap, open_tap
from drivers.taps.e1_serial.probe import State
from edge.errors import ConfigError, DriverLost
from edge.model.unit import Unit
from hil.e1.probe import A_TO_B, B_TO_A, Probe
from tests.twins.e1_probe import PtyProbe
from tests.twins.terminal_server import TerminalServer

pytestmark = pytest.mark.asyncio
DEADLINE_S = 5


@pytest.fixture
def probe() -> Iterator[PtyProbe]:
    with closing(PtyProbe()) as twin:
        yield twin


async def heard(tap: SerialTap, count: int) -> list[Unit]:
    units: list[Unit] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(units) < count:
            units += await tap.read()
    return units


async def test_both_directions_over_a_pty(probe: PtyProbe) -> None:
    tap = await open_tap("e1", Config(port=probe.port))
    probe.hello("Twin 1")
    probe.raw(1, 16, A_TO_B, b"\0" * 160)
    probe.raw(1, 16, B_TO_A, bytes(range(160)))
    assert [unit.data for unit in await heard(tap, 2)] == [b"\0" * 160, bytes(range(160))]
    assert tap.probe.identity == "Twin 1"
    assert tap.state is State.SYNCED
    await tap.close()


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_records_arrive_in_pieces(probe: PtyProbe, size: int) -> None:
    tap = await open_tap("e1", Config(port=probe.port))
    line = bytearray()
    sender = Probe(line.extend)
    for n in range(4):
        sender.raw(1, 16, A_TO_B, bytes([n]) * 160)

    async def trickle() -> None:
        for at in range(0, len(line), size):
            probe.write(bytes(line[at : at + size]))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(trickle())
        units = await heard(tap, 4)
    assert [unit.data for unit in units] == [bytes([n]) * 160 for n in range(4)]
    assert not tap.lost().total
    await tap.close()


async def test_garbage_is_counted_and_then_forgotten(probe: PtyProbe) -> None:
    tap = await open_tap("e1", Config(port=probe.port))
    probe.write(Random(3).randbytes(3000))
    probe.raw(1, 16, A_TO_B, b"after")
    assert [unit.data for unit in await heard(tap, 1)] == [b"after"]
    assert tap.lost().total > 0
    await tap.close()


async def test_a_probe_that_is_unplugged_is_lost_and_comes_back(probe: PtyProbe) -> None:
    tap = await open_tap("e1", Config(port=probe.port))
    probe.raw(1, 16, A_TO_B, b"last")
    await heard(tap, 1)
    probe.unplug()
    with pytest.raises(DriverLost, match="/dev/pts/"):
        await heard(tap, 1)
    await tap.close()
    with closing(PtyProbe()) as again:
        tap = await open_tap("e1", Config(port=again.port))
        again.raw(1, 16, A_TO_B, b"first")
        assert [unit.data for unit in await heard(tap, 1)] == [b"first"]
        await tap.close()


async def test_a_port_that_is_not_there_is_lost() -> None:
    with pytest.raises(DriverLost, match="/dev/none"):
        await open_tap("e1", Config(port="/dev/none"))


async def test_a_port_is_ours_alone(probe: PtyProbe) -> None:
    tap = await open_tap("e1", Config(port=probe.port))
    with pytest.raises(DriverLost, match="exclusively lock"):
        await open_tap("second", Config(port=probe.port))
    await tap.close()


async def test_an_address_that_cannot_be_is_a_mistake_of_the_operator() -> None:
    with pytest.raises(ConfigError, match="nonsense://x: invalid URL"):
        await open_tap("e1", Config(port="nonsense://x"))


async def test_a_server_that_is_not_there_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(DriverLost, match="refused"):
        await open_tap("e1", Config(port=f"socket://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    "wrong",
    [{"port": ""}, {"port": "x", "baud": 1}, {"port": "x", "channels": {"16": "mtp2"}}],
)
async def test_the_config_is_checked(wrong) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)


async def test_over_tcp_until_it_is_hung_up() -> None:
    lines: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()  # noqa: TID251 - of one
    server = await asyncio.start_server(lambda _, writer: lines.put_nowait(writer), "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    tap = await open_tap("e1", Config(port=f"socket://127.0.0.1:{port}"))
    line = await lines.get()
    Probe(line.write).raw(1, 16, A_TO_B, b"\0\xff" * 80)
    assert [unit.data for unit in await heard(tap, 1)] == [b"\0\xff" * 80]
    line.close()
    with pytest.raises(DriverLost, match="disconnected"):
        await heard(tap, 1)
    await tap.close()
    server.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # of pyserial 3.5
async def test_over_rfc_2217_until_it_is_hung_up() -> None:
    with closing(TerminalServer()) as server:
        tap = await open_tap("e1", Config(port=server.url))
        probe = Probe(server.write)
        payload = bytes(range(256)) + b"\xff\xff"  # 255 is IAC of Telnet
        probe.raw(1, 16, A_TO_B, payload)
        assert [unit.data for unit in await heard(tap, 1)] == [payload]
        server.hang_up()
        with pytest.raises(DriverLost):
            await heard(tap, 1)
        await tap.close()


async def test_a_line_that_says_nothing_is_opened_anew(probe: PtyProbe) -> None:
    tap = await open_tap("e1", Config(port=probe.port, silence_s=0.03))
    with pytest.raises(DriverLost, match=r"silent for 0\.03 s"):
        await heard(tap, 1)
    await tap.close()


async def test_a_port_without_a_descriptor_is_looked_at_and_others_run() -> None:
    tap = await open_tap("e1", Config(port="loop://"))
    others: list[str] = []
    asyncio.get_running_loop().call_later(0.02, others.append, "ran")
    asyncio.get_running_loop().call_later(0.03, Probe(tap._port.write).raw, 1, 16, A_TO_B, b"x")
    assert [unit.data for unit in await heard(tap, 1)] == [b"x"]
    assert others == ["ran"]
    await tap.close()
