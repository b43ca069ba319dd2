# SPDX-License-Identifier: Apache-2.0
"""`qalqan watch` as a command: once, as JSON, and on a real terminal, which is left as it was."""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.clock import monotonic_s
from edge.config import Config
from edge.places import places_of
from tests.cli.conftest import Qalqan
from tests.console.site_house import as_of_now, furnish

TOO_LONG_S = 60
WRITES_EVERY_S = 1.0
HOME = "\x1b[H"
ALT_ON, ALT_OFF = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return furnish(tmp_path_factory.mktemp("box"), "spoofed_7172.pcap", "plain_calls.pcap")


@pytest.fixture
def toml(heard: Config) -> Path:
    as_of_now(heard)
    return places_of(heard).state.parent / "edge.toml"


def command(toml: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "edge", "watch", "--config", str(toml), *words]


class Terminal:
    """A real terminal, and the command on it."""

    def __init__(self, toml: Path, heard: Config) -> None:
        self._heard = heard
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.ours, self.its = pty.openpty()
        self.resize(80, 24)
        self.before = termios.tcgetattr(self.its)
        self.text = ""
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command(toml)],
            stdin=self.its, stdout=self.its, stderr=self.its,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.its, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    @property
    def drawings(self) -> list[str]:
        """All that were drawn whole: another has begun behind each."""
        return [one for one in self.text.split(HOME)[:-1] if "Qalqan Edge" in one]

    def until(self, seen: Callable[[], bool]) -> None:
        """Read until something is seen; `core` writes its numbers meanwhile, if it is there."""
        end_s = monotonic_s() + TOO_LONG_S
        while not seen():
            assert monotonic_s() < end_s, self.text[-4000:]
            if (places_of(self._heard).run / "core.numbers").exists():
                as_of_now(self._heard)
            if select.select([self.ours], [], [], WRITES_EVERY_S)[0]:
                self.text += self._decoder.decode(os.read(self.ours, 65536))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.its)


@pytest.fixture
def terminal(
    toml: Path, heard: Config, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:  # fmt: skip
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    made = Terminal(toml, heard)
    yield made
    made.close()


def lines(drawing: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawing).split("\r\n")


def test_it_is_drawn_follows_and_leaves_the_terminal_as_it_was(
    terminal: Terminal, heard: Config
) -> None:
    terminal.until(lambda: any("stopped 3" in one for one in terminal.drawings))
    drawing = terminal.drawings[-1]
    assert "would have been stopped 3" in drawing
    assert "+77172000" in drawing
    assert ALT_ON in terminal.text
    assert termios.tcgetattr(terminal.its)[3] & (termios.ICANON | termios.ECHO) == 0
    assert len(lines(terminal.drawings[-1])) == 24

    terminal.resize(160, 50)
    terminal.until(lambda: len(lines(terminal.drawings[-1])) == 50)
    wide = lines(terminal.drawings[-1])
    assert max(map(len, wide)) <= 160
    assert any("spoof.fixed-cli-abroad" in line for line in wide)

    numbers = places_of(heard).run / "core.numbers"
    numbers.rename(numbers.with_suffix(".away"))
    terminal.until(lambda: "core does not run: journalctl" in terminal.drawings[-1])
    numbers.with_suffix(".away").rename(numbers)
    terminal.until(lambda: "core runs" in terminal.drawings[-1])

    terminal.press("p")
    terminal.until(lambda: "PAUSED" in terminal.drawings[-1])
    terminal.press("p")
    terminal.until(lambda: "PAUSED" not in terminal.drawings[-1])

    terminal.press("q")
    terminal.until(lambda: ALT_OFF in terminal.text)
    assert terminal.process.wait(TOO_LONG_S) == 0
    assert termios.tcgetattr(terminal.its) == terminal.before
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("end", ["\x03", signal.SIGTERM])
def test_ctrl_c_and_a_signal_end_it_as_well(terminal: Terminal, end: str | signal.Signals) -> None:
    terminal.until(lambda: HOME in terminal.text)
    if isinstance(end, str):
        terminal.press(end)
    else:
        terminal.process.send_signal(end)
    terminal.until(lambda: ALT_OFF in terminal.text)
    assert terminal.process.wait(TOO_LONG_S) == 0
    assert termios.tcgetattr(terminal.its) == terminal.before


def test_once_on_a_pipe_is_plain_text(qalqan: Qalqan, toml: Path) -> None:
    done = qalqan("watch", "--once", "--config", toml)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "+77172009131" in done.out
    assert "q ends" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_colours_only_where_they_are_wanted(
    qalqan: Qalqan, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[33mwould block" in qalqan("watch", "--once", "--config", toml).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in qalqan("watch", "--once", "--config", toml).out


def test_no_number_is_whole_if_so_asked(qalqan: Qalqan, toml: Path) -> None:
    for words in ((), ("--json",)):
        done = qalqan("watch", "--once", "--mask", "--config", toml, *words)
        assert "+7717*******" in done.out
        assert "77172009131" not in done.out


def test_one_object(qalqan: Qalqan, toml: Path) -> None:
    (line,) = qalqan("watch", "--once", "--json", "--config", toml).lines
    assert (line["schema"], line["processes"], line["totals"]["would"]) == (1, {"core": True}, 3)


def test_an_object_a_second_until_it_is_ended(toml: Path) -> None:
    with subprocess.Popen(command(toml, "--json"), stdout=subprocess.PIPE) as process:
        assert process.stdout
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 0
    assert 0.9 < second["at"] - first["at"] < TOO_LONG_S


def test_without_a_terminal_it_says_what_to_do(qalqan: Qalqan, toml: Path) -> None:
    done = qalqan("watch", "--config", toml)
    assert (done.code, done.out) == (2, "")
    assert "--once" in done.err


def test_what_is_no_folder_is_said(qalqan: Qalqan, toml: Path, tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(toml.read_text().replace("[node]", f'[node]\nstate_dir = "{tmp_path}/state"'))
    assert "core does not run" in qalqan("watch", "--once", "--config", path).out
    (tmp_path / "state").write_text("")
    done = qalqan("watch", "--once", "--config", path)
    assert (done.code, done.err) == (1, f"qalqan: {tmp_path}/state/run: Not a directory\n")
