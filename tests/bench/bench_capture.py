# SPDX-License-Identifier: Apache-2.0
"""Live capture on a cable, through to the verdict, beside tcpdump on the same traffic.

Calls of seven messages, each with names of its own, sent by `raw_sender.c`: at a steady rate, then
as fast as it goes. Sender and receiver share the cores of this machine.
"""

import asyncio
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import NamedTuple

from drivers.taps.afpacket.driver import Config, open_tap
from edge import config as config_file
from edge.intake.ear import ears_of, hear_all
from edge.judging import build_pipeline
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding
from edge.process.service import Notifier
from tests import netns

HERE = Path(__file__).parent
RATE = 100_000
SECONDS = 10
FLOOD = 2_000_000
"Messages sent as fast as it goes."
QUIET_S = 1.5
"After so long without anything heard, nothing more comes."

TABLES = """
[node]
name = "bench"

[trunk.west]
class = "international"

[tap.mirror]
driver = "afpacket"
interface = "mirror"
"""

Row = dict[str, object]

INVITE = """INVITE sip:77172000001@192.0.2.2 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK@@@@@@@@
Max-Forwards: 70
From: "+442079460001" <sip:+442079460001@192.0.2.1>;tag=a@@@@@@@@
To: <sip:77172000001@192.0.2.2>
Call-ID: @@@@@@@@@192.0.2.1
CSeq: 1 INVITE
Contact: <sip:gw@192.0.2.1:5060>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS
User-Agent: Gateway
Content-Type: application/sdp
Content-Length: 125

v=0
o=gw 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 20000 RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=ptime:20
"""
OTHER = """{first}
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch}@@@@@@@@
From: "+442079460001" <sip:+442079460001@192.0.2.1>;tag=a@@@@@@@@
To: <sip:77172000001@192.0.2.2>;tag=b@@@@@@@@
Call-ID: @@@@@@@@@192.0.2.1
CSeq: {cseq}
Contact: <sip:gw@192.0.2.2:5060>
Content-Length: 0

"""
FLOW = (
    ("SIP/2.0 100 Trying", "", "1 INVITE", False),
    ("SIP/2.0 180 Ringing", "", "1 INVITE", False),
    ("SIP/2.0 200 OK", "", "1 INVITE", False),
    ("ACK sip:gw@192.0.2.2:5060 SIP/2.0", "1", "1 ACK", True),
    ("BYE sip:gw@192.0.2.2:5060 SIP/2.0", "2", "2 BYE", True),
    ("SIP/2.0 200 OK", "2", "2 BYE", False),
)


def rows() -> list[Row]:
    """Return the rows of DESIGN section 12 that speak of live capture; none without root."""
    if os.geteuid() != 0 or not shutil.which("gcc"):
        return []
    with tempfile.TemporaryDirectory() as folder, netns.namespace():
        netns.veth("far", "mirror")
        sender = Sender(Path(folder))
        return [*_steady(sender), *_flood(sender), *_alone(sender)]


class Sender:
    """The program that sends, and the calls it is given."""

    def __init__(self, folder: Path) -> None:
        """Compile it into a folder."""
        self._program, self._frames = folder / "raw_sender", folder / "frames"
        source = HERE / "raw_sender.c"
        subprocess.run(["gcc", "-O2", "-o", self._program, source], check=True)
        self._frames.write_bytes(b"".join(_frames()))

    def command(self, rate: int, count: int) -> list[str]:
        """Return what sends `count` messages, `rate` a second."""
        return [str(self._program), "far", str(self._frames), str(rate), str(count)]


def _frames() -> list[bytes]:
    west, east = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
    frames = [_frame(INVITE, west, east)]
    for first, branch, cseq, onward in FLOW:
        text = OTHER.format(first=first, branch=branch, cseq=cseq)
        frames.append(_frame(text, west, east) if onward else _frame(text, east, west))
    return frames


def _frame(text: str, source: bytes, destination: bytes) -> bytes:
    """Return a message in a frame, after the length of that; UDP without a checksum."""
    data = text.replace("\n", "\r\n").encode()
    udp = struct.pack(">HHHH", 5060, 5060, 8 + len(data), 0) + data
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + source + destination
    frame = bytes.fromhex("020000000001 020000000002 0800") + ip + udp
    return struct.pack(">H", len(frame)) + frame


class Heard(NamedTuple):
    """What became of what was sent."""

    sent: int
    "Frames that the cable took or refused: a refused one counts as dropped at its far end."
    sent_s: float
    heard: int
    lost: int
    "As the tap counted."
    verdicts: int
    processor_s: float

    @property
    def unaccounted(self) -> int:
        """Messages that were sent, not heard, and not counted as lost."""
        return self.sent - self.heard - self.lost


