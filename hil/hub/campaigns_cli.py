# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub campaigns`: who is behind calls, over all regions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from edge.cli.printable import printable
from edge.errors import InputError
from edge.verdict.explain import utc
from hil.hub.campaigns import Campaign, Clue, Group, groups
from hil.hub.store import Store, sqlite_url

NS = 10**9
STATE = Path("state/hub")


def campaigns(
    campaign: Annotated[str, typer.Argument(help="Id of one; none: all, without dossiers.")] = "",
    db: Annotated[str, typer.Option("--db", help="URL of the hub's database.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the hub keeps its database.")] = STATE,
    *,
    json: Annotated[bool, typer.Option("--json", help="One object of JSON.")] = False,
) -> None:
    """Show campaigns, those of several regions that are one together.

    Example: python -m hil.hub campaigns c0123456789ab
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(db or sqlite_url(folder / "hub.db"))
    try:
        found = groups(store)
    finally:
        store.close()
    if campaign:
        found = [one for one in found if campaign in {each.campaign for each in one.campaigns}]
        if not found:
            raise InputError(f"no campaign {campaign}")
    if json:
        typer.echo(msgspec.json.encode({"v": 1, "groups": found}).decode())
        return
    lines = [line for one in found for line in _text(one, whole=bool(campaign))]
    typer.echo("\n".join(map(printable, lines)) or "no campaign was told of")


def _text(group: Group, *, whole: bool) -> Iterator[str]:
    """Yield a group for people; `whole` with its dossier."""
    regions = sorted({one.node for one in group.campaigns})
    yield f"{group.id}  {', '.join(regions)}"
    for one in group.campaigns:
        yield from _campaign(one)
    for mark in group.joined_by:
        yield f"  one by {mark.kind} {mark.value}"
    if group.alike:
        yield f"  written alike, which is no proof: {', '.join(group.alike)}"
    if whole:
        for clue in group.clues:
            yield from _clue(clue)


def _campaign(one: Campaign) -> Iterator[str]:
    when = f"{utc(one.first // NS)} to {utc(one.last // NS)}"
    yield (
        f"  {one.node} {one.campaign}: {one.state}, score {one.score:.2f}, {one.calls} calls,"
        f" {one.callers} numbers shown, {one.callees} called, {when}"
    )
    for reason in one.reasons:
        yield f"    {reason.text}"


def _clue(clue: Clue) -> Iterator[str]:
    place = f" ({clue.place})" if clue.place else ""
    yield (
        f"  {clue.confidence:.2f} {clue.title}: {clue.value}{place};"
        f" {clue.trust}, {clue.calls} calls"
    )
    for one in clue.evidence:
        yield (
            f"       {utc(one.at // NS)} {clue.node} record {one.record}, leaf {one.leaf},"
            f" frame {one.frame} of tap {one.tap}"
        )
