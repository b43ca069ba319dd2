# SPDX-License-Identifier: Apache-2.0
"""The fleet as a table, for people who watch it, or as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Group
from rich.table import Table
from rich.text import Text

from edge.cli.printable import printable
from hil.hub.fleet import Member

STYLES = {
    "ready": "green",
    "init": "cyan",
    "alert": "bold yellow",
    "offline": "dim",
    "lost": "bold red",
    "unknown": "dim",
}
MOST_NOTES = 12
"The latest that are shown below the table."
SILENT_S = 90
"A heartbeat comes every ten to thirty seconds; this long without any is shown in red."
_NS = 1_000_000_000
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def as_json(members: Sequence[Member]) -> str:
    """Return the fleet as one object of JSON."""
    return msgspec.json.encode({"v": 1, "fleet": members}).decode()


def ago(then_ns: int, now_ns: int) -> str:
    """Return how long ago something was, for people."""
    if not then_ns:
        return "never"
    passed = max(now_ns - then_ns, 0) // _NS
    for seconds, unit in _UNITS:
        if passed >= seconds:
            return f"{passed // seconds} {unit}"
    return "now"


def picture(members: Sequence[Member], now_ns: int) -> Group:
    """Return the fleet, worst news last, as rich draws it."""
    table = Table(expand=True, box=None, padding=(0, 1))
    for column in ("appliance", "state", "heard", "software", "lists", "alarms"):
        table.add_column(column, no_wrap=column != "alarms")
    for column in ("waiting", "here", "behind", "unread"):
        table.add_column(column, justify="right")
    for member in members:
        table.add_row(*_row(member, now_ns))
    now = datetime.fromtimestamp(now_ns / _NS, UTC)
    states = [member.state for member in members]
    head = Text.assemble(
        (" Qalqan hub ", "bold reverse"),
        f"  {now:%Y-%m-%d %H:%M:%S} UTC   appliances {len(members)}   ",
        (f"ready {states.count('ready')}", "green"),
        "   ",
        (f"alert {states.count('alert')}", "yellow"),
        "   ",
        (f"lost {states.count('lost')}", "red"),
    )
    return Group(head, table, *_notes(members))


def _row(member: Member, now_ns: int) -> list[Text]:
    """Return the cells of an appliance; as `Text`: what it says of itself is no markup."""
    is_silent = now_ns - member.heard_ns > SILENT_S * _NS
    lists = " ".join(f"{name} {version}" for name, version in sorted(member.lists.items()))
    return [
        Text(member.node),
        Text(member.state, STYLES.get(member.state, "")),
        Text(ago(member.heard_ns, now_ns), "red" if is_silent else ""),
        Text(printable(member.software)),
        Text(printable(lists)),
        Text(printable(" ".join(member.alarms)), "bold yellow"),
        Text(f"{sum(member.queued.values()):,}"),
        Text(f"{sum(member.held.values()):,}"),
        Text(f"{member.behind:,}", "yellow" if member.behind else ""),
        Text(f"{member.unread:,}", "red" if member.unread else ""),
    ]


def _notes(members: Sequence[Member]) -> list[Text]:
    notes = sorted((at, one.node, name, text) for one in members for at, name, text in one.notes)
    lines = []
    for at, node, name, text in notes[-MOST_NOTES:]:
        when = datetime.fromtimestamp(at / _NS, UTC)
        about = (f"{when:%m-%d %H:%M:%S}  {node}  ", (name, "bold red"), f"  {printable(text)}")
        lines.append(Text.assemble(*about))
    return lines
