# SPDX-License-Identifier: Apache-2.0
"""Sentences that are written outside the page and shown on it: they are translated as its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

from edge.detect.clues import KINDS
from edge.detect.score import RULES
from edge.verdict.rule import BY_ID

DOCTOR = Path(__file__).parents[2] / "edge" / "doctor"
LEVELS = frozenset({"ok", "warn", "fail"})


def sentences() -> set[str]:
    """Return all of them."""
    own = {text for path in DOCTOR.glob("*.py") for text, _ in findings(path)}
    titles = (kind.title for kind in KINDS), (rule.title for rule in BY_ID.values())
    return own.union((rule.text for rule in RULES), *titles)


def checks() -> set[str]:
    """Return what the doctor looks at, without the names of parts."""
    return {check for path in DOCTOR.glob("*.py") for _, check in findings(path) if check}


def findings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each sentence of a file of the doctor, and what was looked at; empty for a variable."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in LEVELS:
                continue
            check, *said = node.args
            for one in said:
                text = named.get(one.id) if isinstance(one, ast.Name) else one
                where = f"{path}:{node.lineno}"
                assert isinstance(text, ast.Constant), f"{where}: no translator would find it"
                yield str(text.value), _check(check)


def _check(said: ast.expr) -> str:
    first = said.values[0] if isinstance(said, ast.JoinedStr) else said
    return str(first.value).partition(":")[0] if isinstance(first, ast.Constant) else ""
