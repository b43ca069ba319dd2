# SPDX-License-Identifier: Apache-2.0
"""The tables of `qalqan trunk`, for people."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.cli.printable import printable
from edge.seen.trunk_report import Report, Running
from edge.verdict.explain import utc

_UNKNOWN = "-"
_FILE_WIDTH = 200
_TO_THE_MINUTE = len("2026-11-25T09:30")
_RIGHT = {"calls", "ordered", "callers", "stopped"}


def print_list(lines: Sequence[Mapping[str, object]]) -> None:
    """Print the trunks."""
    columns = ("trunk", "class", "configured", "mode", "by", "calls", "stopped")
    table = _table("", columns)
    for line in lines:
        table.add_row(*(_cell(line[column]) for column in columns))
    _console().print(table)


def print_report(report: Report, now: Running | None) -> None:
    """Print what was to be stopped on a trunk."""
    since = utc(int(report.since_s))
    title = f"{report.trunk}: {report.calls} calls were to be stopped since {since}"
    columns = ("rule", "category", "wanted", "calls", "ordered", "callers", "first", "last")
    table = _table(title, columns)
    for group in report.groups:
        words = (group.rule, group.category, group.wanted, group.calls, group.ordered)
        times = (utc(int(at))[:_TO_THE_MINUTE] for at in (group.first, group.last))
        table.add_row(*map(_cell, (*words, len(group.callers), *times)))
    console = _console()
    console.print(table)
    for line in (*_examples(report), *_beside(report, now)):
        console.print(escape(printable(line)), soft_wrap=True)


def _examples(report: Report) -> list[str]:
    return [f"{group.rule}: see `qalqan explain` {' '.join(group.examples)}"
            for group in report.groups]  # fmt: skip


def _beside(report: Report, now: Running | None) -> list[str]:
    lines = []
    if report.outcomes:
        said = ", ".join(f"{name} {count}" for name, count in report.outcomes.most_common())
        lines.append(f"What became of those whose stop was ordered: {said}.")
    if report.unread:
        lines.append(f"{report.unread} records could not be understood.")
    if now is None:
        return [*lines, "core does not run: of how many calls these were is not known."]
    wanted = sum(now.wanted.values())
    lines.append(
        f"Since core runs ({utc(int(now.since_s))}): {now.calls} calls, {wanted} to be stopped"
        f" ({now.share:.3%}); the breaker opened {now.breaker_opened} times."
    )
    lines += [f"{rule} let {count} through." for rule, count in sorted(now.guardrails.items())]
    return lines


def _console() -> Console:
    """Return where to print; a file is as wide as it need be."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for column in columns:
        right = column in _RIGHT
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table


def _cell(value: object) -> str:
    if value is None:
        return _UNKNOWN
    if isinstance(value, list):
        return _cell(", ".join(map(str, value)) or _UNKNOWN)
    return escape(printable(str(value)))
