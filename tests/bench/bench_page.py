# SPDX-License-Identifier: Apache-2.0
"""What fifty who watch the page cost the verdict, beside none of them in the same run.

A real `core` hears 1,000 calls a second from a cable and is asked by a switch besides, a real
`page` shows it; in half the rounds fifty are signed in, each told of every call and loading what
changes each 5 seconds. All of it, they included, shares the cores of this machine.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from edge import config as config_file
from edge.console.people import People, Person, Role
from edge.places import places_of
from tests import netns
from tests.bench.bench_capture import FLOW, Row, Sender
from tests.bench.page_viewers import NAME
from tests.console.site_house import PASSWORD

ROOT = Path(__file__).parents[2]
CALLS = 1_000
"A second."
SECONDS = 10
ROUNDS = 3
VIEWERS = 50
ASK_EVERY_S = 0.01
PATIENCE_S = 30.0
GATE = ("127.0.0.1", 5070)
CORE_NICE, PAGE_NICE = "0", "7"
"""Five to one, as CPUWeight= of their units has it (100 by default, and 20); Nice= of the former
counts within its own unit only."""
VIEWERS_NICE = "19"
"They would be on machines of their own."
MOST = 1.2
"""Times as long as without viewers. Where rounds without viewers differ by as much among
themselves, or it goes quicker by as much with viewers, the machine does something else besides:
then nothing can be told."""
TABLES = """
[node]
name = "bench"

[trunk.west]
class = "international"

[tap.mirror]
driver = "afpacket"
interface = "mirror"

[gate.asked]
driver = "sip_redirect"
port = 5070
peers = ["127.0.0.1"]

