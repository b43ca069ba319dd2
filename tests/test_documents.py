# SPDX-License-Identifier: Apache-2.0
"""What the documents show is run: commands succeed, Python runs, configurations are accepted.

A block after `<!-- not run: reason -->` is skipped with its reason. Blocks run in a folder of their
own that looks like the repository's root, and leave nothing in it.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge import config

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "drivers/README.md", "edge/ARCHITECTURE.md")
NOT_SHOWN = {".git", "build", "state"}
LONGEST_S = 120

NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


class Block(msgspec.Struct, frozen=True):
    """A fenced block of a document."""

    place: str
    language: str
    text: str
    not_run: str
    "Why it is only to be read; empty if it is to be run."


def blocks(name: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    before, language, inside, start = "", None, [], 0
    for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("```"):
            if language is not None:
                inside.append(line)
            elif line:
                before = line
        elif language is None:
            language, inside, start = line.removeprefix("```").strip(), [], number
        else:
            reason = NOT_RUN.fullmatch(before)
            text = "\n".join(inside) + "\n"
            yield Block(f"{name}:{start}", language, text, reason[1] if reason else "")
            before, language = "", None


def commands(text: str) -> str:
    """Return the commands of a console block: what follows `$ `, continued lines included."""
    return "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", text, re.MULTILINE))


ALL = [block for name in DOCUMENTS if (ROOT / name).exists() for block in blocks(name)]


def of(*languages: str) -> list[object]:
    return [pytest.param(b, id=b.place) for b in ALL if b.language in languages]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Make a folder that looks like the root of the repository."""
    for path in ROOT.iterdir():
        if path.name not in NOT_SHOWN:
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def run(block: Block, desk: Path, *command: str) -> None:
    if block.not_run:
        pytest.skip(block.not_run)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=desk,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, f"{block.text}{done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("block", of("console"))
def test_commands_succeed(block: Block, desk: Path) -> None:
    script = commands(block.text)
    assert script, f"{block.place}: no line begins with '$ '"
    run(block, desk, "bash", "-euo", "pipefail", "-c", script)


@pytest.mark.parametrize("block", of("python"))
def test_python_runs(block: Block, desk: Path) -> None:
    compile(block.text, block.place, "exec")
    run(block, desk, sys.executable, "-c", block.text)


@pytest.mark.parametrize("block", of("toml"))
def test_configurations_are_accepted(block: Block, tmp_path: Path) -> None:
    if "node" in tomllib.loads(block.text):
        assert config.parse(block.text, tmp_path / "edge.toml").node.name


def test_a_console_block_is_its_commands() -> None:
    text = "$ qalqan decode \\\n    a.pcap\nshown\n$ true\nmore\n"
    assert commands(text) == "qalqan decode \\\n    a.pcap\ntrue"
