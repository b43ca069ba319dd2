# SPDX-License-Identifier: Apache-2.0
"""Entries of lists for people: each in one line."""

from datetime import UTC, datetime

import typer

from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Record
from edge.cli.printable import printable


def entry_text(entry: Entry) -> str:
    """Return an entry in one line, with nothing that a terminal would obey."""
    words = [entry.text(), entry.action.value, entry.party.value, entry.category, entry.basis]
    if entry.valid_from:
        words.append(f"from {moment(entry.valid_from)}")
    if entry.valid_until:
        words.append(f"until {moment(entry.valid_until)}")
    if entry.scope != "all":
        words.append(entry.scope)
    return printable("  ".join(word for word in words if word))


def moment(at_s: int) -> str:
    """Return a second for people."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"


def show_record(record: Record) -> None:
    """Show all that an urgent record adds (`+`) and lifts (`-`)."""
    for mark, entries in (("+", record.added), ("-", record.lifted)):
        for entry in entries:
            typer.echo(f"{mark} {entry_text(entry)}")
