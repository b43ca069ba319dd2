# SPDX-License-Identifier: Apache-2.0
"""The linters, each one a test: what passes at the desk passes on the server."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = [name for name in ("edge", "drivers", "image", "tests", "hil") if (ROOT / name).is_dir()]


def passes(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("verb", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff(verb: tuple[str, ...]) -> None:
    passes(sys.executable, "-m", "ruff", *verb, "--quiet", *CODE)


def test_mypy() -> None:
    passes(sys.executable, "-m", "mypy")


def test_codespell() -> None:
    passes(sys.executable, "-m", "codespell_lib", ".")


@pytest.mark.peer("shellcheck")
def test_shellcheck() -> None:
    ours = (ROOT / name for name in (*CODE, "systemd"))  # not what is being made meanwhile
    scripts = [*ROOT.glob("*.sh"), *(path for folder in ours for path in folder.rglob("*.sh"))]
    passes("shellcheck", ".ci/run", *map(str, scripts))
