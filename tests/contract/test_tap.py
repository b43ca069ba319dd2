# SPDX-License-Identifier: Apache-2.0
"""What every tap promises, asked of every tap that is installed.

A new driver adds a rig to `RIGS`: how it is opened so that it hears two units and then waits.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.taps.hep.driver import UdpTap
from drivers.taps.memory import MemoryTap
from edge import plugins
from edge.errors import DriverLost
from edge.model.unit import LinkType, Unit
from edge.ports import Tap, Trait
from tests import netns
from tests.contract.e1_rigs import E1_RIGS


class Rig(NamedTuple):
    """How a driver is made to hear, and to lose its device."""

    settings: Callable[[Path], dict[str, Any]]
    hear: Callable[[Tap], None] = lambda _tap: None
    vanish: Callable[[Tap], None] | None = None
    "None where there is no device: neither a recording nor a port of our own vanishes."
    place: Callable[[], AbstractContextManager[None]] = nullcontext
    marks: tuple[pytest.MarkDecorator, ...] = ()


def two_far_apart(folder: Path) -> dict[str, Any]:
    """Write a capture of two packets, a day between the second and a third."""
    path = folder / "capture.pcap"
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + b"".join(struct.pack("<IIIIx", s, 0, 1, 1) for s in (0, 0, 86_400)))
    return {"files": [path], "pace": 1}


def put_three(tap: Tap) -> None:
    """Let a tap of depth two hear two units and lose one."""
    assert isinstance(tap, MemoryTap)
    tap.put(*(Unit("rig", LinkType.ETHERNET, at, b"x") for at in (1, 2, 3)))


def unplug(tap: Tap) -> None:
    assert isinstance(tap, MemoryTap)
    tap.vanish("unplugged")


@contextmanager
def mirror_port() -> Iterator[None]:
    with netns.namespace():
        netns.veth("far", "mirror")
        yield


def send_two(_tap: Tap) -> None:
    """Let a mirror port hear two frames."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.bind(("far", 0))
        for _ in range(2):
            packets.send(bytes(12) + b"\x88\xb5" + bytes(50))


def take_down(_tap: Tap) -> None:
    netns.ip("link del far")


def send_two_datagrams(tap: Tap) -> None:
    assert isinstance(tap, UdpTap)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(2):
            sender.sendto(b"HEP3\0\x06", ("127.0.0.1", tap.port))


NEEDS_ROOT = (pytest.mark.root, pytest.mark.peer("ip"))

RIGS = {
    "afpacket": Rig(
        lambda _folder: {"interface": "mirror"}, send_two, take_down, mirror_port, NEEDS_ROOT
    ),
    "hep": Rig(lambda _folder: {"port": 0}, send_two_datagrams),
    "memory": Rig(lambda _folder: {"depth": 2}, put_three, unplug),
    "pcap": Rig(two_far_apart),
    **{
        name: Rig(twin.settings, twin.hear, twin.vanish, twin.place)
        for name, twin in E1_RIGS.items()
    },
}


def test_every_tap_has_a_rig() -> None:
    assert set(RIGS) == set(plugins.names("taps"))


@pytest.fixture(params=[pytest.param(name, marks=RIGS[name].marks) for name in sorted(RIGS)])
def rig(request: pytest.FixtureRequest) -> Iterator[str]:
    with RIGS[request.param].place():
        yield request.param


async def opened(name: str, folder: Path) -> Tap:
    driver = plugins.load("taps", name)
    tap = await driver.open("rig", driver.config.model_validate(RIGS[name].settings(folder)))
    RIGS[name].hear(tap)
    return tap


async def heard(tap: Tap) -> list[Unit]:
    units: list[Unit] = []
    while len(units) < 2:
        units += await tap.read()
    return units


@pytest.mark.asyncio
async def test_it_hears(rig: str, tmp_path: Path) -> None:
    tap = await opened(rig, tmp_path)
    assert [unit.tap for unit in await heard(tap)] == ["rig", "rig"]
    await tap.close()


@pytest.mark.asyncio
async def test_others_run_during_every_read(rig: str, tmp_path: Path) -> None:
    tap = await opened(rig, tmp_path)
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "ran")
    assert await tap.read()
    assert others == ["ran"]
    await tap.close()


@pytest.mark.asyncio
async def test_a_read_that_waits_can_be_cancelled_and_the_tap_closed_twice(
    rig: str, tmp_path: Path
) -> None:
    tap = await opened(rig, tmp_path)
    await heard(tap)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await tap.read()
    await tap.close()
    await tap.close()
    assert await tap.read() == ()


@pytest.mark.asyncio
async def test_losses_never_become_fewer(rig: str, tmp_path: Path) -> None:
    tap = await opened(rig, tmp_path)
    seen = [dict(tap.lost().by_cause)]
    await heard(tap)
    seen.append(dict(tap.lost().by_cause))
    await tap.close()
    seen.append(dict(tap.lost().by_cause))
    for before, after in pairwise(seen):
        assert all(after.get(cause, 0) >= count for cause, count in before.items())


@pytest.mark.asyncio
async def test_a_device_that_vanishes_is_lost_and_nothing_else(rig: str, tmp_path: Path) -> None:
    vanish = RIGS[rig].vanish
    if vanish is None:
        assert rig == "hep" or plugins.load("taps", rig).trait is Trait.OFFLINE
        return
    tap = await opened(rig, tmp_path)
    await heard(tap)
    vanish(tap)
    with pytest.raises(DriverLost):
        await tap.read()
    await tap.close()
