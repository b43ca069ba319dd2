# SPDX-License-Identifier: Apache-2.0
"""The command of the process: what it refuses, and with which exit code. All else is in `flows`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Qalqan

CONFIG = '[node]\nname = "bench"\nstate_dir = "s"\n[hub]\nbrokers = ["127.0.0.1:1"]\ntls = {}\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (CONFIG.format("false") + 'root = "nowhere.json"\n', "is no root of a repository"),
        (CONFIG.format("fasle"), "edge.toml:"),
    ],
)
def test_what_it_refuses(qalqan: Qalqan, tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(text)
    done = qalqan("uplink", "--config", path)
    assert (done.code, done.out) == (1, "")
    assert why in done.err


def test_a_box_that_was_decommissioned_does_not_speak(qalqan: Qalqan, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "decommissioned").touch()
    (tmp_path / "edge.toml").write_text(CONFIG.format("false"))
    done = qalqan("uplink", "--config", tmp_path / "edge.toml")
    assert done.code == 1
    assert "was decommissioned" in done.err
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["decommissioned"]


def test_without_hub_and_certificate_it_waits_and_ends_when_told(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(CONFIG.format("true"))
    command = [sys.executable, "-m", "edge", "uplink", "--config", str(tmp_path / "edge.toml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        numbers = tmp_path / "s" / "run" / "uplink.numbers"
        while not numbers.exists():
            assert process.poll() is None
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()