async def _through(command: list[str]) -> Heard:
    """Run a sender against an appliance, from the tap to the verdict."""
    config = config_file.parse(TABLES, Path("edge.toml"))
    pipeline = build_pipeline(config, lambda _alarm: None)
    verdicts = 0

    def take(_unit: Unit, found: list[Finding]) -> None:
        nonlocal verdicts
        verdicts += sum(isinstance(one, Decided) for one in found)

    (ear,) = ears = ears_of(config.tap, pipeline, take)
    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(hear_all(ears, Notifier()))
        while not ear.is_open:  # noqa: ASYNC110 - what is sent before is never counted
            await asyncio.sleep(0.01)
        before = process_time()
        sent, sent_s = await _sent(command, lambda: ear.heard)
        processor_s = process_time() - before
        hearing.cancel()
    return Heard(sent, sent_s, ear.heard, sum(ear.lost.values()), verdicts, processor_s)


async def _tap_alone(command: list[str]) -> Heard:
    """Run a sender against a tap whose units go nowhere."""
    tap = await open_tap("mirror", Config(interface="mirror"))
    heard = 0

    async def hear() -> None:
        nonlocal heard
        while units := await tap.read():
            heard += len(units)

    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(hear())
        before = process_time()
        sent, sent_s = await _sent(command, lambda: heard)
        processor_s = process_time() - before
        hearing.cancel()
    lost = tap.lost().total
    await tap.close()
    return Heard(sent, sent_s, heard, lost, 0, processor_s)


async def _sent(command: list[str], heard: Callable[[], int]) -> tuple[int, float]:
    """Send, and wait until nothing more is heard; return how many frames in how many seconds."""
    sender = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    out, _ = await sender.communicate()
    before = -1
    while before != heard():
        before = heard()
        await asyncio.sleep(QUIET_S)
    taken, refused, seconds = out.split()
    return int(taken) + int(refused), float(seconds)


def _tcpdump(command: list[str]) -> int:
    """Run a sender against tcpdump, with as large a buffer; return what was dropped for it."""
    listen = ["tcpdump", "-i", "mirror", "-s", "0", "-B", "65536", "-w", "/dev/null"]
    with subprocess.Popen(listen, stderr=subprocess.PIPE, text=True) as peer:
        assert peer.stderr is not None
        while "listening on" not in peer.stderr.readline():
            pass
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            peer.wait(QUIET_S)
        peer.terminate()
        dropped = re.search(r"(\d+) packets dropped by kernel", peer.stderr.read())
    assert dropped
    return int(dropped[1])


def _steady(sender: Sender) -> list[Row]:
    command = sender.command(RATE, RATE * SECONDS)
    one, dropped = asyncio.run(_through(command)), _tcpdump(command)
    what = f"live capture, {RATE:,} messages/s for {SECONDS} s"
    lost = one.sent - one.heard
    return [
        _row(f"{what}, lost", lost, "messages", "0", lost == 0, tcpdump=dropped),
        _row(f"{what}, unaccounted", one.unaccounted, "messages", "0", one.unaccounted == 0),
    ]


def _flood(sender: Sender) -> list[Row]:
    command = sender.command(0, FLOOD)
    one, dropped = asyncio.run(_through(command)), _tcpdump(command)
    what = f"live capture, {one.sent / one.sent_s:,.0f} messages/s offered"
    through = round(one.heard / one.processor_s)
    return [
        _row(f"{what}, through one core", through, "messages/s", f">= {RATE}", through >= RATE),
        _row(f"{what}, unaccounted", one.unaccounted, "messages", "0", one.unaccounted == 0),
        _row(f"{what}, lost and counted", one.lost, "messages", "", None, tcpdump=dropped),
    ]


def _alone(sender: Sender) -> list[Row]:
    one = asyncio.run(_tap_alone(sender.command(0, FLOOD)))
    what = f"tap alone, {one.sent / one.sent_s:,.0f} messages/s offered"
    each_us = round(1e6 * one.processor_s / one.heard, 2)
    return [
        _row(f"{what}, lost", one.lost, "messages", "0", one.lost == 0),
        _row(f"{what}, unaccounted", one.unaccounted, "messages", "0", one.unaccounted == 0),
        _row(f"{what}, a message", each_us, "µs of a core", "<= 1.5", each_us <= 1.5),
    ]


def _row(
    name: str, value: float, unit: str, target: str, ok: bool | None, *, tcpdump: int | None = None
) -> Row:
    peer = "" if tcpdump is None else "tcpdump"
    return {
        "name": name, "value": value, "unit": unit, "target": target,
        "peer": peer, "peer_value": tcpdump, "ratio": None, "ok": ok,
    }  # fmt: skip
