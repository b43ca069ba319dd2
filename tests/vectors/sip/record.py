#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: TID251 - waits for programs of other hands, which take real time
"""Records the SIP captures anew: SIPp callers -> Kamailio -> SIPp phones, heard by a tap.

    python tests/vectors/sip/record.py [--only NAME ...] [--out DIR]

Needs root, and the peers that tests/peers.sh installs. All traffic stays inside network namespaces
of its own. After each recording tshark counts what was heard; it must be what was planned.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))  # run as a script, from anywhere

from tests.vectors.sip import link_rewrite, region  # noqa: E402
from tests.vectors.sip.captures import LINKS, Capture, Run  # noqa: E402
from tests.vectors.sip.index import Heard, hear, write_index  # noqa: E402
from tests.vectors.sip.mixed import MIXED, write_calls  # noqa: E402
from tests.vectors.sip.recordings import FIRST, FORMS, LAYERS, signed_identity  # noqa: E402

PHONES = (
    ("answer", "192.0.2.20", "u1"),
    ("busy", "192.0.2.21", "u1"),
    ("decline", "192.0.2.22", "u1"),
    ("unknown", "192.0.2.23", "u1"),
    ("unanswered", "192.0.2.24", "u1"),
    ("slow", "192.0.2.26", "u1"),
    ("unfold", "192.0.2.27", "u1"),
    ("answer", "192.0.2.20", "t1"),
    ("answer", "2001:db8:2::20", "u1"),
)
EXCHANGE_SOCKETS = 7
"As many as `kamailio.cfg` has listen lines."
SETTLE_S = 0.7
"After the last call: late answers and closing connections still belong to the recording."
LONGEST_S = 120


def main() -> None:
    """Record what is asked for."""
    signal.signal(signal.SIGTERM, _ended)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="record only this one")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    asked = parser.parse_args()
    table = {capture.name: capture for capture in (*FIRST, *FORMS, *LAYERS, MIXED)}
    names = asked.only or list(table)
    if unknown := [name for name in names if name not in table]:
        parser.error(f"no capture {', '.join(unknown)}; there are {', '.join(table)}")
    asked.out.mkdir(parents=True, exist_ok=True)
    chosen = [table[name] for name in names]
    record([capture for capture in chosen if not capture.source], asked.out)
    for capture in chosen:
        if capture.change:
            source = table[capture.source]
            target = asked.out / capture.file
            link_rewrite.rewrite(
                asked.out / source.file, target, LINKS[capture.link], capture.change
            )
            keep(capture, source.runs, target, asked.out)


def record(captures: Iterable[Capture], out: Path) -> None:
    """Build one region and record one capture after the other in it."""
    with tempfile.TemporaryDirectory(prefix="qalqan-record-") as scratch, region.Region() as place:
        start_exchange(place, Path(scratch))
        for capture in captures:
            target = out / capture.file
            with tap(place, capture, target, Path(scratch)):
                make_calls(place, capture, Path(scratch))
            target.chmod(0o644)
            if capture.form == "pcapng":
                link_rewrite.clean_pcapng(target)
            keep(capture, capture.runs, target, out)


def start_exchange(place: region.Region, scratch: Path) -> None:
    """Start the phones, then the exchange between them and the peers."""
    for number, (scenario, ip, transport) in enumerate(PHONES, 1):
        log = scratch / f"phone{number}.log"
        process = place.start(
            "local",
            [
                *sipp(scratch, f"uas_{scenario}", ip, transport),
                "-bind_local",
                "-aa",
                "-key",
                "ua",
                "City-Exchange/1.9",
            ],
            log,
        )
        region.wait_listening(process, number, log)
    log = scratch / "kamailio.log"
    process = place.start(
        "core",
        [
            "kamailio",
            "-f",
            str(HERE / "kamailio.cfg"),
            "-DD",
            "-E",
            "-m",
            "32",
            "-M",
            "8",
            "-Y",
            str(scratch),
            "-w",
            str(scratch),
        ],
        log,
    )
    region.wait_listening(process, EXCHANGE_SOCKETS, log)


@contextmanager
def tap(place: region.Region, capture: Capture, target: Path, scratch: Path) -> Iterator[None]:
    """Listen at the exchange's trunk while the block runs."""
    log = scratch / f"tap-{capture.name}.log"
    if capture.form == "pcapng":
        argv = ["dumpcap", "-q", "-n", "-i", region.TRUNK, "-w", str(target)]
        ready = "Capturing on"
    else:
        cooked = capture.link.startswith("LINUX_SLL")
        argv = ["tcpdump", "-n", "-U", "--immediate-mode", "-Z", "root", "-w", str(target)]
        argv += ["-i", "any", "-y", capture.link] if cooked else ["-i", region.TRUNK]
        argv += ["--time-stamp-precision", "nano" if capture.form == "pcap ns" else "micro"]
        ready = "listening on"
    process = place.start("core", argv, log)
    region.wait_said(process, ready, log)
    time.sleep(0.2)
    try:
        yield
    finally:
        time.sleep(SETTLE_S)
        place.stop(process, signal.SIGINT)


