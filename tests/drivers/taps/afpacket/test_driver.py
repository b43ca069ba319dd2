# SPDX-License-Identifier: Apache-2.0
"""Live capture on a cable of the test's own; tcpreplay and raw sockets send into its other end."""

import asyncio
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import rdpcap

from drivers.host import netlink
from drivers.taps.afpacket.driver import LOOK_S, AfPacketTap, Config, open_tap
from edge.errors import ConfigError, DriverLost
from edge.model.unit import Unit
from tests import netns

VECTORS = Path(__file__).parents[3] / "vectors" / "sip"
ROOT = Path(__file__).parents[4]

pytestmark = [pytest.mark.root, pytest.mark.peer("ip"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def cable() -> Iterator[None]:
    with netns.namespace():
        netns.veth("far", "mirror")
        yield


def config(**keys: object) -> Config:
    return Config.model_validate({"interface": "mirror", "filter": "all"} | keys)


async def heard(tap: AfPacketTap, count: int) -> list[Unit]:
    """Read until so many units were heard; fails if they do not come."""
    units: list[Unit] = []
    async with asyncio.timeout(20):
        while len(units) < count:
            units += await tap.read()
    return units


def send(*frames: bytes, interface: str = "far") -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.bind((interface, 0))
        for frame in frames:
            packets.send(frame)


def send_in_vain(octets: bytes) -> None:
    with pytest.raises(OSError, match="No buffer space"):
        send(octets)


def replay(path: Path) -> None:
    command = ["tcpreplay", "--quiet", "--topspeed", "--intf1=far", str(path)]
    subprocess.run(command, check=True, capture_output=True)


def frame(octets: bytes = b"x", number: int = 0) -> bytes:
    """Return a frame that is addressed to somebody else."""
    return (
        b"\x02" + bytes(5) + b"\x02" + bytes(5) + b"\x88\xb5" + number.to_bytes(4, "big") + octets
    )


@pytest.mark.peer("tcpreplay")
@pytest.mark.parametrize(
    "name", ["plain_calls", "vlan", "qinq", "fragmented", "tcp", "mixed_traffic"]
)
async def test_all_that_is_replayed_is_heard_as_it_is_in_the_capture(name: str) -> None:
    path = VECTORS / f"{name}.pcap"
    sent = [bytes(packet) for packet in rdpcap(str(path))]
    tap = await open_tap("north", config())
    replay(path)
    units = await heard(tap, len(sent))
    assert [unit.data for unit in units] == sent
    assert [unit.number for unit in units] == [*range(1, len(sent) + 1)]
    assert tap.lost().total == 0
    await tap.close()


async def test_tags_stand_where_they_were_on_the_wire() -> None:
    netns.ip("link set far mtu 9000")
    ether, body = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02"), Raw(bytes(60))
    sent = [
        bytes(ether / Dot1Q(vlan=100, prio=5, type=0x88B5) / body),
        bytes(ether / Dot1AD(vlan=7) / Dot1Q(vlan=8, type=0x88B5) / body),
        bytes(ether / Dot1Q(vlan=0, prio=7, type=0x88B5) / body),
    ]
    tap = await open_tap("north", config())
    send(*sent)
    assert [unit.data for unit in await heard(tap, 3)] == sent
    await tap.close()


async def test_a_datagram_of_the_longest_kind_is_not_cut() -> None:
    netns.ip("link set far mtu 65535")
    netns.ip("link set mirror mtu 65535")
    tap = await open_tap("north", config())
    send(frame(bytes(65_500)))
    (unit,) = await heard(tap, 1)
    assert (len(unit.data), unit.cut) == (65_518, 0)
    await tap.close()


async def test_time_is_that_of_the_kernel_in_nanoseconds() -> None:
    tap = await open_tap("north", config())
    before = time.time_ns()  # noqa: TID251 - the oracle of the kernel's stamp
    send(*(frame(number=n) for n in range(50)))
    after = time.time_ns()  # noqa: TID251
    stamps = [unit.at for unit in await heard(tap, 50)]
    assert before <= stamps[0] <= stamps[-1] <= after
    assert stamps == sorted(stamps)
    assert any(stamp % 1000 for stamp in stamps)
    await tap.close()


async def test_a_full_ring_is_counted_to_the_unit() -> None:
    tap = await open_tap("north", config(blocks=2, retire_ms=1000))
    send(*(frame(bytes(1400), number) for number in range(5000)))
    units = [*await tap.read(), *await tap.read()]
    lost = dict(tap.lost().by_cause)
    assert lost["ring full"] > 0
    assert tap.freezes > 0
    await tap.close()
    await tap.close()
    assert len(units) + tap.lost().total == 5000
    assert await tap.read() == ()


async def test_what_was_in_the_ring_when_it_was_closed_is_counted() -> None:
    tap = await open_tap("north", config(retire_ms=1000))
    send(*(frame(number=n) for n in range(7)))
    await tap.close()
    assert tap.lost().by_cause == (("unread", 7),)


@pytest.mark.parametrize(("ignore", "count"), [(True, 1), (False, 2)])
async def test_what_this_machine_sends_is_left_out(ignore: bool, count: int) -> None:
    tap = await open_tap("north", config(ignore_outgoing=ignore))
    send(frame(b"ours"), interface="mirror")
    send(frame(b"theirs"))
    units = await heard(tap, count)
    assert len(units) == count
    assert units[-1].data.endswith(b"theirs")
    await tap.close()


async def test_promiscuous_mode_lasts_as_long_as_the_tap() -> None:
    tap = await open_tap("north", config())
    assert (await netlink.link("mirror")).promiscuous
    await tap.close()
    assert not (await netlink.link("mirror")).promiscuous
    tap = await open_tap("north", config(promiscuous=False))
    assert not (await netlink.link("mirror")).promiscuous
    await tap.close()


@pytest.mark.parametrize("end", ["link set mirror down", "link del far"])
async def test_a_link_that_goes_is_lost_only_after_all_it_brought(end: str) -> None:
    tap = await open_tap("north", config(retire_ms=200))
    send(*(frame(number=n) for n in range(9)))
    netns.ip(end)
    assert len(await heard(tap, 9)) == 9
    with pytest.raises(DriverLost, match="mirror: "):
        await tap.read()
    await tap.close()


async def test_a_link_that_lost_its_cable_is_noticed_without_any_packet() -> None:
    tap = await open_tap("north", config())
    netns.ip("link set far down")
    with pytest.raises(DriverLost, match="mirror: no carrier"):
        await tap.read()
    await tap.close()


async def test_losses_at_the_interface_itself_are_counted_from_opening_on() -> None:
    netns.ip("link set far mtu 9000")
    too_long = frame(bytes(5000))  # for an interface whose MTU is 1500
    send_in_vain(too_long)
    tap = await open_tap("north", config())
    send_in_vain(too_long)
    send_in_vain(too_long)
    send(frame(b"short"))
    (unit,) = await heard(tap, 1)
    assert unit.data.endswith(b"short")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.2 * LOOK_S):
            await tap.read()
    assert tap.lost().by_cause == (("interface dropped", 2),)
    await tap.close()


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("link del mirror", "no such interface"),
        ("link set mirror down", "down"),
        ("link set far down", "no carrier"),
    ],
)
async def test_a_link_that_is_not_up_cannot_be_opened(before: str, why: str) -> None:
    netns.ip(before)
    with pytest.raises(DriverLost, match=f"mirror: {why}"):
        await open_tap("north", config())


