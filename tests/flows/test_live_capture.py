# SPDX-License-Identifier: Apache-2.0
"""Calls between real programs over real interfaces, heard on a mirror port or sent by Kamailio.

SIPp makes and counts the calls, tshark hears them too: they are the oracles.
"""

import asyncio
import os
import signal
import socket
import subprocess
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from drivers.host import netlink
from edge.decode.chain import Chain
from edge.decode.transport import Datagram
from edge.model.unit import Unit
from tests import netns
from tests.flows.live import Live, appliance

HERE = Path(__file__).parent

pytestmark = [pytest.mark.root, pytest.mark.peer("ip", "sipp"), pytest.mark.asyncio]

MIRROR = """
[tap.mirror]
driver = "afpacket"
interface = "mirror"
"""


HEP = """
[tap.kamailio]
driver = "hep"
"""


@contextmanager
def trunk() -> Iterator[tuple[netns.Host, netns.Host]]:
    """Two exchanges at a hub with a mirror port: the one who calls, the one who is called."""
    with netns.namespace():
        netns.hub("hub")
        plug_mirror()
        with (
            netns.host("west", "192.0.2.1/24", "hub") as caller,
            netns.host("east", "192.0.2.2/24", "hub") as called,
        ):
            yield caller, called


def plug_mirror() -> None:
    netns.veth("mirror-hub", "mirror")
    netns.ip("link set mirror-hub master hub")


async def listens(machine: netns.Host, port: int) -> None:
    """Wait until somebody on a machine receives at a port."""
    async with asyncio.timeout(20):
        while port not in await asyncio.to_thread(machine.ports):
            pass


async def promiscuous() -> None:
    """Wait until the tap hears."""
    async with asyncio.timeout(20):
        while not ((link := await netlink.link("mirror")) and link.promiscuous):
            pass


@asynccontextmanager
async def running(*command: str, **how: Any) -> AsyncIterator[Process]:
    """Run a program; kill it and its children when the block is left."""
    process = await asyncio.create_subprocess_exec(*command, **how, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def calls(count: int, rate: int, to: str, *how: str) -> tuple[str, ...]:
    """Return the command that makes calls; it ends well if all of them did."""
    often = ("-m", str(count), "-r", str(rate), "-nostdin", "-timeout", "60", "-timeout_error")
    return ("sipp", "-sn", "uac", "-s", "77172000001", *often, *how, to)


def ended(unit: Unit) -> bytes:
    """Return the Call-ID of the answer to a BYE, which comes after the release; else nothing."""
    if b"SIP/2.0 200 OK" not in unit.data or b" BYE\r\n" not in unit.data:
        return b""
    return unit.data.partition(b"Call-ID: ")[2].partition(b"\r\n")[0]


@asynccontextmanager
async def traffic(folder: Path, count: int) -> AsyncIterator[tuple[Live, Process]]:
    """Make calls over a trunk while its mirror port is heard."""
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with trunk() as (caller, called):
        answer = ("sipp", "-sn", "uas", "-i", "192.0.2.2", "-nostdin")
        async with running(*called.inside, *answer, **quiet), appliance(MIRROR) as live:
            await promiscuous()
            await listens(called, 5060)
            make = calls(count, 100, "192.0.2.2", "-i", "192.0.2.1")
            async with running(*caller.inside, *make, **quiet) as sipp:
                yield live, sipp


async def test_every_call_over_a_trunk_is_heard_from_its_mirror_port(tmp_path: Path) -> None:
    async with traffic(tmp_path, 200) as (live, sipp):
        assert await sipp.wait() == 0
        await live.until(lambda: len({ended(unit) for unit in live.units} - {b""}) == 200)
    assert live.found["CallReleased"] == 200
    assert live.found["CallOffered"] == live.found["Decided"] == live.found["CallAnswered"] == 200
    (ear,) = live.ears
    assert (ear.heard, ear.lost) == (len(live.units), {})


async def test_a_mirror_port_that_goes_under_traffic_is_heard_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with traffic(tmp_path, 400) as (live, sipp):
        await live.until(lambda: live.found["CallOffered"] >= 50)
        netns.ip("link del mirror")
        plug_mirror()
        await promiscuous()
        before = live.found["CallOffered"]
        await live.until(lambda: live.found["CallOffered"] >= before + 50)
        assert await sipp.wait() == 0


@pytest.mark.peer("kamailio", "tcpdump", "tshark")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_kamailio_sends_all_that_it_hears_and_says(tmp_path: Path, transport: str) -> None:
    config = ("-f", str(HERE / "kamailio_siptrace.cfg"), "-Y", str(tmp_path), "-w", str(tmp_path))
    wire = tmp_path / "wire.pcap"
    one = f"{transport[0]}1"  # one socket for all calls
    quiet = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    answer = ("sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "5080", "-t", one, "-nostdin")
    make = calls(20, 50, "127.0.0.1:5060", "-i", "127.0.0.1", "-p", "5070", "-t", one)
    # 64 MiB, as each frame takes as much of it at once as a packet of lo may be long.
    at_once = ("-U", "--immediate-mode", "-B", "65536")
    heard = ("tcpdump", *at_once, "-i", "lo", "-w", str(wire), "not port 9060")
    with netns.namespace():
        machine = netns.Host(os.getpid())
        async with (
            running("kamailio", "-DD", *config, **quiet),
            running(*answer, **quiet),
            running(*heard, stderr=subprocess.PIPE) as tcpdump,
            appliance(HEP) as live,
        ):
            await tcpdump.stderr.readuntil(b"listening on lo")
            for port in (5060, 5080):
                await listens(machine, port)
            async with running(*make, **quiet) as sipp:
                assert await sipp.wait() == 0
            await live.until(lambda: live.found["CallReleased"] == 20)
            await written(wire)
    assert lines_heard(live.units) == lines_on_the_wire(wire, transport)
    assert live.found["CallOffered"] == 20  # heard on either side of the proxy, and one call each


async def written(capture: Path) -> None:
    """Wait until all that was sent so far stands in a capture: what is sent now, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"the end", ("127.0.0.1", 9))
    async with asyncio.timeout(20):
        while b"the end" not in await asyncio.to_thread(capture.read_bytes):
            pass


Lines = Counter[tuple[str, bytes]]
"""Lines of messages and the ends of each. A segment may hold several messages, in any order; and of
a TCP connection that it opened, Kamailio tells the port it listens at, not the one it opened."""


def lines_heard(units: list[Unit]) -> Lines:
    """Return what came as HEP."""
    chain = Chain()
    found: Lines = Counter()
    for one in (one for unit in units for one in chain.feed(unit)):
        assert isinstance(one, Datagram)
        assert one.path == (("hep", 42),)
        ends = one.flow.text() if one.flow.transport == "udp" else ""
        found.update((ends, line) for line in one.data.split(b"\r\n") if line)
    return found


def lines_on_the_wire(capture: Path, transport: str) -> Lines:
    """Return the same as tshark sees it."""
    names = ("ip.src", "srcport", "ip.dst", "dstport", "payload")
    fields = [name if "." in name else f"{transport}.{name}" for name in names]
    chosen = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-r", str(capture), "-Y", "sip", "-T", "fields", *chosen]
    shown = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True)
    found: Lines = Counter()
    for a, b, c, d, data in (row.split("\t") for row in shown.splitlines()):
        ends = f"{a}:{b} > {c}:{d} udp" if transport == "udp" else ""
        found.update((ends, line) for line in bytes.fromhex(data).split(b"\r\n") if line)
    return found
