# SPDX-License-Identifier: Apache-2.0
"""Lines of the journal: whose, of what level, as text of one line; and how the journal is asked."""

import json
import sys
from pathlib import Path
from shlex import quote

import pytest

from edge.console import logs
from edge.console.logs import MOST_LINES, MOST_TEXT, UNITS, Logs, lines_of, words_of

AT_US = 1_795_600_000_000_000
CORE = {"_SYSTEMD_UNIT": "qalqan-core.service", "PRIORITY": "6", "_TRANSPORT": "stdout"}


def entry(message: object, **fields: object) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(AT_US), "MESSAGE": message, **CORE, **fields})


def ours(event: str, level: str, **more: object) -> str:
    return entry(json.dumps({"event": event, "level": level, "at": "2026-11-25", **more}))


def line(printed: str) -> logs.Line:
    (found,) = lines_of(printed.encode())
    return found


def test_a_line_of_our_own_log() -> None:
    assert line(ours("tap opened", "warning", tap="mirror", lost={"a": 1})) == (
        AT_US / 1e6, "core", "warning", 'tap opened tap=mirror lost={"a":1}',
    )  # fmt: skip
    assert line(ours("x", "critical")).level == "error"
    assert line(ours("x", "debug")).level == "info"


@pytest.mark.parametrize(("fields", "process", "level"), [
    ({"_SYSTEMD_UNIT": "init.scope", "UNIT": "qalqan-uplink.service", "PRIORITY": "4"},
     "uplink", "warning"),
    ({"_SYSTEMD_UNIT": "rauc.service", "PRIORITY": "3"}, "update", "error"),
    ({"_SYSTEMD_UNIT": "rauc.service"}, "update", "info"),
    ({"_SYSTEMD_UNIT": "qalqan-fallback.service", "_TRANSPORT": "journal"}, "health", "info"),
    ({}, "core", "warning"),
    ({"PRIORITY": "x", "_TRANSPORT": "journal"}, "core", "info"),
    ({"_SYSTEMD_UNIT": ["qalqan-page.service", "b"], "_TRANSPORT": "journal"}, "page", "info"),
    ({"_SYSTEMD_UNIT": None}, "", "info"),
])  # fmt: skip
def test_a_line_of_another_form(fields: dict[str, object], process: str, level: str) -> None:
    found = line(entry("Traceback (most recent call last):", **fields))
    assert (found.process, found.level) == (process, level)


@pytest.mark.parametrize(("message", "text"), [
    ("a\nb\t\x1b[31mc\u202ed\x00", "a b [31mc d"), ([104, 105, 255, 300], "hi\ufffd,"),
    (None, ""), ([], ""), ("<script>", "<script>"), ("ә" * 2000, "ә" * MOST_TEXT), (7, ""),
    ('{"a":' + "[" * 3000, '{"a":' + "[" * (MOST_TEXT - 5)),
])  # fmt: skip
def test_whatever_stands_there_is_text_of_one_line(message: object, text: str) -> None:
    assert line(entry(message)).text == text


@pytest.mark.parametrize("printed", [
    "", "\n", "{", "[]", "7", "{}", '{"__REALTIME_TIMESTAMP":"x"}',
    json.dumps({"__REALTIME_TIMESTAMP": "9" * 400}), "\udcff",
])  # fmt: skip
def test_what_is_no_line_is_left(printed: str) -> None:
    whole = f"{printed}\n{ours('kept', 'info')}\n"
    assert [one.text for one in lines_of(whole.encode(errors="surrogateescape"))] == ["kept"]


@pytest.mark.parametrize("process", ["", *UNITS])
def test_the_journal_is_asked_with_our_own_words(process: str) -> None:
    program, *words = words_of("journalctl", process)
    assert all(word.startswith("--") for word in words)
    units = {word.partition("=")[2] for word in words if word.startswith("--unit=")}
    every = {unit for units in UNITS.values() for unit in units}
    assert (program, units) == ("journalctl", set(UNITS[process]) if process else every)
    assert {"--no-pager", "--output=json", f"--lines={logs.MOST_READ}"} <= set(words)


def printing(folder: Path, python: str) -> Logs:
    """Return the logs of a journalctl that is a few lines of Python, and notes its words."""
    program = folder / "journalctl"
    noting = f"import sys; open({str(folder / 'asked')!r}, 'a').write(' '.join(sys.argv) + chr(10))"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c {quote(f'{noting}; {python}')} $@\n")
    program.chmod(0o755)
    return Logs(str(program))


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_levels_and_processes_are_chosen_and_no_more_is_shown_than_may_be(tmp_path: Path) -> None:
    lines = [ours("new", "error"), ours("bad", "warning"), *[ours("old", "info")] * 300]
    (tmp_path / "said").write_text("\n".join(lines))
    own = printing(tmp_path, f"print(open({str(tmp_path / 'said')!r}).read())")
    texts = {level: [one.text for one in own.lines("", level, 1.0) or ()] for level in logs.LEVELS}
    assert texts["error"] == ["new"]
    assert texts["warning"] == ["new", "bad"]
    assert len(texts["info"]) == MOST_LINES
    assert own.lines("", "'; reboot", 1.0) == own.lines("", "info", 1.0)
    assert len(asked(tmp_path)) == 1, "what was read a moment ago is shown again"
    own.lines("--file=/etc/shadow", "info", 1.0)
    assert len(asked(tmp_path)) == 1, "who names what is none of ours sees all"
    own.lines("core", "info", 1.0)
    own.lines("core", "info", 1.0 + logs.FRESH_S + 0.1)
    assert len(asked(tmp_path)) == 3
    assert "--unit=qalqan-core.service" in asked(tmp_path)[-1]
    assert "rauc" not in asked(tmp_path)[-1]


def test_where_there_is_no_journal(tmp_path: Path) -> None:
    assert Logs(str(tmp_path / "none")).lines("", "info", 1.0) is None
    assert printing(tmp_path, "sys.exit(1)").lines("", "info", 1.0) is None


def test_no_line_of_this_level_is_something_else(tmp_path: Path) -> None:
    own = printing(tmp_path, f"print({ours('x', 'info')!r})")
    assert own.lines("", "error", 1.0) == []


def test_a_journal_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_OCTETS", 10_000)
    own = printing(tmp_path, f"[print({ours('x', 'info')!r}) for _ in iter(int, 1)]")
    assert 10 < len(own.lines("", "info", 1.0) or ()) <= MOST_LINES


def test_a_journal_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PATIENCE_S", 0.2)
    assert printing(tmp_path, "sys.stdin = None; import signal; signal.pause()").lines(
        "", "info", 1.0
    ) is None  # fmt: skip