[page]
people = "127.0.0.1:0"
"""
INVITE = (
    "INVITE sip:77172000001@127.0.0.1:5070 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r\n"
    "From: <sip:+442079460001@127.0.0.1>;tag=a{number}\r\nTo: <sip:77172000001@127.0.0.1>\r\n"
    "Call-ID: asked-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:{port}>\r\n"
    "Content-Length: 0\r\n\r\n"
)


class Round(NamedTuple):
    """What one round showed."""

    verdict_us: dict[str, float]
    "`p50` and `p99`, as `core` takes them of the latest 65,536."
    asked_ms: list[float]
    "From the switch's question to its answer, rising."
    unanswered: int
    unaccounted: int
    page_share: float
    "Of a core, that the process `page` took."
    viewers: dict[str, Any]


def rows() -> list[Row]:
    """Return the rows of the page; none without root."""
    if os.geteuid() != 0 or not shutil.which("gcc"):
        return []
    alone: list[Round] = []
    watched: list[Round] = []
    with tempfile.TemporaryDirectory() as name, netns.namespace():
        netns.veth("far", "mirror")
        folder = Path(name)
        sender = Sender(folder)
        for number in range(ROUNDS):
            # In turn, so that whatever comes first is not always the same.
            for viewers in (0, VIEWERS) if number % 2 == 0 else (VIEWERS, 0):
                kept = watched if viewers else alone
                kept.append(_round(folder, sender, viewers))
    return [*_verdicts(alone, watched), *_others(watched)]


def _verdicts(alone: list[Round], watched: list[Round]) -> Iterator[Row]:
    what = f"beside {VIEWERS} viewers of the page, {CALLS:,} calls/s"
    kinds: tuple[tuple[str, str, Callable[[Round, int], float]], ...] = (
        ("verdict", "us", lambda one, part: one.verdict_us[f"p{part}"]),
        ("a switch's question", "ms", lambda one, part: _part(one.asked_ms, part)),
    )
    for kind, unit, value in kinds:
        for part in (50, 99):
            before, with_them = (
                [value(one, part) for one in rounds] for rounds in (alone, watched)
            )
            ratio, noise = median(with_them) / median(before), max(before) / min(before)
            name = f"{kind} {what}, p{part}"
            yield _row(name, median(with_them), unit, f"<= {MOST:g} x",
                       _verdict(ratio, noise),
                       without=median(before), ratio=ratio)  # fmt: skip
            yield _row(f"{name}: without, the slowest round to the quickest", noise, "x", "", None)


def _verdict(ratio: float, noise: float) -> bool | None:
    """Return whether it is as it should be; None where that cannot be told."""
    return ratio <= MOST if noise <= MOST and ratio >= 1 / MOST else None


def _others(watched: list[Round]) -> Iterator[Row]:
    what = f"beside {VIEWERS} viewers of the page"
    lost = sum(one.unaccounted + one.unanswered for one in watched)
    yield _row(f"messages and questions {what}, unaccounted", lost, "", "0", lost == 0)
    share = 100 * max(one.page_share for one in watched)
    yield _row(f"process page, {VIEWERS} viewers", share, "% of a core", "", None)
    refused = sum(one.viewers["refused"] for one in watched)
    yield _row(f"viewers of the page, of {VIEWERS}, refused", refused, "", "0", refused == 0)
    slowest = max(one.viewers["load_p99_ms"] for one in watched)
    yield _row(f"page loaded by one of {VIEWERS}, 99 of 100", slowest, "ms", "", None)


def _part(rising: list[float], part: int) -> float:
    return rising[len(rising) * part // 100]


def _row(
    name: str, value: float, unit: str, target: str, ok: bool | None, *,
    without: float | None = None, ratio: float | None = None,
) -> Row:  # fmt: skip
    peer = "" if without is None else "no viewer"
    return {
        "name": name, "value": round(value, 2), "unit": unit, "target": target, "peer": peer,
        "peer_value": None if without is None else round(without, 2),
        "ratio": None if ratio is None else round(ratio, 2), "ok": ok,
    }  # fmt: skip


# One round --------------------------------------------------------------------


def _round(folder: Path, sender: Sender, viewers: int) -> Round:
    shutil.rmtree(folder / "state", ignore_errors=True)
    config = folder / "edge.toml"
    config.write_text(TABLES, encoding="utf-8")
    people = People(places_of(config_file.load(config)).page)
    people.put(Person(NAME, Role.VIEWER, people.hashed(PASSWORD), 0, "bench"))
    with (
        _process("core", config, CORE_NICE) as core,
        _process("page", config, PAGE_NICE) as page,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch,
    ):
        switch.bind(("127.0.0.1", 0))
        _until(lambda: _logged(folder / "core.log", "open", "mirror"))
        _until(lambda: _ask(switch, 0) is not None)
        _until(lambda: _logged(folder / "page.log", "shown"))
        (port,) = (
            int(line["places"][0].rpartition(":")[2])
            for line in _lines(folder / "page.log")
            if line["event"] == "shown"
        )
        with _viewers(port, viewers) as said:
            before, began = _processor_s(page.pid), time.perf_counter()
            asked, unanswered, sent = _load(sender, switch)
            share = (_processor_s(page.pid) - before) / (time.perf_counter() - began)
        core.send_signal(signal.SIGTERM)
        core.wait(PATIENCE_S)
    *_, ended = _lines(folder / "core.log")
    tap = ended["balance"]["tap"]
    found = Round(ended["verdict_us"], sorted(asked), unanswered,
                  sent - tap["heard"] - tap["lost"], share, said)  # fmt: skip
    print(viewers, "viewers:", found._replace(asked_ms=[_part(found.asked_ms, 50),
                                                        _part(found.asked_ms, 99)]))  # fmt: skip
    return found


def _load(sender: Sender, switch: socket.socket) -> tuple[list[float], int, int]:
    """Send calls and ask; returns how long answers took, how many never came, what was sent."""
    rate = CALLS * (1 + len(FLOW))
    asked, unanswered, number = [], 0, 0
    command = sender.command(rate, rate * SECONDS)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sending:
        while sending.poll() is None:
            number += 1
            took = _ask(switch, number)
            unanswered += took is None
            asked += [] if took is None else [took]
            time.sleep(ASK_EVERY_S)
        assert sending.stdout is not None
        taken, refused, _ = sending.stdout.read().split()
    return asked, unanswered, int(taken) + int(refused)


def _ask(switch: socket.socket, number: int) -> float | None:
    """Ask as a switch does; returns how long the answer took, in milliseconds."""
    switch.settimeout(1.0)
    text = INVITE.format(number=f"{number}-{time.time_ns()}", port=switch.getsockname()[1])
    began = time.perf_counter()
    try:
        switch.sendto(text.encode(), GATE)
        while not switch.recv(4096).startswith((b"SIP/2.0 3", b"SIP/2.0 6")):
            pass
    except OSError:
        return None
    return (time.perf_counter() - began) * 1000


@contextmanager
def _process(name: str, config: Path, nice: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of ours, what it logs beside its configuration."""
    command = ("nice", "-n", nice, sys.executable, "-m", "edge", name, "--config", str(config))
    with (config.parent / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextmanager
def _viewers(port: int, count: int) -> Iterator[dict[str, Any]]:
    """Have so many watch; what became of it is there when they have left."""
    said: dict[str, Any] = {}
    if not count:
        yield said
        return
    module = ("-m", "tests.bench.page_viewers", str(port), str(count))
    command = ["nice", "-n", VIEWERS_NICE, sys.executable, *module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield said
        finally:
            process.terminate()
        said |= json.loads(process.stdout.read())


def _lines(log: Path) -> list[dict[str, Any]]:
    whole, _, _begun = log.read_text("utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def _logged(log: Path, event: str, tap: str = "") -> bool:
    return any(one["event"] == event and tap in (one.get("tap"), "") for one in _lines(log))


def _until(there: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not there():
        if time.monotonic() > ends:
            raise TimeoutError(there)
        time.sleep(0.05)


def _processor_s(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
