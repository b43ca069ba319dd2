# SPDX-License-Identifier: Apache-2.0
"""Minutes of trunk traffic into a real `qalqan core`: memory stays flat, no frame is unaccounted.

`make soak`, as root. Recorded captures (UDP, fragments, TCP) are told over and over through a cable
in a network of its own, each time with new Call-IDs, so that calls come and go.
"""

import asyncio
import json
import re
import socket
import struct
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console

from drivers.host import netlink
from edge.clock import monotonic_s
from tests import netns

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors" / "sip"
CAPTURES = ("mixed_traffic", "fragmented", "tcp", "tcp_large")
NAMES = re.compile(rb"\b(?:" + "|".join(CAPTURES).encode() + rb")-")
"What the Call-IDs in them begin with."

TABLES = """
[tap.mirror]
driver = "afpacket"
interface = "mirror"
"""

RATE = 5_000
"Frames a second; nearly every frame of the captures is a message."
BURST_S = 0.01
MOST_AT_ONCE = 500
"Frames that a cable of the kernel's holds, at least; more at once, after a stall, are lost in it."
SLACK, SLACK_MB = 0.03, 2.0
BARS = "▁▂▃▄▅▆▇█"


class Sample(NamedTuple):
    """How the process was at one moment."""

    at_s: float
    sent: int
    memory_mb: float
    "Resident, the ring that it shares with the kernel included."
    descriptors: int


class Soak(NamedTuple):
    """What a run showed."""

    samples: list[Sample]
    sent: int
    summary: dict[str, Any]
    "What the process logged at its end."

    @property
    def unaccounted(self) -> int:
        """Frames that were sent, and neither heard nor counted as lost."""
        tap: dict[str, int] = self.summary["balance"]["tap"]
        return self.sent - tap["heard"] - tap["lost"]

    def thirds(self) -> tuple[float, float]:
        """Return the median of the memory in the second third of the run, and in the last."""
        third = len(self.samples) // 3
        memory = [one.memory_mb for one in self.samples]
        return median(memory[third : -third or None]), median(memory[-third:])

    @property
    def flat(self) -> bool:
        """Whether the last third needs no more memory than the second, nor more descriptors."""
        before, after = self.thirds()
        opened = self.samples[-1].descriptors - self.samples[len(self.samples) // 3].descriptors
        return after <= before * (1 + SLACK) + SLACK_MB and opened <= 0


class Sender:
    """Tells the captures into a cable."""

    def __init__(self, cable: socket.socket) -> None:
        """Take a socket at an end of it."""
        self.sent = 0
        "Those included that the cable refused: they count as dropped at its far end."
        self._cable = cable
        self._frames = told()

    async def send(self, rate: int, seconds: float) -> None:
        """Send `rate` frames a second."""
        began, before = monotonic_s(), self.sent
        while (passed_s := monotonic_s() - began) < seconds:
            due = int(passed_s * rate) - (self.sent - before)
            for _ in range(min(due, MOST_AT_ONCE)):
                with suppress(BlockingIOError):
                    self._cable.send(next(self._frames), socket.MSG_DONTWAIT)
                self.sent += 1
            await asyncio.sleep(BURST_S)


@contextmanager
def sender(interface: str) -> Iterator[Sender]:
    """Send into the cable whose end has that name."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as cable:
        cable.bind((interface, 0))
        yield Sender(cable)


def told() -> Iterator[bytes]:
    """Yield the frames of all captures without end, each round with Call-IDs of its own."""
    frames = [frame for name in CAPTURES for frame in frames_of(VECTORS / f"{name}.pcap")]
    for number in count(1):
        yield from (NAMES.sub(partial(_numbered, number), frame) for frame in frames)


def _numbered(number: int, name: re.Match[bytes]) -> bytes:
    """Return what stands in place of a name, as long as it: no length in a frame changes.

    The shortest comes again after 1000 rounds: by then its call is over and forgotten.
    """
    digits = len(name[0]) - 1
    return b"%0*d-" % (digits, number % 10**digits)


def frames_of(path: Path) -> Iterator[bytes]:
    """Yield the frames of a pcap file in little-endian order."""
    octets, at = path.read_bytes(), 24
    while at < len(octets):
        (size,) = struct.unpack_from("<I", octets, at + 8)
        yield octets[at + 16 : at + 16 + size]
        at += 16 + size


@asynccontextmanager
async def core(folder: Path, more: str = "") -> AsyncIterator[tuple[Process, Path]]:
    """Run the process `core` with the trunks of the captures; yields it and its log.

    `more` is said of the tap.
    """
    config, log = folder / "edge.toml", folder / "log"
    tables = (VECTORS / "edge.toml").read_text("utf-8")
    state = f'[node]\nstate_dir = "{folder / "state"}"'
    config.write_text(tables.replace("[node]", state) + TABLES + more, "utf-8")
    command = (sys.executable, "-m", "edge", "core", "--config", str(config))
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(*command, stderr=errors, cwd=ROOT)
    try:
        async with asyncio.timeout(30):
            while not ((link := await netlink.link("mirror")) and link.promiscuous):
                pass
        yield process, log
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def soak(seconds: float, rate: int, every_s: float, show: Callable[[Sample], None]) -> Soak:
    """Send into a cable whose far end `core` hears, and look at it every now and then."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as folder, netns.namespace():
        netns.veth("near", "mirror")
        async with core(Path(folder)) as (process, log), asyncio.TaskGroup() as group:
            with sender("near") as near:
                began, sending = monotonic_s(), group.create_task(near.send(rate, seconds))
                while not sending.done():
                    samples.append(sample(process.pid, monotonic_s() - began, near.sent))
                    show(samples[-1])
                    await asyncio.wait([sending], timeout=every_s)
            process.terminate()
            await process.wait()
            *_, summary = lines_of(log)
    return Soak(samples, near.sent, summary)


def lines_of(log: Path) -> list[dict[str, Any]]:
    """Return what `core` logged; the summary comes last, when it has ended."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def sample(pid: int, at_s: float, sent: int) -> Sample:
    """Look at a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    (resident_kb,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(at_s, sent, int(resident_kb) / 1024, descriptors)


def sparkline(values: Sequence[float]) -> str:
    """Draw values between the least and the greatest of them."""
    least, most = min(values), max(values)
    scale = (len(BARS) - 1) / ((most - least) or 1)
    return "".join(BARS[round((value - least) * scale)] for value in values)


def main(minutes: float, rate: int) -> int:
    """Run, show, and return 0 if memory is flat and every frame accounted for."""
    say = Console(highlight=False).print
    say(f"{rate} frames/s for {minutes:g} minutes into a real `qalqan core`")
    say(f"{'s':>6} {'sent':>10} {'MB':>8} {'fds':>4}")

    def show(one: Sample) -> None:
        say(f"{one.at_s:6.0f} {one.sent:10} {one.memory_mb:8.1f} {one.descriptors:4}")

    done = asyncio.run(soak(minutes * 60, rate, 5.0, show))
    before, after = done.thirds()
    balance = done.summary["balance"]
    say(sparkline([one.memory_mb for one in done.samples]))
    say(f"memory: {before:.1f} MB in the second third, {after:.1f} MB in the last")
    for stage, counts in balance.items():
        say(f"{stage:>8}: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
    say(f"   calls: {done.summary['calls']}, lost: {done.summary['lost']}")
    say(f"sent {done.sent}, unaccounted {done.unaccounted}")
    say("flat" if done.flat else "NOT FLAT")
    return 0 if done.flat and not done.unaccounted else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
