# SPDX-License-Identifier: Apache-2.0
"""The program and what it depends on, as wheels: ours compiled here, the others by their hashes."""

import hashlib
import re
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from image.board import PYTHON, Board
from image.command import BuildError, Inside, run
from image.places import PYTHON_LOCK, SOURCE, WHEELS

ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
WISH = re.compile(r"[A-Za-z0-9._-]+")
HOUSE = "qalqan-edge"
PACKAGES = ("edge", "drivers")
BUILDERS = ("setuptools", "wheel", "cython", "packaging")
COMPILED = (
    "edge/blocklist/_kernel",
    "edge/decode/_lazy",
    "edge/decode/sip/_scan",
    "edge/decode/sip/_uri",
    "edge/detect/_kernel",
)
CHECKED = "import sys; sys.path[:0] = {paths}; from setuptools.build_meta import build_wheel; "


class Locked(NamedTuple):
    """One package of `requirements.lock`."""

    name: str
    lines: tuple[str, ...]
    "As they stand there, hashes included."
    wanted_by: frozenset[str]


def locked(text: str) -> dict[str, Locked]:
    """Return what a lock of pip-compile says, by name."""
    found: dict[str, Locked] = {}
    name = ""
    lines: list[str] = []
    by: set[str] = set()
    for line in [*text.splitlines(), "end=="]:
        entry = ENTRY.match(line)
        if entry or line == "end==":
            if name:
                found[name] = Locked(name, tuple(lines), frozenset(by))
            name, lines, by = (entry["name"] if entry else ""), [line], set()
        elif line.strip().startswith("#"):
            by |= set(WISH.findall(line.replace("# via", "#").split("(")[0]))
        elif line.strip():
            lines.append(line)
    return found


def closure(found: dict[str, Locked], wishes: Iterator[str] | list[str]) -> list[Locked]:
    """Return the wishes and all that they lead to.

    Raises:
        BuildError: A wish is not locked.
    """
    names = {WISH.match(wish)[0].lower() for wish in wishes}  # type: ignore[index]  # a name
    if missing := names - found.keys():
        raise BuildError(f"not in requirements.lock: {', '.join(sorted(missing))}: `make lock`")
    while more := {e.name for e in found.values() if e.wanted_by & names} - names:
        names |= more
    return [found[name] for name in sorted(names)]


def runtime() -> list[Locked]:
    """Return what the appliance depends on: neither the hub nor the tests."""
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = locked(PYTHON_LOCK.read_text(encoding="utf-8"))
    return closure(found, project["dependencies"])


def fetch(entries: list[Locked], board: Board) -> list[Path]:
    """Fetch wheels for a board, by their hashes; those that are here are not fetched again.

    Raises:
        BuildError: One has no wheel for that board and Python.
    """
    text = "\n".join(line for entry in entries for line in entry.lines) + "\n"
    folder = WHEELS / f"{board.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if not folder.exists():
        draft = folder.with_name("draft-" + folder.name)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        (draft / "requirements.txt").write_text(text, encoding="utf-8")
        platforms = [word for name in board.platforms for word in ("--platform", name)]
        abis = ("--abi", f"cp{PYTHON.replace('.', '')}", "--abi", "abi3", "--abi", "none")
        run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
             "--only-binary=:all:", *platforms, "--python-version", PYTHON,
             "--implementation", "cp", *abis, "--dest", draft, "-r", draft / "requirements.txt"],
            environ={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )  # fmt: skip
        draft.rename(folder)
    return sorted(folder.glob("*.whl"))


def build(board: Board, tools: Path, work: Path, epoch: int, headers: Path | None) -> Path:
    """Build our own wheel, its kernels compiled for the board.

    Args:
        board: What it is to run on.
        tools: Root with Python and a compiler.
        work: Folder to work in; left behind.
        epoch: Time that is written wherever one is asked for, seconds.
        headers: Root with the headers of a Python of another processor.

    Raises:
        BuildError: It does not build, or only without its kernels.
    """
    source, out, aid = work / "source", work / "wheel", work / "aid"
    shutil.rmtree(work, ignore_errors=True)
    for name in PACKAGES:
        leave = shutil.ignore_patterns("__pycache__", "*.so", "*.c")
        shutil.copytree(SOURCE / name, source / name, ignore=leave)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(SOURCE / name, source / name)
    out.mkdir()
    lock = locked(PYTHON_LOCK.read_text(encoding="utf-8"))
    unpack(fetch([lock[name] for name in BUILDERS if name in lock], native()), aid)
    if headers is not None:  # what that Python was built with; of the rest of it nothing may be run
        name = f"{_sysconfig(board)}.py"
        shutil.copyfile(headers / f"usr/lib/python{PYTHON}" / name, aid / name)
    script = CHECKED.format(paths=[str(aid)]) + f"build_wheel({str(out)!r})"
    Inside(tools, work, *((headers,) if headers else ())).run(
        ["env", "-C", source, f"python{PYTHON}", "-c", script],
        environ=_environ(board, source, epoch, headers, aid),
    )
    wheel = next(out.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    suffix = f".cpython-{PYTHON.replace('.', '')}-{board.triplet}.so"
    if missing := [name for name in COMPILED if name + suffix not in names]:
        raise BuildError(f"not compiled: {', '.join(missing)}; in the wheel: {names[:9]}")
    return wheel


def native() -> Board:
    """Return the board that the tools run on."""
    from image.board import X86_64  # noqa: PLC0415 - only a name

    return X86_64


def state(*roots: Path) -> str:
    """Return a short name for what our wheel is made of; two roots alike give the same."""
    whole = hashlib.sha256(" ".join(path.name for path in roots).encode())
    files = [SOURCE / "pyproject.toml", SOURCE / "README.md", PYTHON_LOCK]
    for name in PACKAGES:
        files += [path for path in sorted((SOURCE / name).rglob("*")) if _is_source(path)]
    for path in files:
        whole.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix not in {".pyc", ".so", ".c"}


def _sysconfig(board: Board) -> str:
    """Return the module in which a Python of that board says how it was built."""
    return f"_sysconfigdata__{board.triplet}"


def _environ(
    board: Board, source: Path, epoch: int, headers: Path | None, aid: Path
) -> dict[str, str]:
    """Return what setuptools and the compiler are to know."""
    flags = f"-O2 -g0 -ffile-prefix-map={source}=."
    found = {"SOURCE_DATE_EPOCH": str(epoch), "CFLAGS": flags, "HOME": "/nonexistent"}
    if headers is None:
        return found
    inside = headers / "usr/include"
    return found | {
        "CC": f"{board.triplet}-gcc",
        "LDSHARED": f"{board.triplet}-gcc -shared",
        "CFLAGS": f"{flags} -I{inside}/python{PYTHON} -I{inside}",
        "PYTHONPATH": str(aid),
        "_PYTHON_HOST_PLATFORM": f"linux-{board.triplet.split('-')[0]}",
        "_PYTHON_SYSCONFIGDATA_NAME": _sysconfig(board),
    }


def unpack(wheels: list[Path], place: Path) -> None:
    """Lay wheels into a folder as pip would, but for the programs they bring."""
    place.mkdir(parents=True, exist_ok=True)
    for path in wheels:
        with zipfile.ZipFile(path) as wheel:
            wheel.extractall(place)
    for data in place.glob("*.data"):
        for part in ("purelib", "platlib"):
            if (data / part).exists():
                shutil.copytree(data / part, place, dirs_exist_ok=True)
        shutil.rmtree(data)
