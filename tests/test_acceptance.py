# SPDX-License-Identifier: Apache-2.0
"""The list of promises: each is shown by something that is there, and one that breaks is seen."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.acceptance import (
    BUILD,
    PROMISES,
    Book,
    Promise,
    Result,
    Shown,
    checked_out,
    results,
    rows,
    run,
    short_of,
    table,
)

ROOT = Path(__file__).parent.parent
ROWS = [
    {"name": "gate", "value": 9, "unit": "ms", "ratio": None, "target": "< 5", "ok": False},
    {"name": "gate, failed", "value": 0, "unit": "", "ratio": None, "target": "0", "ok": True},
    {"name": "size", "value": 9, "unit": "B", "ratio": None, "target": "", "ok": None},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tests.acceptance.BUILD", tmp_path)
    return tmp_path


def test_every_promise_has_a_name_of_its_own() -> None:
    assert len({one.name for one in PROMISES}) == len(PROMISES)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.name)
def test_what_shows_it_is_there(promise: Promise) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake ([a-z-]+)", promise.command)
    files = re.findall(r"\btests/[\w/]+\.py", promise.command)
    assert targets or files
    assert all(re.search(rf"^{one}:", makefile, re.MULTILINE) for one in targets)
    assert all((ROOT / one).is_file() for one in files)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("gate", "gate: 9 ms, ratio None, target < 5"),
        ("gate, failed", ""),
        ("size", ""),
        ("speed", "no row is named speed"),
    ],
)
def test_a_row_that_is_short_is_said(names: str, said: str) -> None:
    assert short_of(ROWS, names) == said


@pytest.mark.skipif(not (BUILD / "bench.json").exists(), reason="`make bench` was not run here")
def test_each_row_of_a_table_belongs_to_one_promise() -> None:
    patterns = [one.bench for one in PROMISES if one.bench]
    for row in rows():
        assert sum(bool(re.match(one, str(row["name"]))) for one in patterns) == 1, row["name"]


def test_what_a_command_says_and_how_it_ends_is_kept(folder: Path) -> None:
    well = Promise("well", "it runs", "printf 'one\\n\\033[1mtwo\\033[0m\\n'")
    ill = Promise("ill", "it fails", "echo because; exit 3")
    silent = Promise("silent", "it fails and says nothing", "false")
    told: list[str] = []
    found = list(results([well, ill, silent], told.append))
    assert [(one.holds, one.said) for one in found] == [
        (True, "two"), (False, "because"), (False, "exit code 1"),
    ]  # fmt: skip
    assert told[0] == "well: it runs ..."
    assert (folder / "acceptance" / "ill.log").read_text() == "because\n"
    assert table([well, ill, silent], {one.name: one for one in found[1:]}).row_count == 3


def test_a_command_that_shows_two_is_run_once(folder: Path) -> None:
    (folder / "bench.json").write_text(
        '[{"name": "gate", "value": 9, "unit": "ms", "ratio": 1, "target": "< 5", "ok": false},'
        ' {"name": "size", "value": 9, "unit": "B", "ratio": 1, "target": "< 5", "ok": true}]'
    )
    ran: list[str] = []

    def once(promise: Promise) -> Shown:
        ran.append(promise.name)
        return run(promise)

    both = [Promise("gate", "", "true", "gate"), Promise("size", "", "true", "size")]
    assert [one.holds for one in results(both, len, once)] == [False, True]
    assert ran == ["gate"]


def test_what_was_shown_is_written_down_at_once_and_known_again(folder: Path) -> None:
    well, ill = Promise("well", "", "true"), Promise("ill", "", "false")
    path = folder / "acceptance.json"
    for result in results([well, ill], len):
        Book(path).take(result)
        assert Book(path).found[result.name] == result
    book = Book(path)
    assert book.found["well"].commit == checked_out()
    book.take(Result("well", "", "true", holds=True, seconds=0, said="", commit="abc1234"))
    assert book.holds(well, "abc1234")
    assert not book.holds(ill, "abc1234")
    assert not any(book.holds(well, other) for other in ("abc1235", "abc1234+", ""))
    assert not book.holds(Promise("new", "", "true"), "abc1234")


@pytest.mark.parametrize("octets", [b"", b"[", b'{"name": 7}', b'[{"name": "well"}]'])
def test_a_book_of_another_shape_is_begun_anew(folder: Path, octets: bytes) -> None:
    path = folder / "acceptance.json"
    path.write_bytes(octets)
    assert Book(path).found == {}


def test_the_table_says_what_was_never_shown(folder: Path) -> None:
    known = {"a": Result("a", "", "true", holds=False, seconds=60, said="[x]", commit="abc1234+")}
    console = Console(width=200, record=True, file=StringIO())
    console.print(table([Promise("a", "", "true"), Promise("b", "", "true")], known))
    text = console.export_text()
    assert re.search(r"1\.0.*NO.*abc1234\+.*\[x\]", text)
    assert "not shown" in text


def test_the_command_lists_and_refuses() -> None:
    def asked(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "tests.acceptance", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    listed = asked("--list", "gate")
    assert (listed.returncode, listed.stdout.split()[0]) == (0, "gate")
    assert asked("nothing-of-the-kind").returncode == 2
    assert asked("--list", "--table").returncode == 2
    told = asked("--table").stdout
    assert "Promised, and shown" in told
    assert ".venv" not in told
