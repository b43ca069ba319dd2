# SPDX-License-Identifier: Apache-2.0
"""`qalqan run`: the real processes, killed and ended as life does it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from msgspec.structs import replace

from edge.decode.pcapng import PcapngWriter
from edge.evidence.journal import VERDICTS
from tests.call.sip_talk import write
from tests.cli.conftest import VECTORS, Qalqan
from tests.decode.test_signalling import udp

DAY_NS = 86_400 * 10**9
TOO_LONG_S = 60

SPOOFED = write("INVITE").replace(b"+447700900123", b"+77172009131")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An appliance that hears a spoofed call at once, and the next packet a day later."""
    writer, unit = PcapngWriter(), udp(SPOOFED)
    units = (unit, replace(unit, at=DAY_NS))
    capture = writer.header() + b"".join(map(writer.write, units))
    (tmp_path / "day.pcapng").write_bytes(capture)
    path = tmp_path / "edge.toml"
    path.write_text(
        f'[node]\nname = "bench"\nstate_dir = "{tmp_path}/state"\n'
        '[tap.mirror]\ndriver = "pcap"\nfiles = ["day.pcapng"]\npace = 1\n'
        '[trunk.intl]\nclass = "international"\n'
    )
    return path


@pytest.fixture
def running(config: Path) -> Iterator[subprocess.Popen[str]]:
    """`qalqan run` in a session of its own; whatever happens, nothing of it is left."""
    command = [sys.executable, "-m", "edge", "run", "--config", str(config)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        watchdog = Timer(TOO_LONG_S, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        yield process
        watchdog.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read the log up to a line that tells of an event."""
    assert process.stderr
    for line in process.stderr:
        if json.loads(line)["event"] == event:
            return json.loads(line)
    raise AssertionError(f"ended without {event}")


def children(process: subprocess.Popen[str]) -> list[int]:
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in text.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_core_comes_back_and_sigterm_ends_all(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    heard = until(running, "verdict")
    assert (heard["rule"], heard["wanted"]) == ("spoof.fixed-cli-abroad", "block")
    assert "+77172009131" not in json.dumps(heard)  # the log shows no subscriber
    (core,) = children(running)
    os.kill(core, signal.SIGKILL)
    again = until(running, "verdict")
    assert children(running) != [core]
    (kept,) = (tmp_path / "state" / "evidence").glob(f"*/{VERDICTS}")
    records = kept.read_text().splitlines()
    assert [json.loads(line)["id"] for line in records] == [heard["record"], again["record"]]
    running.terminate()
    assert until(running, "ended")["would_block"] == 1
    assert running.stderr
    assert running.stderr.read() == ""  # nobody is left who could write
    assert running.wait(TOO_LONG_S) == 0


def test_the_command_itself() -> None:
    """What only a process of its own shows: the entry point, a closed pipe, a whole exit."""
    command = [
        sys.executable,
        "-m",
        "edge",
        "decode",
        str(VECTORS / "mixed_traffic.pcap"),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        json.loads(process.stdout.readline())
        process.stdout.close()  # as `| head -1` does
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_captures_end_the_run(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace("pace = 1", "pace = 0"))
    done = qalqan("run", "--config", config)
    assert (done.code, done.out) == (0, "")
    ended = json.loads(done.err.splitlines()[-1])
    assert (ended["event"], ended["heard"], ended["would_block"]) == ("ended", {"mirror": 2}, 2)
    (kept,) = (tmp_path / "state" / "evidence").glob(f"*/{VERDICTS}")
    assert len(kept.read_text().splitlines()) == 2


def test_core_alone(qalqan: Qalqan, config: Path) -> None:
    config.write_text(config.read_text().replace("pace = 1", "pace = 0"))
    done = qalqan("core", "--config", config)
    assert (done.code, json.loads(done.err.splitlines()[-1])["offered"]) == (0, 2)


def test_a_capture_with_losses_degrades_once(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "day.pcapng"
    path.write_bytes(path.read_bytes()[:-10])
    config.write_text(config.read_text().replace("pace = 1", "pace = 0"))
    done = qalqan("run", "--config", config)
    assert done.code == 3
    assert done.err.count('"ended"') == 1


def test_what_refuses_to_start(qalqan: Qalqan, config: Path) -> None:
    good = config.read_text()
    for wrong, why in (
        (good.replace("pace", "pase"), "did you mean 'pace'?"),
        (good.replace('"pcap"', '"pcapp"'), "did you mean 'pcap'?"),
        (good.replace("pace = 1", "pace = -1"), "pace"),
        (good.partition("[tap")[0], "no tap to hear; add a table [tap.NAME] with a driver"),
    ):
        config.write_text(wrong)
        for verb in ("run", "core"):
            done = qalqan(verb, "--config", config)
            assert (done.code, done.out) == (1, "")
            assert done.err.startswith(f"qalqan: {config}")
            assert why in done.err


def test_a_missing_capture_ends_the_run(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    (tmp_path / "day.pcapng").unlink()
    done = qalqan("run", "--config", config)
    assert done.code == 1
    assert f"qalqan: {tmp_path / 'day.pcapng'}: No such file or directory" in done.err


def test_version_and_help(qalqan: Qalqan) -> None:
    assert qalqan("--version").out.startswith("qalqan ")
    for words in (
        *((), ("run",), ("replay",), ("explain",), ("drivers",), ("config", "check")),
        *(("list",), ("list", "urgent", "add"), ("blocklist",), ("blocklist", "lookup")),
    ):
        done = qalqan(*words, "--help")
        assert (done.code, "Usage: qalqan" in done.out) == (0, True)
