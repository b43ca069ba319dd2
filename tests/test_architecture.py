# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no linter knows.

Who imports whom, how long things may be, and that nothing stands about unregistered, undescribed
or untested.
"""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import plugins

ROOT = Path(__file__).parent.parent
MAX_LINES = 350
MAX_STATEMENTS = 30
BAD_NAMES = {"base", "common", "handler", "helpers", "manager", "misc", "util", "utils"}
GROUPS: tuple[plugins.Group, ...] = ("taps", "gates", "enforcers")

COVERED_ELSEWHERE = {
    "edge/clock.py": "reads clocks and does nothing with them",
    "edge/errors.py": "names; `mendable` in tests/intake/test_ear.py",
    "edge/model/answer.py": "plain data; tests/enforce/test_answer.py makes them",
    "edge/model/event.py": "plain data",
    "edge/model/message.py": "plain data",
    "edge/model/number.py": "plain data",
    "edge/model/outcome.py": "plain data; tests/enforce/test_watch.py makes them",
    "edge/model/unit.py": "plain data",
    "edge/model/verdict.py": "plain data",
    "edge/ports.py": "tests/contract/",
    "edge/report/kinds.py": "shapes only; tests/report/test_telling.py makes and reads them",
    "edge/report/outbox/stored.py": "plain data, and a port",
    "edge/report/port.py": "a port; tests/report/test_link.py and test_session.py",
    "edge/settings/keys.py": "tests/test_config.py",
    "edge/uplink_parts.py": "plain data; tests/test_uplink.py makes it",
}
"Modules without a test file of their own, and why."


def sources(*folders: str) -> list[Path]:
    return [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]


HOUSE = sources("edge", "drivers")
ROOMS = [path for path in HOUSE if path.stem not in {"__init__", "__main__"}]
"Modules with something in them; the others are doors."
ALL = [path for path in HOUSE + sources("image", "tests", "hil") if "vectors" not in path.parts]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def statements(function: ast.AST) -> int:
    """Count statements as ruff does, docstring and nested functions included."""
    inner = (node for node in ast.walk(function) if isinstance(node, ast.stmt))
    return sum(1 for _ in inner) - 1


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def driver_modules(group: str) -> list[str]:
    """Return what stands in a driver folder, a file or a folder each."""
    found = (ROOT / "drivers" / group).iterdir()
    names = [path.stem for path in found if path.suffix == ".py" or (path / "driver.py").exists()]
    return sorted(set(names) - {"__init__"})


REGISTERED = [(group, name) for group in GROUPS for name in plugins.names(group)]


def test_imports_go_one_way() -> None:
    lint = shutil.which("lint-imports", path=Path(sys.executable).parent)
    assert lint, "import-linter is not installed beside this Python"
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_file_or_function_is_a_black_hole(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    long = [f.name for f in functions(path) if statements(f) > MAX_STATEMENTS]
    assert not long, f"more than {MAX_STATEMENTS} statements: {', '.join(long)}"


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_name_says_what_is_inside(path: Path) -> None:
    assert not BAD_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", ALL, ids=named)
def test_every_file_names_its_licence_and_its_subject(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", ROOMS, ids=named)
def test_every_module_has_its_test_file(path: Path) -> None:
    name = named(path)
    inside = path.relative_to(ROOT / "edge") if name.startswith("edge/") else path.relative_to(ROOT)
    mirror = ROOT / "tests" / inside.parent / f"test_{path.stem}.py"
    assert mirror.exists() != (name in COVERED_ELSEWHERE), named(mirror)


def test_no_file_names_a_registry() -> None:
    address = re.compile(r"https?://[^/\s]*(pypi|pythonhosted|npmjs|crates\.io|proxy\.golang)")
    texts = ["pyproject.toml", "requirements.lock", "hil/requirements.lock", "Makefile", ".ci/run"]
    found = [
        path for path in [*map(ROOT.joinpath, texts), *ALL] if address.search(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize("group", GROUPS)
def test_every_driver_module_is_registered(group: plugins.Group) -> None:
    modules = {plugins.load(group, name).open.__module__ for name in plugins.names(group)}
    expected = {f"drivers.{group}.{name}" for name in driver_modules(group)}
    assert expected <= {module.removesuffix(".driver") for module in modules}


@pytest.mark.parametrize(("group", "name"), REGISTERED)
def test_every_driver_is_described(group: plugins.Group, name: str) -> None:
    driver = plugins.load(group, name)
    assert importlib.import_module(driver.open.__module__).__doc__
    assert driver.summary.endswith(".")
    assert driver.config.model_config.get("extra") == "forbid"
    assert driver.config.model_config.get("frozen") is True
    undescribed = [
        key for key, field in driver.config.model_fields.items() if not field.description
    ]
    assert not undescribed
    rows = (ROOT / "drivers" / "README.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {group} | {driver.trait.value} | {driver.summary} |" in rows
