# SPDX-License-Identifier: Apache-2.0
"""What the centre's commands share: how they are asked, the list they work on, what its draft does.

Here is nothing that only one of them knows; `qalqan list` and `qalqan list urgent` are beside it.
"""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.blocklist.desk import Desk
from edge.cli.entries import entry_text
from edge.errors import ConfigError, InputError, ListError
from edge.trust import handed
from edge.trust.repository import Repository
from edge.trust.roles import LIST_SIDES, OWN

MOST_SHOWN = 200
_NS = 10**9

Folder = Annotated[Path, typer.Argument(help="Folder of the repository.")]
Name = Annotated[str, typer.Argument(help="Name of the list.")]
KeyFile = Annotated[Path, typer.Option("--key", help="Private key file of who signs.")]
Side = Annotated[str, typer.Option("--as", help="operator or prosecutor.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def now_s() -> int:
    """Return the time of this machine, epoch seconds."""
    return clock.now_ns() // _NS


def opened(folder: Path, name: str) -> Desk:
    """Return the desk of a list. Raises `ListError` if there is none."""
    repository = Repository(folder)
    if name in OWN or name not in repository.subjects():
        raise ListError(f"{folder} has no list {name}; make it with `qalqan list new`")
    return Desk(folder / "lists" / name, repository.blobs, name)


def show_changes(desk: Desk) -> None:
    """Show what the draft changes, and count it."""
    counts = {"+": 0, "-": 0}
    for sign_, entry in desk.changes():
        counts[sign_] += 1
        if sum(counts.values()) <= MOST_SHOWN:
            typer.echo(f"{sign_} {entry_text(entry)}")
    if sum(counts.values()) > MOST_SHOWN:
        typer.echo(f"... and {sum(counts.values()) - MOST_SHOWN} more")
    typer.echo(f"{desk.name}: {counts['+']} added, {counts['-']} removed")


def check_side(side: str) -> None:
    """Raise `ConfigError` if nobody signs a list so."""
    if side not in LIST_SIDES:
        raise ConfigError(f"{side} signs no list: it is {' or '.join(LIST_SIDES)}")


def carried(file: Path, sha256: str, most: int) -> bytes:
    """Return a file that the desk handed out, of at most so many octets. Raises `InputError`.

    It is the one that the desk shows if it has this hash; none is asked for where that is empty.
    """
    try:
        with file.open("rb") as stream:
            octets = stream.read(most)
    except OSError as refusal:
        raise InputError(f"{file}: {refusal.strerror}") from refusal
    digest = handed.digest(octets)
    if sha256 and sha256.lower() != digest:
        raise InputError(f"{file}: is another file than the desk shows: SHA-256 {digest}")
    return octets
