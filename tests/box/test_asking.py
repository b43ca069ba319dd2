# SPDX-License-Identifier: Apache-2.0
"""What is asked for is done and recorded, and what does it is loaded only then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.box.asking import ask, note
from edge.config import Config, parse
from edge.evidence.shelf import lines
from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.places import places_of

TEXT = '[node]\nname = "a"\n[trunk.intl]\nclass = "international"\n'
SLOW = ("edge.box.by_hand", "edge.evidence.acts", "edge.report.outbox.writer")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "state").mkdir()
    return parse(TEXT, tmp_path / "edge.toml")


def kept(config: Config) -> list[tuple[str, str, str]]:
    acts = [json.loads(line.octets) for line in lines(places_of(config).acts)]
    return [(act["act"], act["by"][1].partition(" by ")[0], act["text"]) for act in acts]


def test_an_act_is_done_and_recorded(config: Config) -> None:
    result = ask(config, "mode", {"trunk": "intl", "mode": "enforce"}, "clean", "asel")
    assert (result.state, result.text) == ("done", "intl is in enforce")
    assert read_modes(places_of(config).modes) == {"intl": Mode.ENFORCE}
    assert kept(config) == [("mode", "asel", "intl is in enforce; clean")]


def test_what_is_noted_is_recorded_and_changes_nothing(config: Config) -> None:
    assert note(config, "took the evidence of 1-2", "bolat").state == "done"
    assert kept(config) == [("notice", "bolat", "took the evidence of 1-2")]
    assert not places_of(config).modes.exists()


@pytest.mark.parametrize("name", ["edge.cli.acts", "edge.console.minutes"])
def test_who_may_ask_loads_nothing_slow_before(name: str) -> None:
    words = f"import sys, {name}; print([one for one in {SLOW} if one in sys.modules])"
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, text=True)
    assert said.stdout == "[]\n"
