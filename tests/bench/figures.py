# SPDX-License-Identifier: Apache-2.0
"""The table of figures in README.md, made from the last runs of `make bench`; short rows are bold.

    python -m tests.bench.figures          (`make figures`, after `make bench`)

The runs that are shown are kept beside this file, so that a table that nobody measured fails a
test. Where they differ both ends are shown: the hosts are shared, and one run is luck.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hil.document import with_part

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "build" / "bench.json"
SHOWN = Path(__file__).with_name("figures.json")
README = ROOT / "README.md"
FIELDS = ("name", "value", "unit", "peer", "ratio", "ok")
"What is kept of a row."

PART = "figures"
"Of that document, where the table stands."

RUNS = 3
"Runs that are kept and shown, the newest last."

Measured = Mapping[str, object]
Run = Sequence[Measured]


class Line(NamedTuple):
    """A line of the table."""

    what: str
    rows: tuple[str, ...]
    "Patterns of names of `make bench`, each of one row."
    reached: str
    "How they are said: `{0}` is the first row's value, `{0x}` how it stands to its peer."
    target: str


LINES = (
    Line("look-up among 10 million numbers, median and 99 of 100",
         ("look-up, 10 M, half hits: p50", "look-up, 10 M, half hits: p99"),
         "{0} ns, {1} ns", "300 ns, 1 µs"),
    Line("the same beside LMDB and SQLite",
         ("look-up, 10 M: mean LMDB", "look-up, 10 M: mean SQLite"), "{0x} x, {1x} x", "4 x, 30 x"),
    Line("look-up file; snapshot on the wire",
         ("look-up file, 10 M", "snapshot on the wire, 10 M"), "{0} B, {1} B a number",
         "13 B, 2.5 B"),
    Line("10,000 changes to 10 million, applied", (r"delta of 9\d{3} applied, 10 M",), "{0} s",
         "3 s"),
    Line("100,000 messages/s for 10 s through to the verdict, lost",
         ("live capture, 100,000 .*, lost",), "{0}, each counted", "0"),
    Line("the same from a flood, on one core", ("live capture, .*, through one core",),
         "{0} messages/s", "100,000"),
    Line("tap alone, flooded: lost; a message", ("tap alone, .*, lost", "tap alone, .*, a message"),
         "{0}; {1} µs", "0; 1.5 µs"),
    Line("sent less heard less counted as lost, flood included",
         ("live capture, 100,000 .*, unaccounted", "live capture, .* offered, unaccounted",
          "tap alone, .*, unaccounted"), "{0}, {1}, {2}", "0"),
    Line("100,000 calls up: followed alone; with detection, reports and the program itself",
         ("100,000 calls up $", "100,000 calls up, with detection"), "{0} MB; {1} MB", "150 MB"),
    Line("HDLC deframing of one timeslot (mostly fill units)", ("HDLC deframing",),
         "{0} x real time, {0x} x bit by bit", "300 x"),
    Line("16 timeslot directions, octets to verdicts", ("16 timeslot",), "{0} % of a core", "15 %"),
    Line("INVITE unit to verdict, median and 99 of 100",
         ("INVITE unit to verdict, p50", "INVITE unit to verdict, p99"), "{0} µs, {1} µs",
         "25 µs, 100 µs"),
    Line("replay, start of the program included, beside sngrep and tshark",
         ("replay .* sngrep", "replay .* tshark"), "{0} messages/s, {0x} x, {1x} x",
         "150,000, 3 x, 30 x"),
    Line("SIP redirect gate before SIPp retransmits, beside Kamailio with htable",
         ("SIP redirect gate, before",), "{0} calls/s, {0x} x", "5,000, 0.8 x"),
    Line("the same at 5,000 calls/s: median, 99 of 100, failed",
         ("SIP redirect gate, .* half", "SIP redirect gate, .* 99", "SIP redirect gate, .* failed"),
         "{0} ms, {1} ms, {2}", "–, 5 ms, 0"),
    Line("INVITE to its end on the wire, median: Kamailio asks, is told; Asterisk asks, is told",
         ("INVITE .* kamailio asks, median", "INVITE .* kamailio told, median",
          "INVITE .* asterisk asks, median", "INVITE .* asterisk told, median"),
         "{0}, {1}; {2}, {3} ms", "before it rings"),
    Line("IAM to its release on the line, an exchange is told", ("IAM .* raw bits, median",),
         "{0} ms", "before it rings"),
    Line("evidence: keep a verdict, median", ("evidence: keep a verdict, median",), "{0} µs",
         "60 µs"),
    Line("backlog to the hub's database, loopback; beside one by one", ("backlog",),
         "{0} events/s, {0x} x", "50,000"),
    Line("verdict beside 50 viewers of the page at 1,000 calls/s, to none: median, 99 of 100",
         ("verdict beside 50 .*, p50 no", "verdict beside 50 .*, p99 no"), "{0x} x, {1x} x",
         "1.2 x"),
    Line("urgent block at the hub to refused, 100 appliances, 99 of 100", ("urgent block",),
         "{0} s", "2 s"),
)  # fmt: skip


def found(rows: Run, pattern: str) -> Measured:
    """Return the one row of that name, its peer at the end. Raises `LookupError`."""
    ours = _named(rows, pattern)
    if len(ours) != 1:
        raise LookupError(f"{len(ours)} rows are named {pattern}")
    return ours[0]


def _named(rows: Run, pattern: str) -> list[Measured]:
    return [row for row in rows if re.match(pattern, f"{row['name']} {row['peer'] or ''}")]


def _of_all(runs: Sequence[Run], pattern: str) -> list[Measured]:
    """Return the row of that name in the runs that had it: older ones may not have measured it."""
    newest = found(runs[-1], pattern)
    return [*(row for run in runs[:-1] for row in _named(run, pattern)), newest]


def table(runs: Sequence[Run]) -> str:
    """Return the table for the document. Raises `LookupError`."""
    lines = ["| what | reached | target |", "|---|---|---|"]
    for line in LINES:
        measured = [_of_all(runs, pattern) for pattern in line.rows]
        values = [span(row["value"] for row in each) for each in measured]
        ratios = {f"x{at}": span(row["ratio"] for row in each) for at, each in enumerate(measured)}
        reached = re.sub(r"\{(\d)x\}", r"{x\1}", line.reached).format(*values, **ratios)
        bold = "**" if any(row["ok"] is False for each in measured for row in each) else ""
        lines.append(f"| {bold}{line.what}{bold} | {bold}{reached}{bold} | {line.target} |")
    return "\n".join(lines)


def span(values: Iterable[object]) -> str:
    """Return the least and the most of some figures, or the one that they all are."""
    ends = sorted(value for value in values if isinstance(value, int | float))
    if not ends:
        return "–"
    least, most = number(ends[0]), number(ends[-1])
    return least if least == most else f"{least} to {most}"


def number(value: float) -> str:
    """Return a figure as people read it: three digits that count, thousands apart."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:g}"


def with_newest(runs: Sequence[Run], newest: Run) -> list[Run]:
    """Return the runs to keep: only what the table shows of them; the same run is one run."""
    wanted = [found(newest, pattern) for line in LINES for pattern in line.rows]
    shown = [{field: row[field] for field in FIELDS} for row in wanted]
    return [*(run for run in runs if run != shown), shown][-RUNS:]


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Take the last run of `make bench` into the document."""
    if not MEASURED.exists():
        say(f"{MEASURED}: not there: make bench\n")
        return 1
    kept = json.loads(SHOWN.read_text(encoding="utf-8")) if SHOWN.exists() else []
    runs = with_newest(kept, json.loads(MEASURED.read_text(encoding="utf-8")))
    text = with_part(README.read_text(encoding="utf-8"), PART, table(runs))
    SHOWN.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(text, encoding="utf-8")
    say(table(runs) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
