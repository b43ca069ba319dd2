# SPDX-License-Identifier: Apache-2.0
"""`tests/peers.sh` brings every program that a test of the everyday run names as its peer."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
IMAGE = TESTS / "image"
"Images bring their own tools (`image/tools.sh`)."
WITH_EVERY_DEBIAN = {"required", "important"}
"The priorities (Debian policy 2.5) of what stands on every machine."


def named() -> set[str]:
    found = set()
    for path in TESTS.rglob("*.py"):
        if path.is_relative_to(IMAGE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.peer":
                found |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return found


def brought() -> dict[str, str]:
    """Return the package of each program that the script installs."""
    script = (TESTS / "peers.sh").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+):([\w.+-]+)$", script, re.MULTILINE))


def asked(*words: str) -> str:
    done = subprocess.run(["dpkg-query", *words], capture_output=True, text=True, check=False)
    return done.stdout


def package(program: str) -> str:
    """Return the package that has brought a program; nothing if none has."""
    return asked("--search", f"*bin/{program}").partition(":")[0]


UNNAMED = sorted(named() - set(brought()))


@pytest.mark.peer("dpkg-query")
@pytest.mark.parametrize("program", [pytest.param(p, marks=pytest.mark.peer(p)) for p in UNNAMED])
def test_what_is_not_brought_by_name_is_there(program: str) -> None:
    found = package(program)
    if found not in brought().values():
        assert asked("--show", "--showformat=${Priority}", found) in WITH_EVERY_DEBIAN, program


def test_the_lists_are_read() -> None:
    assert {"tshark", "qemu-system-x86_64"} <= named() & set(brought())
