# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub rollout`: which firmware the fleet is to have, group by group."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError

from edge import clock
from edge.errors import ConfigError
from edge.report.message import Campaign
from hil.hub import rollout
from hil.hub.fleet import members
from hil.hub.rollout import Group, Plan, Rollout
from hil.hub.store import Store, sqlite_url

app = typer.Typer(
    help="Give out firmware: a canary group first, halted when too many fail.",
    no_args_is_help=True,
)

_NS = 10**9
REST = "*"
"In the place of appliances: all that the hub knows and that stand in no other group."

Name = Annotated[str, typer.Argument(help="Of the rollout.")]
Folder = Annotated[Path, typer.Option(help="Where the hub keeps its database.")]
Database = Annotated[str, typer.Option("--db", help="URL of the hub's database.")]
Json = Annotated[bool, typer.Option("--json", help="One object of JSON.")]
STATE = Path("state/hub")


@contextmanager
def _store(db: str, folder: Path) -> Iterator[Store]:
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(db or sqlite_url(folder / "hub.db"))
    try:
        yield store
    finally:
        store.close()


@app.command()
def create(  # noqa: PLR0913 - one option each
    name: Name,
    version: Annotated[str, typer.Argument(help="As it is signed: 1.2.0.")],
    *,
    group: Annotated[
        list[str], typer.Option(help="NAME=NODE,NODE,...: the canary first; * for all others.")
    ],
    success: Annotated[
        float, typer.Option(min=0, max=100, help="Percent confirmed before the next group.")
    ] = 100,
    error: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of a group that may not fail.")
    ] = 10,
    window: Annotated[
        list[str] | None, typer.Option(help="02:00-05:00 in local time; again for each.")
    ] = None,
    not_before: Annotated[str, typer.Option(help="Date, or date and time, UTC.")] = "",
    deadline: Annotated[str, typer.Option(help="Date, or date and time, UTC.")] = "",
    offset_min: Annotated[int, typer.Option(help="Of the local time from UTC, minutes.")] = 300,
    db: Database = "",
    folder: Folder = STATE,
    as_json: Json = False,
) -> None:
    """Begin a rollout with its first group.

    Example: python -m hil.hub rollout create spring 1.2.0 --group canary=astana-1 --group 'all=*'
    """
    fields: dict[str, object] = {
        "id": name, "version": version, "windows": tuple(window or ()), "offset_min": offset_min,
    }  # fmt: skip
    if not_before:
        fields["not_before"] = _second(not_before)
    if deadline:
        fields["deadline"] = _second(deadline)
    try:
        campaign = Campaign.model_validate(fields)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{place}: {first['msg']}") from wrong
    with _store(db, folder) as store:
        known = [member.node for member in members(store)]
        plan = Plan(campaign, groups_of(group, known), success / 100, error / 100)
        rollout.create(store, plan, clock.now_ns())
        _print(rollout.show(store, name), as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Of the rollout; all if not given.")] = "",
    *,
    db: Database = "",
    folder: Folder = STATE,
    as_json: Json = False,
) -> None:
    """Show how far each appliance has got."""
    with _store(db, folder) as store:
        _print(rollout.show(store, name), as_json=as_json)


@app.command()
def halt(
    name: Name,
    *,
    why: Annotated[str, typer.Option(help="For others to read.")] = "halted by hand",
    db: Database = "",
    folder: Folder = STATE,
    as_json: Json = False,
) -> None:
    """Have nothing more begun; a slot that is being written comes to its end."""
    with _store(db, folder) as store:
        rollout.halt(store, name, why)
        _print(rollout.show(store, name), as_json=as_json)


@app.command()
def resume(name: Name, *, db: Database = "", folder: Folder = STATE, as_json: Json = False) -> None:
    """Go on; the failures so far are forgiven."""
    with _store(db, folder) as store:
        rollout.resume(store, name)
        _print(rollout.show(store, name), as_json=as_json)


def groups_of(said: Sequence[str], known: Sequence[str]) -> tuple[Group, ...]:
    """Return the groups of a command line. Raises `ConfigError`."""
    parts = [one.partition("=") for one in said]
    for one, (name, _, nodes) in zip(said, parts, strict=True):
        if not name or not nodes:
            raise ConfigError(f"{one}: a group is NAME=NODE,NODE,...")
    named = {node for _, _, nodes in parts for node in nodes.split(",")}
    rest = tuple(node for node in known if node not in named)
    return tuple(
        Group(name, rest if nodes == REST else tuple(nodes.split(","))) for name, _, nodes in parts
    )


def _second(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text}: {error}") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _print(found: list[Rollout], *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode({"v": 1, "rollouts": found}))
        return
    for one in found:
        why = f": {one.why}" if one.why else ""
        typer.echo(f"{one.id}  {one.version}  {one.state}{why}")
        for at, name in enumerate(one.groups):
            boxes = [box for box in one.boxes if box.group == name]
            states = Counter(box.state or "not asked" for box in boxes)
            counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            begun = "" if at < one.open else "  not begun"
            typer.echo(f"  {name}: {counts}{begun}")
            for box in boxes:
                if box.why:
                    typer.echo(f"    {box.node}  {box.state}  {box.why}: {box.text}")
