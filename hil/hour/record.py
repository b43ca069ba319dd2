# SPDX-License-Identifier: Apache-2.0
"""Keeps the last hour as the record of a release: its report, its page, its table in hil/README.md.

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
README = SOURCE / "hil" / "README.md"
PART = "the hour"
"Of that document, where the table stands."
KERNEL = re.compile(r"(Linux [\d.]+)\S*")
JUDGED = "the_"
"What the scenarios that judge the whole hour begin with; the others are its faults."

Facts = Mapping[str, Any]


def kept(found: Facts) -> dict[str, Any]:
    """Return what is kept of a report: not the logs beside it, nor who built that kernel."""
    place = {**found["place"]}
    facts = {name: KERNEL.sub(r"\1", str(fact)) for name, fact in place["facts"].items()}
    scenarios = [{**one, "files": []} for one in found["scenarios"]]
    return {**found, "place": {**place, "facts": facts}, "scenarios": scenarios}


def table(found: Facts) -> str:
    """Return what the hour reached; what is short of its promise is bold."""
    wanted, began = found["place"]["facts"]["wanted"], found["began"][:10]
    said = f"{wanted}, {began}, commit {found['source'][:7]}; {_faults(found)}."
    head = "| what | reached | promised |", "|---|---|---|"
    lines = [f"{said} [The page](records/{PAGE})", "", *head]
    for one in found["scenarios"]:
        for figure in one["figures"] if one["name"].startswith(JUDGED) else ():
            bold = "**" if figure["verdict"] == "broken" else ""
            reached = f"{bold}{page.shown(figure['value'])} {figure['unit']}{bold}"
            least = "at least " if figure["better"] == "more" else ""
            limit = f"{least}{page.shown(figure['limit'])} {figure['unit']}"
            lines.append(f"| {bold}{figure['name']}{bold} | {reached} | {limit} |")
    return "\n".join(lines)


def _faults(found: Facts) -> str:
    faults = [one for one in found["scenarios"] if not one["name"].startswith(JUDGED)]
    well = sum(one["outcome"] == "passed" for one in faults)
    return f"{well} of {len(faults)} faults recovered from"


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Keep it."""
    if not RESULT.exists():
        say(f"{RESULT}: not there: make hour\n")
        return 1
    found = kept(json.loads(RESULT.read_text(encoding="utf-8")))
    text = with_part(README.read_text(encoding="utf-8"), PART, table(found))
    RECORD.mkdir(exist_ok=True)
    report = json.dumps(found, indent=1, ensure_ascii=False)
    (RECORD / REPORT).write_text(report + "\n", encoding="utf-8")
    (RECORD / PAGE).write_text(page.html(found), encoding="utf-8")
    README.write_text(text, encoding="utf-8")
    say(table(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
