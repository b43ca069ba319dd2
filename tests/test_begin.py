# SPDX-License-Identifier: Apache-2.0
"""What units call is there without the command line for people, and as fast as it can be."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[1] / "systemd"
LEAN = "import sys; from edge.begin import _asked; print(_asked(sys.argv[1:]) is not None)"
HEAVY = ("cryptography", "pyroute2", "rich", "tuf", "typer")
"What no start may bring before the box hears."


def begin(*words: object) -> subprocess.CompletedProcess[str]:
    code = "import sys; from edge.begin import main; sys.exit(main(sys.argv[1:]))"
    told = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(told, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["core", "uplink", "page", "first-boot", "migrate", "grow"])
def test_what_a_unit_calls_takes_the_short_way(name: str) -> None:
    text = (UNITS / f"qalqan-{name}.service").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.partition("=")[2])[1:]
    done = subprocess.run(
        [sys.executable, "-c", LEAN, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_other_words_are_for_people() -> None:
    done = begin("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "qalqan")
    assert begin("core", "--nonsense").returncode == 2


def test_what_a_person_can_mend_is_a_line(tmp_path: Path) -> None:
    done = begin("core", "--config", tmp_path / "edge.toml")
    assert done.returncode == 1
    assert done.stderr == f"qalqan: {tmp_path}/edge.toml: No such file or directory\n"
    (tmp_path / "edge.toml").write_text('[node]\nname = "a"\n')
    assert "no tap to hear" in begin("core", "--config", tmp_path / "edge.toml").stderr


def test_the_state_is_of_this_version(tmp_path: Path) -> None:
    done = begin("migrate", "--state", tmp_path)
    assert (done.returncode, "is of this version (1)" in done.stdout) == (0, True)


def test_core_brings_nothing_that_takes_long() -> None:
    code = (
        "import sys; from edge import begin; begin._without_colours()\n"
        "import edge.core, edge.config\n"
        "from edge import plugins; plugins.load('taps', 'afpacket')\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())
