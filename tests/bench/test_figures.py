# SPDX-License-Identifier: Apache-2.0
"""The table in README.md is that of the runs beside it, and a row that is short is bold."""

import json
from typing import Any

import pytest

from hil.document import with_part
from tests.bench.figures import (
    LINES,
    PART,
    README,
    RUNS,
    SHOWN,
    found,
    span,
    table,
    with_newest,
)

Rows = list[dict[str, Any]]


@pytest.fixture
def runs() -> list[Rows]:
    kept: list[Rows] = json.loads(SHOWN.read_text(encoding="utf-8"))
    return kept


def _said_ok(run: Rows, ok: object) -> Rows:
    return [{**row, "ok": ok} for row in run]


def test_the_document_shows_the_runs_that_are_kept(runs: list[Rows]) -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_part(text, PART, table(runs)), "make bench, then make figures"


def test_a_line_is_bold_where_one_run_was_short(runs: list[Rows]) -> None:
    met = [_said_ok(run, ok=True) for run in runs]
    assert "**" not in table(met)
    assert table([*met, _said_ok(runs[-1], ok=False)]).count("**") == 4 * len(LINES)
    assert "**" not in table([_said_ok(runs[-1], None)]), "a row without a target is not short"


def test_a_row_that_is_not_there_or_twice_is_refused(runs: list[Rows]) -> None:
    with pytest.raises(LookupError, match="0 rows are named speed of light"):
        found(runs[-1], "speed of light")
    with pytest.raises(LookupError, match="rows are named look-up"):
        found(runs[-1], "look-up")


def test_the_last_runs_are_kept_and_none_twice(runs: list[Rows]) -> None:
    newest = [{**row, "target": "none of the table's", "ok": False} for row in runs[-1]]
    kept = with_newest(runs, newest)
    assert len(kept) == min(len(runs) + 1, RUNS)
    assert all(row["ok"] is False and "target" not in row for row in kept[-1])
    assert with_newest(kept, newest) == kept
    for seen in range(RUNS):
        kept = with_newest(kept, [{**row, "value": seen} for row in newest])
    assert [run[0]["value"] for run in kept] == list(range(RUNS))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0], "0"),
        ([0.723, 0.7231], "0.723"),
        ([37.88, 9.611], "9.61 to 37.9"),
        ([1595, 611], "611 to 1,600"),
        ([560049, 49552, 49561], "49,600 to 560,000"),
        ([None, None], "–"),
    ],
)
def test_figures_have_the_digits_that_count(values: list[float | None], text: str) -> None:
    assert span(values) == text
