# SPDX-License-Identifier: Apache-2.0
"""The redirect gate under SIPp, beside Kamailio with the same numbers in an htable.

The gate is a process of its own with the lists and rules of the house behind it, Kamailio one with
two workers; SIPp asks either, at rates that rise until it has to ask again. All three share the
cores of this machine.
"""

import csv
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

from hil.loopback import free_port

ROOT = Path(__file__).parents[2]
SCENARIO, PEER = ROOT / "tests/bench/gate_load.xml", ROOT / "tests/bench/gate_peer.cfg"
TARGET = 5_000
RATES = (2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000, 12_000,
         14_000, 16_000, 20_000)  # fmt: skip
SECONDS = 4
PATIENCE_S = 20.0

Row = dict[str, object]


class Step(NamedTuple):
    """What SIPp saw at one rate."""

    rate: int
    "Calls a second, asked for."
    reached: float
    "Calls a second that it made."
    retransmitted: int
    failed: int
    undecided: int
    "Listed calls that were not stopped: what is told to go on unasked does not count as served."
    p50_ms: float
    p99_ms: float

    def faults(self) -> int:
        """Return how often something was not as it should be."""
        return self.retransmitted + self.failed + self.undecided

    @property
    def is_clean(self) -> bool:
        """Whether every call was decided, and answered the first time it was asked for."""
        return not self.faults() and self.reached > 0.95 * self.rate


def rows() -> list[Row]:
    """Return the rows of the gate; none without SIPp."""
    if not shutil.which("sipp"):
        return []
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_numbers(folder)
        ours = climb(gate, folder)
        theirs = climb(kamailio, folder) if shutil.which("kamailio") else []
    at_target = next(step for step in ours if step.rate == TARGET)
    peer = clean(theirs)
    ratio = round(clean(ours) / peer, 2) if peer else None
    what = f"SIP redirect gate, {TARGET:,} calls/s"
    return [
        _row("SIP redirect gate, before SIPp retransmits", clean(ours), "calls/s",
             f">= {TARGET:,} and 0.8 x", (peer, ratio),
             ok=clean(ours) >= TARGET and (ratio is None or ratio >= 0.8)),
        _row(f"{what}, half of them", at_target.p50_ms, "ms", "", (_p50(theirs), None), ok=None),
        _row(f"{what}, 99 of 100", at_target.p99_ms, "ms", "< 5", (_p99(theirs), None),
             ok=at_target.p99_ms < 5),
        _row(f"{what}, failed", at_target.failed, "calls", "0", (None, None),
             ok=at_target.failed == 0),
    ]  # fmt: skip


def write_numbers(folder: Path) -> None:
    """Write whom SIPp calls for: every second one is listed."""
    lines = [f"+{447700900000 + n};77172{n:06}" for n in range(1000)]
    (folder / "numbers.csv").write_text("\n".join(("SEQUENTIAL", *lines, "")), encoding="ascii")


Place = Callable[[Path], AbstractContextManager[int]]


def climb(place: Place, folder: Path) -> list[Step]:
    """Ask at rising rates, until one is too high."""
    steps = []
    with place(folder) as port:
        load(port, 1_000, folder, seconds=1)
        for rate in RATES:
            step = load(port, rate, folder)
            if not step.is_clean:  # another program may have been in the way: once more
                step = min(step, load(port, rate, folder), key=Step.faults)
            print(place.__name__, step)
            steps.append(step)
            if not step.is_clean and rate >= TARGET:
                break
    return steps


def clean(steps: list[Step]) -> int:
    """Return the highest rate that was met without asking again."""
    return max((step.rate for step in steps if step.is_clean), default=0)


def _p50(steps: list[Step]) -> float | None:
    return next((step.p50_ms for step in steps if step.rate == TARGET), None)


def _p99(steps: list[Step]) -> float | None:
    return next((step.p99_ms for step in steps if step.rate == TARGET), None)


@contextmanager
def gate(folder: Path) -> Iterator[int]:
    """Run our gate; yields its port."""
    command = [sys.executable, "-m", "tests.bench.gate_house", str(folder), "udp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
            process.terminate()
            print("gate", process.stdout.read().strip())
        finally:
            process.terminate()


@contextmanager
def kamailio(folder: Path) -> Iterator[int]:
    """Run Kamailio; yields its port."""
    port = free_port()
    command = ["kamailio", "-DD", "-E", "-f", str(PEER), "-l", f"udp:127.0.0.1:{port}",
               "-Y", str(folder), "-w", str(folder), "-m", "64", "-M", "8"]  # fmt: skip
    with (
        (folder / "kamailio.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    """Ask until an answer comes."""
    text = ("OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{};branch=z9hG4bK1\r\n"
            "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: 1\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")  # fmt: skip
    ends = monotonic() + PATIENCE_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.2)
        while monotonic() < ends:
            probe.sendto(text.format(probe.getsockname()[1]).encode(), ("127.0.0.1", port))
            try:
                probe.recv(4096)
            except OSError:
                continue
            return
    raise TimeoutError(f"nobody answers at port {port}")


def load(port: int, rate: int, folder: Path, *, seconds: int = SECONDS) -> Step:
    """Ask `rate` times a second."""
    for old in (*folder.glob("stat*"), *folder.glob("*_rtt.csv")):
        old.unlink()
    command = [
        "sipp", f"127.0.0.1:{port}", "-sf", str(SCENARIO), "-inf", str(folder / "numbers.csv"),
        "-i", "127.0.0.1", "-p", str(free_port()), "-r", str(rate), "-m", str(rate * seconds),
        "-l", "100000", "-buff_size", "4194304", "-nostdin", "-nd", "-timer_resol", "1",
        "-trace_stat", "-stf", str(folder / "stat.csv"), "-trace_rtt", "-rtt_freq", "1000",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60 + seconds)
    with (folder / "stat.csv").open(encoding="latin-1") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    (times,) = folder.glob("*_rtt.csv")
    found = [float(line.split(";")[1]) for line in times.read_text().splitlines()[1:]]
    cuts = quantiles(found, n=100)
    stopped, calls = int(last["stopped(C)"]), rate * seconds
    return Step(rate, float(last["CallRate(C)"]), int(last["Retransmissions(C)"]),
                int(last["FailedCall(C)"]), calls // 2 - stopped, cuts[49], cuts[98])  # fmt: skip


def _row(
    name: str, value: float, unit: str, target: str, peer: tuple[float | None, float | None],
    *, ok: bool | None,
) -> Row:  # fmt: skip
    return {
        "name": name, "value": value, "unit": unit, "target": target, "peer": "kamailio, htable",
        "peer_value": peer[0], "ratio": peer[1], "ok": ok,
    }  # fmt: skip
