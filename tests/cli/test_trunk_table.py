# SPDX-License-Identifier: Apache-2.0
"""Tables for people: whatever a list or a wire has said is shown as it is, and does nothing."""

import pytest

from edge.cli.trunk_table import print_list, print_report
from edge.seen.trunk_report import Report, Running

RECORD = {
    "id": "1-1", "trunk": "intl", "time": 1_795_600_000, "rule": "list.calling",
    "wanted": "block", "action": "block", "basis": "list", "calling": "+447700900123",
}  # fmt: skip


def test_no_markup_and_no_escape_of_data_takes_effect(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("intl", 1_795_000_000)
    report.add({**RECORD, "category": "[red]x[/red]\x1b[31m"})
    report.add({"of": "1-1", "trunk": "intl", "time": 1_795_600_001, "outcome": "[b]leaked"})
    report.add({"trunk": "intl"})
    print_report(report, None)
    out = capsys.readouterr().out
    assert "[red]x[/red]\N{REPLACEMENT CHARACTER}[31m" in out
    assert "list.calling: see `qalqan explain` 1-1" in out
    assert "2026-11-25T09:46 " in out
    assert "What became of those whose stop was ordered: [b]leaked 1." in out
    assert "1 records could not be understood." in out
    assert "\x1b" not in out


def test_what_core_counts_stands_below(capsys: pytest.CaptureFixture[str]) -> None:
    now = Running(1_795_600_000, 0, {}, 0, 0, {}, 2)
    print_report(Report("intl", 0), now)
    assert "0 calls, 0 to be stopped (0.000%); the breaker opened 2 times." in (
        capsys.readouterr().out
    )


def test_what_is_not_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    line = {
        "trunk": "intl", "class": "international", "configured": "observe", "mode": "enforce",
        "by": ["door-1", "door-2"], "calls": None, "stopped": 0,
    }  # fmt: skip
    print_list([line, {**line, "by": []}])
    first, second = capsys.readouterr().out.splitlines()[3:5]
    assert [cell.strip() for cell in first.strip("│ ").split("│")] == [
        "intl", "international", "observe", "enforce", "door-1, door-2", "-", "0",
    ]  # fmt: skip
    assert second.count(" - ") == 2
