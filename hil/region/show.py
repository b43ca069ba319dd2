# SPDX-License-Identifier: Apache-2.0
"""The region on a screen: its calls, who was stopped, and whether both sides count the same."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edge.cli.printable import printable
from hil.region.tables import ABROAD, ABROAD2, MACHINES
from hil.region.watch import NS, Seen

ROWS, STOPS = 14, 5
"That are shown, the latest last."
STYLES = {
    "stopped": "bold red", "diverted": "magenta", "talks": "green", "rings": "yellow",
    "ended": "dim", "called": "cyan",
}  # fmt: skip


class Told(NamedTuple):
    """What the box says, wherever that was read."""

    name: str
    outcomes: Sequence[Mapping[str, Any]]
    "Of calls that were to be stopped, the latest last: `result`, `text`."
    note: str = ""


class Sides(NamedTuple):
    """What was seen on the wires, without asking the box."""

    calls: Sequence[Seen]
    circuits: Mapping[str, int]
    "How many calls of the E1 are how."
    missed: int
    "Frames that were not seen."


def picture(sides: Sides, told: Told, rate: float) -> Group:
    """Return what is on the screen now."""
    callers = [one for one in sides.calls if one.messages[0].source in {ABROAD, ABROAD2}]
    sides = sides._replace(calls=callers)
    return Group(_head(told, rate), Text(), _calls(sides.calls[-ROWS:]), Text(), *_stops(told),
                 _balance(sides, told))  # fmt: skip


def _head(told: Told, rate: float) -> Text:
    return Text.assemble(
        (" Region ", "bold reverse"), f"  {rate:g} calls/s   box: {told.name}  {told.note}",
        ("   Ctrl-C ends it", "dim"),
    )  # fmt: skip


def _calls(calls: Sequence[Seen]) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1))
    for column in ("time", "from", "caller", "calls", "now"):
        table.add_column(column, no_wrap=True)
    table.add_column("refused or rings after", justify="right", no_wrap=True)
    for one in calls:
        word = _word(one)
        began = datetime.fromtimestamp(one.at_ns / NS).astimezone()
        where = MACHINES.get(one.messages[0].source, one.messages[0].source)
        after = one.first("603") or one.first("180")
        table.add_row(
            f"{began:%H:%M:%S}.{one.at_ns // 10**8 % 10}", where, printable(one.calling),
            printable(one.called), Text(word, STYLES.get(word, "yellow")),
            f"{(after.at_ns - one.at_ns) / 1e6:.0f} ms" if after else "",
        )  # fmt: skip
    return table


def _word(one: Seen) -> str:
    if one.first("302") and one.result in {"ended", "talks", "rings"}:
        return "diverted"
    return one.result


def _stops(told: Told) -> list[Text]:
    rows = []
    for outcome in told.outcomes[-STOPS:]:
        word = str(outcome["result"])
        style = "bold green" if word in {"stopped", "diverted"} else "bold red"
        rows.append(Text.assemble(" box heard  ", (f"{word:<9}", style), printable(_rest(outcome))))
    return rows


def _rest(outcome: Mapping[str, Any]) -> str:
    return str(outcome.get("text", "")).partition(": ")[2]


def _balance(sides: Sides, told: Told) -> Text:
    """Return the sums of both sides: what the wires show, and what the box says of it."""
    says: dict[str, int] = {}
    for outcome in told.outcomes:
        says[str(outcome["result"])] = says.get(str(outcome["result"]), 0) + 1
    sip: dict[str, int] = {}
    for one in sides.calls:
        sip[_word(one)] = sip.get(_word(one), 0) + 1
    lost = f", {sides.missed} frames not seen" if sides.missed else ""
    return Text.assemble(
        "\n SIP: ", (f"{len(sides.calls)} calls", "bold"), f"  {_sums(sip)}{lost}",
        "\n E1:  ", (f"{sum(sides.circuits.values())} calls", "bold"),
        f"  {_sums(sides.circuits)}", "\n box: ", (_sums(says) or "nothing yet", "bold"),
    )  # fmt: skip


def _sums(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{word} {count}" for word, count in sorted(counts.items()))
