# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub trace`: by which hops a call came, from a number and a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from edge.cli.printable import printable
from edge.errors import InputError
from edge.report.pseudonym import Pseudonyms
from edge.report.trace import labels_near
from edge.verdict.explain import utc
from hil.hub.enrolment import shared_by_all
from hil.hub.store import Store, sqlite_url
from hil.hub.traces import Hop, hops

NS = 10**9
STATE = Path("state/hub")
FORMATS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]


def trace(
    called: Annotated[str, typer.Argument(help="Number that was called: +77172000001.")],
    at: Annotated[
        datetime, typer.Option(formats=FORMATS, help="About when: 2026-11-26T10:00+05:00.")
    ],
    within: Annotated[int, typer.Option(min=1, max=3600, help="Seconds either side.")] = 120,
    db: Annotated[str, typer.Option("--db", help="URL of the hub's database.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the hub keeps its database.")] = STATE,
    *,
    json: Annotated[bool, typer.Option("--json", help="One object of JSON.")] = False,
) -> None:
    """Show by which hops the calls to a number came, over all regions, the first hop first.

    With --json the labels stand there too: another operator who has the key of the deployment
    finds the same call by them in his own records, and neither says whom it went to.
    Example: python -m hil.hub trace +77172000001 --at 2026-11-26T10:00+05:00
    """
    if not (called.startswith("+") and called[1:].isdecimal()):
        raise InputError(f"{called}: a number is + and digits, as +77172000001")
    at_ns, within_ns = int(at.timestamp()) * NS, within * NS
    folder.mkdir(parents=True, exist_ok=True)
    secret = bytes.fromhex(shared_by_all(folder)["pseudonym"])
    labels = labels_near(called, at_ns, within_ns, Pseudonyms(secret).of)
    store = Store(db or sqlite_url(folder / "hub.db"))
    try:
        found = hops(store, labels, at_ns - within_ns, at_ns + within_ns)
    finally:
        store.close()
    if json:
        typer.echo(msgspec.json.encode({"v": 1, "labels": labels, "hops": found}).decode())
        return
    typer.echo("\n".join(map(printable, _text(found))) or "no call to it was told of at that time")


def _text(found: Sequence[Hop]) -> Iterator[str]:
    """Yield the hops for people; a number that is another than one hop before is marked."""
    before = ""
    for hop in found:
        changed = ", no longer the number before" if before not in {"", hop.calling} else ""
        yield (
            f"{utc(hop.at // NS)}.{hop.at // 1_000_000 % 1000:03}  {hop.node}, trunk {hop.trunk}:"
            f" {hop.calling}{changed}, from {hop.peer or 'nobody named'} by {hop.proto}:"
            f" {hop.became}{f', record {hop.record}' if hop.record else ''}"
        )
        before = hop.calling
