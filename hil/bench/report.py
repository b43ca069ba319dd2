# SPDX-License-Identifier: Apache-2.0
"""What a run has found, for programs (`report.json`) and for a customer (`report.html`).

The page is one file that needs nothing beside it; captures and logs lie in the folder `files`.
"""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge import __version__
from hil.bench import page
from hil.bench.measure import Figure, Run, Scenario
from image.places import SOURCE

FILES = "files"
"Folder of what is attached."


def write(run: Run, folder: Path) -> Path:
    """Write both into a folder, with what is attached; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    found = as_json(run, _attach(run, folder))
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    path = folder / "report.html"
    path.write_text(page.html(found), encoding="utf-8")
    return path


def _attach(run: Run, folder: Path) -> dict[Path, str]:
    """Copy what is attached beside the page; return under which names. What is gone is left out."""
    names: dict[Path, str] = {}
    files = ((scenario, one.path) for scenario in run.scenarios for one in scenario.attached)
    for scenario, path in files:
        if path in names or not path.exists():
            continue
        name = f"{FILES}/{scenario.name}-{path.name}"
        if name in names.values():
            name = f"{FILES}/{scenario.name}-{len(names)}-{path.name}"
        (folder / FILES).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / name)
        names[path] = name
    return names


def as_json(run: Run, names: dict[Path, str]) -> dict[str, Any]:
    """Return a run for programs; `names` are the files beside the report, by where they were."""
    return {
        "v": 1,
        "product": f"Qalqan Edge {__version__}",
        "source": _source(),
        "began": _time(run.began_s),
        "passed": run.passed,
        "place": {
            "name": run.place.name,
            "is_emulated": run.place.is_emulated,
            "facts": dict(run.place.facts),
        },
        "scenarios": [_scenario(one, names) for one in run.scenarios],
    }


def _scenario(scenario: Scenario, names: dict[Path, str]) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "says": " ".join(scenario.says.split()),
        "outcome": scenario.outcome,
        "why": scenario.why,
        "began": _time(scenario.began_s),
        "seconds": round(scenario.seconds, 1),
        "figures": [_figure(one) for one in scenario.figures],
        "notes": scenario.notes,
        "ladders": [one._asdict() for one in scenario.ladders],
        "charts": [one._asdict() for one in scenario.charts],
        "files": [
            {"title": one.title, "name": names[one.path], "octets": one.path.stat().st_size}
            for one in scenario.attached
            if one.path in names
        ],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    facts = figure.measure._asdict()
    return {**facts, "value": figure.value, "verdict": figure.verdict}


def _time(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _source() -> str:
    """Return which source this is, as git names it; nothing where there is no git."""
    words = ["git", "-C", str(SOURCE), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
