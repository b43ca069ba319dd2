# SPDX-License-Identifier: Apache-2.0
"""The live table of `qalqan replay` and `qalqan run`, and the closing one.

On a terminal the last calls are drawn again and again; elsewhere every verdict that has something
to say is one line.
"""

import sys
from collections import deque
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge.cli.printable import printable
from edge.clock import monotonic_s
from edge.evidence.journal import Journal
from edge.model.event import CallAnswered, CallReleased, shown
from edge.pipeline import Decided, Finding
from edge.seen.tally import Tally, outcome

ROWS = 14
DRAW_EVERY_S = 0.1

STYLES = {
    "blocked": "bold white on red",
    "would_block": "bold red",
    "diverted": "bold white on magenta",
    "would_divert": "bold magenta",
    "noted": "yellow",
    "allowed": "green",
}
WORDS = {
    "blocked": "BLOCKED",
    "would_block": "would block",
    "diverted": "DIVERTED",
    "would_divert": "would divert",
    "noted": "let through, noted",
    "allowed": "allowed",
}

COLUMNS = ("offered", "allowed", "noted", "would_block", "blocked", "would_divert", "diverted")
"Of the closing table; those behind the first add up to it."


class Row:
    """One call on the board."""

    def __init__(self, decided: Decided) -> None:
        """Take what will be shown of a call."""
        offer, verdict = decided.offer, decided.verdict
        self.key = (offer.call, offer.attempt)
        self.time = datetime.fromtimestamp(offer.at / 1e9, UTC).strftime("%H:%M:%S")
        self.trunk = offer.trunk.name
        self.calling = printable(shown(offer.calling.number))
        self.called = printable(shown(offer.called.number))
        self.outcome = outcome(verdict)
        self.why = verdict.reasons[-1].text if verdict.reasons else ""
        self.state = "offered"


class Board:
    """Shows calls and verdicts while they happen."""

    def __init__(self, tally: Tally, console: Console | None = None) -> None:
        """Draw on `console`, by default the terminal."""
        self._tally = tally
        self._console = console or Console()
        self._rows: deque[Row] = deque(maxlen=ROWS)
        self._drawn_s = 0.0
        self._is_drawn = self._console.is_terminal  # asking costs more than counting a call
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def start(self) -> None:
        """Begin to draw, on a terminal."""
        if self._is_drawn:
            self._live.start()

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._is_drawn:
            self._live.stop()

    def show(self, at: int, found: list[Finding]) -> None:
        """Take over what came of one unit heard at `at`."""
        for finding in found:
            if isinstance(finding, Decided):
                if self._is_drawn:
                    self._rows.append(Row(finding))
                elif finding.verdict.reasons:
                    self._say(Row(finding))
            elif self._is_drawn and isinstance(finding, CallAnswered | CallReleased):
                self._update(finding)
        if self._is_drawn and (now := monotonic_s()) - self._drawn_s > DRAW_EVERY_S:
            self._drawn_s = now
            self._live.update(self._picture(at), refresh=True)

    def _say(self, row: Row) -> None:
        numbers = f"{row.calling} > {row.called}"
        words = WORDS[row.outcome]
        line = f"{row.time}  {row.trunk:<10} {numbers:<30} {words:<19} {row.why}"
        self._console.out(line, highlight=False)

    def _update(self, event: CallAnswered | CallReleased) -> None:
        for row in self._rows:
            if row.key == (event.call, event.attempt):
                row.state = "talking" if isinstance(event, CallAnswered) else f"ended {event.cause}"

    def _picture(self, at: int) -> Group:
        calls = self._tally.calls
        clock = datetime.fromtimestamp(at / 1e9, UTC)
        head = Text.assemble(
            (" Qalqan Edge ", "bold reverse"),
            f"  {clock:%Y-%m-%d %H:%M:%S} UTC   calls {calls['offered']}   ",
            (f"blocked {calls['blocked']}", "bold red"),
            f"   would block {calls['would_block']}   noted {calls['noted']}",
            f"   allowed {calls['allowed']}",
        )
        table = Table(expand=True, box=None, padding=(0, 1))
        for column in ("time", "trunk", "calling", "called", "verdict", "call", "why"):
            table.add_column(column, no_wrap=column != "why")
        for row in self._rows:
            verdict = Text(WORDS[row.outcome], STYLES[row.outcome])
            # As `Text`: in a bare string a caller's `[/b]` would be markup.
            before = (Text(cell) for cell in (row.time, row.trunk, row.calling, row.called))
            table.add_row(*before, verdict, Text(row.state), Text(row.why))
        return Group(head, table)

    def close(self, journal: Journal | None) -> None:
        """Print the closing tables."""
        summary, console = self._tally.summary(journal), self._console
        console.print()
        console.print(self._trunks())
        if self._tally.by_rule:
            console.print(self._rules())
        for alarm in self._tally.alarms:
            where = f" on {alarm.trunk}" if alarm.trunk else ""
            text = printable(f" {alarm.name}{where}: {alarm.text}")
            console.print(Text.assemble(("alarm", "bold red"), text))
        self._balance()
        took = summary.get("verdict_us")
        if isinstance(took, dict):
            console.print(
                f"{summary['offered']} calls decided, each within {took['p50']:.0f} us"
                f" (median), {took['p99']:.0f} us (99 of 100)."
            )
        if journal:
            console.print(
                f"Evidence of {journal.records} verdicts: {journal.folder}/",
                markup=False,
                soft_wrap=True,
            )
            if journal.last:
                command = f"{sys.argv[0]} explain {journal.last} --evidence {journal.folder}"
                console.print(
                    f"Why was the last one stopped? {command}", markup=False, soft_wrap=True
                )
            if journal.lost:
                console.print(f"Of these could not be written: {journal.lost}")

    def _balance(self) -> None:
        """Print what went into each stage and what became of it, and what may have been missed."""
        for stage, (whole, *parts) in self._stages():
            sums = " + ".join(f"{name.replace('_', ' ')} {count}" for name, count in parts)
            self._console.print(f"{stage:<8} {' '.join(map(str, whole))} = {sums}", style="dim")
        for cause, count in self._tally.blind.items():
            said = f" {cause}: {count}; a call may have been missed"
            self._console.print(Text.assemble(("blind", "bold red"), said))

    def _stages(self) -> list[tuple[str, list[tuple[str, int]]]]:
        return [(stage, list(counts.items())) for stage, counts in self._tally.balance().items()]

    def _trunks(self) -> Table:
        table = Table(title="By trunk", title_justify="left")
        table.add_column("trunk")
        by_trunk = sorted(self._tally.by_trunk.items())
        columns = [c for c in COLUMNS if c == "offered" or any(n[c] for _, n in by_trunk)]
        for column in columns:
            table.add_column(column.replace("_", " "), justify="right")
        for name, counts in by_trunk:
            table.add_row(name, *(str(counts[column]) for column in columns))
        return table

    def _rules(self) -> Table:
        table = Table(title="By rule", title_justify="left")
        table.add_column("rule")
        table.add_column("calls", justify="right")
        for rule, count in self._tally.by_rule.most_common():
            table.add_row(rule, str(count))
        return table