def make_calls(place: region.Region, capture: Capture, scratch: Path) -> None:
    """Let all callers of a capture call at once, and wait until they are done."""
    callers = []
    for number, run in enumerate(capture.runs):
        log = scratch / f"{capture.name}-{number}.log"
        callers.append((place.start(run.place, caller(run, capture, number, scratch), log), log))
    for process, log in callers:
        if process.wait(LONGEST_S + 10):
            said = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{log.stem}: SIPp ended with {process.returncode}: {said}")


def caller(run: Run, capture: Capture, number: int, scratch: Path) -> list[str]:
    """Put together the command of one caller."""
    rows = scratch / f"{capture.name}-{number}.csv"
    rows.write_text(run.rows(), "utf-8")
    exchange = {"198": "198.51.100.1", "203": "203.0.113.1"}.get(run.ip[:3], "[2001:db8:51::1]")
    return [
        *sipp(scratch, f"uac_{run.scenario}", run.ip, run.transport, run.port),
        f"{exchange}:5060",
        "-inf",
        str(rows),
        "-m",
        str(len(run.calls)),
        "-r",
        "100",
        "-cid_str",
        f"{capture.name}-{number}-%u@{run.ip}",
        "-key",
        "ua",
        run.agent,
        "-key",
        "fold",
        " ",
        "-key",
        "identity",
        signed_identity(),
        "-timeout",
        f"{LONGEST_S}s",
        "-timeout_error",
    ]


def sipp(scratch: Path, scenario: str, ip: str, transport: str, port: int = 5060) -> list[str]:
    """Put together what is the same for callers and phones."""
    return [
        "env",
        "-C",
        str(scratch),
        "sipp",
        "-sf",
        str(HERE / "scenarios" / f"{scenario}.xml"),
        "-i",
        ip,
        "-p",
        str(port),
        "-t",
        transport,
        "-nostdin",
        "-key",
        "sdp_ip",
        ip,
    ]


def keep(capture: Capture, runs: Iterable[Run], target: Path, out: Path) -> None:
    """Compare what was heard with what was planned, and write the index entry."""
    heard: Heard = hear(target)
    planned = {
        f"{capture.source or capture.name}-{number}-{n}@{run.ip}": (run, call)
        for number, run in enumerate(runs)
        for n, call in enumerate(run.calls, 1)
    }
    wanted = {name: run.outcome(call) for name, (run, call) in planned.items()}
    if heard.outcomes != wanted:
        odd = sorted(heard.outcomes.items() ^ wanted.items())
        raise RuntimeError(f"{capture.name}: what was heard is not what was planned: {odd[:6]}")
    if capture is MIXED:
        write_calls(out / "mixed_traffic.csv", planned)
    write_index(out / "index.toml", capture, heard, planned)
    size = target.stat().st_size
    sys.stderr.write(
        f"{capture.file}: {len(planned)} calls, {heard.messages} messages, {size} octets\n"
    )


def _ended(*_: object) -> None:
    sys.exit("record: ended from outside; namespaces and processes are cleared")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"record: {error}")
