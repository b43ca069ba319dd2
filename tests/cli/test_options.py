# SPDX-License-Identifier: Apache-2.0
"""Where no configuration is named, the one in this folder is meant, or that of the appliance."""

from pathlib import Path

import pytest

from edge.cli import options
from tests.cli.conftest import Qalqan

TOML = '[node]\nname = "{name}"\nstate_dir = "state"\n[trunk.{name}]\nclass = "international"\n'


def put(folder: Path, name: str) -> Path:
    folder.mkdir()
    path = folder / "edge.toml"
    path.write_text(TOML.format(name=name))
    return path


def test_which_file_is_meant(
    qalqan: Qalqan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(options, "APPLIANCE", tmp_path / "appliance" / "edge.toml")
    done = qalqan("trunk", "list", "--json")
    assert (done.code, done.out) == (2, "")
    assert "--config: there is no edge.toml here" in done.err
    put(tmp_path / "appliance", "box")
    assert '"box"' in qalqan("trunk", "list", "--json").out
    here.rmdir()
    put(here, "desk")
    monkeypatch.chdir(here)
    assert '"desk"' in qalqan("trunk", "list", "--json").out
    monkeypatch.setenv("QALQAN_CONFIG", str(put(tmp_path / "named", "named")))
    assert '"named"' in qalqan("trunk", "list", "--json").out
    other = put(tmp_path / "other", "other")
    assert '"other"' in qalqan("trunk", "list", "--json", "--config", other).out


@pytest.mark.parametrize("command", [("trunk", "list"), ("doctor",), ("run",), ("taps", "watch")])
def test_help_says_so_where_there_is_none(
    qalqan: Qalqan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "APPLIANCE", tmp_path / "nowhere.toml")
    done = qalqan(*command, "--help")
    assert done.code == 0
    assert "edge.toml here, or" in done.out


def test_a_shell_that_completes_is_told_of_options(
    qalqan: Qalqan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "APPLIANCE", tmp_path / "nowhere.toml")
    monkeypatch.setenv(options.COMPLETING, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "qalqan watch --m")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert qalqan("watch").out.split() == ["--mask"]