@pytest.fixture
def tunnel() -> Iterator[None]:
    """An interface that carries bare IP."""
    with Path("/dev/net/tun").open("r+b", buffering=0) as device:
        fcntl.ioctl(device, 0x4004_54CA, struct.pack("16sH22x", b"tunnel", 0x1001))  # TUNSETIFF
        netns.ip("link set tunnel up")
        yield


@pytest.mark.usefixtures("tunnel")
async def test_what_is_no_ethernet_is_refused() -> None:
    with pytest.raises(ConfigError, match="tunnel: carries no Ethernet"):
        await open_tap("north", config(interface="tunnel"))


PLAIN_USER = """
import asyncio, os
from drivers.taps.afpacket.driver import Config, open_tap
async def main():
    tap = await open_tap("north", Config(interface="mirror", filter="all"))
    print(os.geteuid(), flush=True)
    print(len(await tap.read()), tap.lost().total)
    await tap.close()
asyncio.run(main())
"""


def as_plain_user(right: str) -> list[str]:
    """Return what a Python command begins with to run as nobody, with one right or `none`."""
    rights = "-all" if right == "none" else f"-all,+{right}"
    kept = [f"--{kind}={rights}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    return ["setpriv", *nobody, *kept, sys.executable, "-c"]


@pytest.fixture
def plain_user() -> None:
    """Python and the house are where others may read them; in a home of root they are not."""
    command = [*as_plain_user("none"), "import drivers, msgspec"]
    if subprocess.run(command, cwd="/", env={"PYTHONPATH": str(ROOT)}, check=False).returncode:
        pytest.skip("needs a Python, and a checkout, that a plain user may read")


@pytest.mark.peer("setpriv")
@pytest.mark.usefixtures("plain_user")
@pytest.mark.parametrize("right", ["net_raw", "none"])
async def test_a_plain_user_needs_one_right_and_no_other(right: str) -> None:
    user = await asyncio.create_subprocess_exec(
        *as_plain_user(right),
        PLAIN_USER,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    ready = await user.stdout.readline()
    if ready:
        send(frame())
    out, err = await user.communicate()
    if right == "none":
        assert b"ConfigError: mirror: capture needs CAP_NET_RAW" in err
    else:
        assert (ready, out) == (b"65534\n", b"1 0\n"), err
