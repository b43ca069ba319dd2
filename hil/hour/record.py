# SPDX-License-Identifier: Apache-2.0
"""Keeps the last hour as the record of a release: its report, its page, its parts of both READMEs.

python -m hil.hour.record        (after `make hour`)
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from hil.bench import page
from hil.document import with_part
from image.places import SOURCE

RESULT = SOURCE / "build" / "hour" / "report.json"
RECORD = SOURCE / "hil" / "records"
REPORT, PAGE = "hour.json", "hour.html"
README, FRONT = SOURCE / "hil" / "README.md", SOURCE / "README.md"
PART = "the hour"
"Of those documents, where the table stands, and in the other what it comes to."
KERNEL = re.compile(r"(Linux [\d.]+)\S*")
JUDGED = "the_"
"What the scenarios that judge the whole hour begin with; the others are its faults."
TOLD = ("the_traffic", "the_balance", "the_stops")
"Those of which all is told that they noted."

Facts = Mapping[str, Any]


def kept(found: Facts) -> dict[str, Any]:
    """Return what is kept of a report: not the logs beside it, nor who built that kernel."""
    place = {**found["place"]}
    facts = {name: KERNEL.sub(r"\1", str(fact)) for name, fact in place["facts"].items()}
    scenarios = [{**one, "files": []} for one in found["scenarios"]]
    return {**found, "place": {**place, "facts": facts}, "scenarios": scenarios}


def table(found: Facts) -> str:
    """Return what the hour reached; what is short of its promise is bold."""
    head = "| what | reached | promised |", "|---|---|---|"
    lines = [f"{_said(found)} [The page](records/{PAGE})", "", *head]
    for one in found["scenarios"]:
        for figure in one["figures"] if one["name"].startswith(JUDGED) else ():
            bold = "**" if figure["verdict"] == "broken" else ""
            reached = f"{bold}{page.shown(figure['value'])} {figure['unit']}{bold}"
            least = "at least " if figure["better"] == "more" else ""
            limit = f"{least}{page.shown(figure['limit'])} {figure['unit']}"
            lines.append(f"| {bold}{figure['name']}{bold} | {reached} | {limit} |")
    return "\n".join(lines)


def summary(found: Facts) -> str:
    """Return what the hour came to, for who reads no table: what is short, and what was noted."""
    judged = [one for one in found["scenarios"] if one["name"].startswith(JUDGED)]
    figures = [figure for one in judged for figure in one["figures"]]
    short = [_short(one) for one in figures if one["verdict"] == "broken"]
    held = f"{len(figures) - len(short)} of {len(figures)} promises held"
    but = f"; **not held: {', '.join(short)}**" if short else ""
    notes = [f"- {note}" for one in judged if one["name"] in TOLD for note in one["notes"]]
    return "\n".join([f"{_said(found)} {held}{but}:", "", *notes])


def _short(figure: Facts) -> str:
    value, limit = page.shown(figure["value"]), page.shown(figure["limit"])
    return f"{figure['name']}, {value} of {limit} {figure['unit']}"


def _said(found: Facts) -> str:
    """Return what it was, and what came of its faults."""
    faults = [one for one in found["scenarios"] if not one["name"].startswith(JUDGED)]
    well = sum(one["outcome"] == "passed" for one in faults)
    slowest_s = max((each["value"] for one in faults for each in one["figures"]), default=0.0)
    return (
        f"{found['place']['facts']['wanted']}, {found['began'][:10]}, commit "
        f"{found['source'][:7]}; {well} of {len(faults)} faults recovered from, the slowest in "
        f"{page.shown(slowest_s)} s."
    )


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Keep it."""
    if not RESULT.exists():
        say(f"{RESULT}: not there: make hour\n")
        return 1
    found = kept(json.loads(RESULT.read_text(encoding="utf-8")))
    documents = {
        path: with_part(path.read_text(encoding="utf-8"), PART, part(found))
        for path, part in ((README, table), (FRONT, summary))
    }
    RECORD.mkdir(exist_ok=True)
    report = json.dumps(found, indent=1, ensure_ascii=False)
    (RECORD / REPORT).write_text(report + "\n", encoding="utf-8")
    (RECORD / PAGE).write_text(page.html(found), encoding="utf-8")
    for path, text in documents.items():
        path.write_text(text, encoding="utf-8")
    say(table(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
