# SPDX-License-Identifier: Apache-2.0
"""`qalqan health`: what is not well; and after an update, until it is confirmed or given back."""

import os
from pathlib import Path

import pytest

from edge.update.state import Folder, State, Update
from tests.cli.conftest import Qalqan

UPDATE = Update("spring", "1.0", "1.1", State.REBOOTING, slot_from="A", slot="B")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box whose systemd and RAUC are scripts that write down what they were asked."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "edge.toml").write_text(
        f'[node]\nname = "a"\nstate_dir = "{state}"\n[tap.t]\ndriver = "memory"\n'
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("systemctl", "rauc"):
        script = programs / name
        script.write_text(
            f'#!/bin/sh\n[ "$1" = list-units ] || echo "{name} $*" >> {tmp_path}/asked\n'
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    cmdline = tmp_path / "cmdline"
    cmdline.write_text("rauc.slot=B")
    monkeypatch.setattr("edge.update.probation.CMDLINE", cmdline)
    return state


def words(state: Path) -> tuple[object, ...]:
    return "--config", state / "edge.toml", "--state", state


def test_what_is_not_well_is_said(qalqan: Qalqan, box: Path) -> None:
    done = qalqan("health", *words(box))
    assert (done.code, done.out) == (3, "core does not run\ntap t does not hear\n")
    (line,) = qalqan("health", *words(box), "--json").lines
    assert (line["v"], line["ok"], len(line["reasons"])) == (1, False, 2)


def test_a_configuration_that_cannot_be_read(qalqan: Qalqan, box: Path) -> None:
    (box / "edge.toml").write_text("[nod]\n")
    done = qalqan("health", *words(box))
    assert done.code == 3
    assert done.out.startswith("the configuration cannot be used: ")


def test_nothing_waits_to_be_confirmed(qalqan: Qalqan, box: Path) -> None:
    done = qalqan("health", *words(box), "--confirm")
    assert (done.code, done.out) == (0, "no update waits to be confirmed\n")
    assert not (box.parent / "asked").exists()


@pytest.mark.parametrize("readable", [True, False])
def test_a_version_with_which_nothing_runs_is_given_back(
    qalqan: Qalqan, box: Path, monkeypatch: pytest.MonkeyPatch, readable: bool
) -> None:
    """Also one that cannot read the configuration that the one before it was content with."""
    Folder(box / "update").keep(UPDATE)
    text = (box / "edge.toml").read_text() + "[health]\nsettle_s = 5\ndeadline_s = 30\n"
    (box / "edge.toml").write_text(text if readable else "[nod]\n")
    now_s = iter(range(0, 100_000, 10))
    monkeypatch.setattr("edge.clock.monotonic_s", lambda: float(next(now_s)))
    monkeypatch.setattr("edge.cli.health.LOOK_S", 0.0)
    done = qalqan("health", *words(box), "--confirm")
    assert done.code == 0
    assert (box.parent / "asked").read_text().splitlines() == [
        "rauc status mark-bad booted", "systemctl reboot",
    ]  # fmt: skip
    found = Folder(box / "update").found()
    assert found
    assert (found.slot, found.verdict) == ("B", "given-back")
    assert ("core does not run" if readable else "cannot be used") in found.text
