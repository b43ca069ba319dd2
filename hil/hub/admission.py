# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub pending`, `enrol` and `revoke`: who is let into the fleet, by whose hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from edge import clock
from edge.trust.identity import write_private
from hil.hub import roll
from hil.hub.authority import Authority
from hil.hub.enrolment import Enrolment, authority_of, shared_by_all
from hil.hub.store import Store, sqlite_url

NS = 10**9
STATE = Path("state/hub")

Node = Annotated[str, typer.Argument(help="Name of the box.")]
Folder = Annotated[Path, typer.Option(help="Where keys, repository and database lie.")]
Database = Annotated[
    str, typer.Option("--db", help="URL: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.")
]


class Office(NamedTuple):
    """What it takes to let somebody in."""

    store: Store
    authority: Authority
    enrolment: Enrolment
    now_s: int


@contextmanager
def _open(db: str, folder: Path) -> Iterator[Office]:
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(db or sqlite_url(folder / "hub.db"))
    try:
        authority = authority_of(folder)
        enrolment = Enrolment(store, authority, shared_by_all(folder))
        yield Office(store, authority, enrolment, clock.now_ns() // NS)
    finally:
        store.close()


def pending(db: Database = "", folder: Folder = STATE) -> None:
    """List the boxes that ask for a certificate."""
    with _open(db, folder) as office:
        for one in office.enrolment.pending(office.now_s):
            since = datetime.fromtimestamp(one.first_s, UTC)
            heard_s = office.now_s - one.heard_s
            said = "answered" if one.is_answered else f"{one.tries} codes tried"
            typer.echo(
                f"{one.node}  key {one.key}  asks since {since:%Y-%m-%d %H:%M} UTC,"
                f" heard {heard_s} s ago  {said}"
            )


def enrol(
    node: Node,
    code: Annotated[str, typer.Argument(help="The code that the box shows.")],
    db: Database = "",
    folder: Folder = STATE,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Put it in the place of another box of that name.")
    ] = False,
) -> None:
    """Give a box its certificate.

    Example: python -m hil.hub enrol astana-1 7K3Q-M2ZD-0FHX-9WTB
    """
    with _open(db, folder) as office:
        office.enrolment.approve(node, code, office.now_s, again=again)
    typer.echo(f"{node} is enrolled; it takes its certificate within seconds")


def revoke(
    node: Node,
    db: Database = "",
    folder: Folder = STATE,
    write: Annotated[
        Path | None, typer.Option(help="Write the list of all revoked here, for the brokers.")
    ] = None,
) -> None:
    """Take back the certificate of a box that was stolen, or has left."""
    with _open(db, folder) as office:
        count = roll.revoke(office.store, node, office.now_s)
        if write:
            revoked = roll.revoked(office.store, office.now_s)
            text = office.authority.revocations(revoked, office.now_s)
            write_private(write, text.encode())
    typer.echo(f"{node}: {count} certificates revoked; brokers know it when they read the list")
