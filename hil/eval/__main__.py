# SPDX-License-Identifier: Apache-2.0
"""How well campaigns are found, and honest callers left alone: prints the table.

    python -m hil.eval [--days 10] [--seeds held-out|tuning|1,2,3] [--json build/eval.json]

Weights and thresholds were set by looking at the tuning seeds alone; the held-out ones say what
that is worth.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from hil.eval.play import Played, Run, Tally

SEEDS = {"tuning": (1, 2, 3, 4), "held-out": (101, 102)}
MOST_TOUCHED = 1.0
"Honest calls of 10,000."
MOST_UNTIL = 30
"Calls of a campaign until it is found, median; one that is not found takes for ever."
NEVER = float("inf")


def merged(runs: Sequence[Played]) -> dict[str, Tally]:
    """Return the classes of several runs as one."""
    total: dict[str, Tally] = defaultdict(Tally)
    for run in runs:
        for name, tally in run.classes.items():
            one = total[name]
            one.calls += tally.calls
            one.touched += tally.touched
            one.until += tally.until
            one.groups |= tally.groups
            one.found |= tally.found
    return dict(total)


def summary(runs: Sequence[Played]) -> dict[str, Any]:
    """Return what the table says, for machines."""
    classes = merged(runs)
    good = [tally for tally in classes.values() if not tally.groups]
    bad = [tally for tally in classes.values() if tally.groups]
    honest, touched = sum(t.calls for t in good), sum(t.touched for t in good)
    caught = sum(t.touched for t in bad)
    until = sorted(n for t in bad for n in t.until)
    campaigns = sum(len(t.groups) for t in bad)
    all_of_them = [*until, *[NEVER] * (campaigns - len(until))]
    return {
        "honest_calls": honest,
        "honest_touched": touched,
        "honest_touched_of_10000": round(touched / honest * 10_000, 3) if honest else 0.0,
        "fraud_calls": sum(t.calls for t in bad),
        "fraud_touched": caught,
        "precision": round(caught / (caught + touched), 5) if caught + touched else 0.0,
        "campaigns": campaigns,
        "campaigns_found": sum(len(t.found) for t in bad),
        "until_found_median": _known(median(all_of_them)) if until else None,
        "until_found_p90": quantiles(until, n=10)[-1] if len(until) > 1 else None,
        "memory_kb_by_day": [run.memory_kb for run in runs],
        "keys_by_day": [run.keys for run in runs],
        "classes": {name: row(tally) for name, tally in sorted(classes.items())},
    }


def _known(value: float) -> float | None:
    return None if value == NEVER else value


def row(tally: Tally) -> dict[str, Any]:
    """Return a line of the table."""
    return {
        "calls": tally.calls,
        "touched": tally.touched,
        "share": round(tally.touched / tally.calls, 5) if tally.calls else 0.0,
        "campaigns": len(tally.groups),
        "found": len(tally.found),
        "until": sorted(tally.until),
    }


def table(said: dict[str, Any]) -> str:
    """Return the table for people."""
    lines = [f"{'class':14}{'calls':>9}{'touched':>9}{'share':>9}  campaigns found, after calls"]
    classes = said["classes"].items()
    for name, one in sorted(classes, key=lambda item: (item[1]["campaigns"] > 0, item[0])):
        found = ""
        if one["campaigns"]:
            after = ", ".join(map(str, one["until"]))
            found = f"{one['found']} of {one['campaigns']}{', after ' + after if after else ''}"
        share = f"{one['share']:.2%}"
        lines.append(f"{name:14}{one['calls']:>9,}{one['touched']:>9,}{share:>9}  {found}")
    until, late = said["until_found_median"], said["until_found_p90"]
    lines += [
        "",
        _touched(said),
        f"precision of calls touched: {said['precision']}",
        f"campaigns found: {said['campaigns_found']} of {said['campaigns']}",
        f"calls until found: {until} (median of all; target {MOST_UNTIL})",
        f"90 of 100 of those found within {late}",
    ]
    lines += [
        f"memory at the end of each day, kB: {', '.join(map(str, memory))}"
        for memory in said["memory_kb_by_day"]
        if memory
    ]
    lines += [
        f"keys at the end of each day: {', '.join(map(str, keys))}" for keys in said["keys_by_day"]
    ]
    return "\n".join(lines)


def _touched(said: dict[str, Any]) -> str:
    touched, honest = said["honest_touched"], said["honest_calls"]
    share = f"{said['honest_touched_of_10000']} of 10,000 (target {MOST_TOUCHED:g})"
    return f"honest calls touched: {touched} of {honest:,}, {share}"


def is_short(said: dict[str, Any]) -> bool:
    """Return whether a target was missed."""
    until = said["until_found_median"]
    touched: float = said["honest_touched_of_10000"]
    return touched > MOST_TOUCHED or until is None or until > MOST_UNTIL


def main() -> int:
    """Run and print; return 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--seeds", default="held-out")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    seeds = SEEDS.get(asked.seeds) or tuple(map(int, asked.seeds.split(",")))
    runs = [Run(seed).play(asked.days, trace=not place) for place, seed in enumerate(seeds)]
    said = {"seeds": list(seeds), "days": asked.days, **summary(runs)}
    sys.stdout.write(table(said) + "\n")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return int(is_short(said))


if __name__ == "__main__":
    sys.exit(main())
