# SPDX-License-Identifier: Apache-2.0
"""The tour in the README is walked: every command works, and answers what stands there."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.cli import blocklist, list as list_command

README = Path(__file__).parents[2] / "edge/blocklist/README.md"


def steps():
    """Yield each command of the README with the lines that are to follow it."""
    for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL):
        for step in block.split("$ qalqan ")[1:]:
            command, *answer = step.strip().splitlines()
            yield shlex.split(command), answer


@pytest.fixture
def qalqan():
    app = typer.Typer()
    app.add_typer(list_command.app, name="list")
    app.add_typer(blocklist.app, name="blocklist")

    def run(*words):
        return CliRunner().invoke(app, words, catch_exceptions=False)

    return run


def test_the_tour(qalqan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walked = 0
    for words, answer in steps():
        done = qalqan(*words)
        assert done.exit_code == 0, words
        for line in answer:
            assert re.search(re.escape(line).replace(r"\.\.\.", "[0-9a-f]+"), done.output), words
        walked += 1
    assert walked > 15
