# SPDX-License-Identifier: Apache-2.0
"""`make bench`: runs every measurement, prints the table of DESIGN section 12, keeps it as JSON.

Nothing is asserted about a figure: the machines are shared and noisy. A row says whether it met its
target in this run.
"""

import importlib
import json
import platform
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "bench.json"

FIELDS = ("name", "value", "unit", "target", "peer", "peer_value", "ratio", "ok")

MEASURES = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


@pytest.mark.bench
def test_bench() -> None:
    rows = [row for name in MEASURES for row in _rows(name)]
    assert rows
    assert all(tuple(row) == FIELDS for row in rows)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    python = f"Python {platform.python_version()} of {sys.base_prefix}"
    table = Table(title=f"Measured on this machine, now, by {python}", title_justify="left")
    for field in FIELDS:
        table.add_column(field.replace("_", " "))
    for row in rows:
        table.add_row(*(_text(row[field]) for field in FIELDS))
    Console(width=150).print(table)


def _rows(name: str) -> list[dict[str, object]]:
    """Return the rows of one measurement, in each of the sizes it names."""
    module = importlib.import_module(f"tests.bench.{name}")
    sizes = getattr(module, "SIZES", ())
    return [row for size in sizes for row in module.rows(size)] if sizes else module.rows()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return "" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
