# SPDX-License-Identifier: Apache-2.0
"""`qalqan blocklist`: the lists of this box: what is in force, and why a number is listed."""

from pathlib import Path
from typing import Annotated

import typer

from edge import clock
from edge.blocklist import kernel
from edge.blocklist.apply import Settings, Updates
from edge.blocklist.desk import compare
from edge.blocklist.manifest import read_record, read_signed
from edge.blocklist.said import opened, said_of, stores_of
from edge.blocklist.store import Store, lists_in, open_list
from edge.box.spared import MOST_HOURS, read_spared
from edge.cli import jsonlines
from edge.cli.acts import Why, do
from edge.cli.entries import entry_text, moment
from edge.cli.options import ConfigFile
from edge.config import load
from edge.errors import ListError
from edge.places import places_of
from edge.trust.client import Client
from edge.trust.fetch import LocalFetcher

app = typer.Typer(help="The lists of this box, and what they say.", no_args_is_help=True)

_NS = 10**9

Folder = Annotated[
    Path, typer.Option("--state", "-s", help="Folder in which this box keeps its lists.")
]
Name = Annotated[str, typer.Option("--list", "-l", help="Name of the list.")]
Number = Annotated[str, typer.Argument(help="Number in international form.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
STATE = Path("state/lists")


def _now_s() -> int:
    return clock.now_ns() // _NS


@app.command()
def update(
    repository: Annotated[Path, typer.Argument(help="Folder of a repository.")],
    root: Annotated[Path, typer.Option(help="The root.json this box trusts.")],
    name: Name,
    state: Folder = STATE,
    node: Annotated[str, typer.Option(help="Name of this box.")] = "",
) -> None:
    """Take the newest version from a folder: a memory stick where there is no hub.

    Example: qalqan blocklist update /media/stick/repository --root root.json --list fraud
    """
    client = Client(state / "trust", root.read_bytes(), LocalFetcher(repository))
    done = Updates(Store(state, name), client, Settings(node)).update(_now_s())
    if done is None:
        typer.echo(f"{name}: nothing newer")
    else:
        how = "by delta" if done.by_delta else "whole"
        typer.echo(f"{name}: {done.before} -> {done.version}, {how}")


@app.command()
def urgent(
    file: Annotated[Path, typer.Argument(help="A signed urgent record.")],
    root: Annotated[Path, typer.Option(help="The root.json this box trusts.")],
    state: Folder = STATE,
    node: Annotated[str, typer.Option(help="Name of this box.")] = "",
) -> None:
    """Take an urgent record from a file; a running `core` follows within a second.

    Example: qalqan blocklist urgent urgent-17.json --root root.json
    """
    signed = read_signed(file.read_bytes())
    record = read_record(signed.record)
    if record.list not in lists_in(state):
        raise ListError(f"{state}: no list {record.list} is here")
    client = Client(state / "trust", root.read_bytes(), LocalFetcher(file.parent))
    Updates(Store(state, record.list), client, Settings(node)).take_urgent(signed, _now_s())
    added, lifted = len(record.added), len(record.lifted)
    typer.echo(f"{record.list} urgent {record.seq}: {added} added, {lifted} lifted")


@app.command()
def status(state: Folder = STATE, name: Name = "", *, json: Json = False) -> None:
    """Say which versions are in force, since when, and what the look-up runs on.

    Example: qalqan blocklist status --json
    """
    for store in stores_of(state, name):
        found, known = opened(store), store.state()
        urgent = store.urgent(_now_s())
        line = {
            "list": store.name, "version": found.version, "highest": known.highest,
            "entries": len(found), "numbers": found.layout.numbers,
            "prefixes": found.layout.prefixes, "ranges": found.layout.ranges,
            "urgent": len(urgent), "issued": known.issued_s, "applied": known.applied_s,
            "kernel": kernel.which(),
        }  # fmt: skip
        if json:
            jsonlines.put(line)
            continue
        typer.echo(f"{store.name} {found.version}, {len(found)} entries, {len(urgent)} urgent")
        typer.echo(f"  signed {moment(known.issued_s)}, in force since {moment(known.applied_s)}")
        typer.echo(f"  highest version ever {known.highest}; look-up runs on {kernel.which()}")


@app.command()
def lookup(
    number: Number,
    state: Folder = STATE,
    name: Name = "",
    *,
    json: Json = False,
) -> None:
    """Say every entry that covers a number, the most specific first, and whether it holds now.

    Example: qalqan blocklist lookup +447700900123
    """
    digits, now_s = number.removeprefix("+"), _now_s()
    count = 0
    for said in said_of(stores_of(state, name), digits, now_s):
        where = f"version {said.version}" if said.version else "urgent"
        count += 1
        if json:
            jsonlines.put({"list": said.list, "where": where, "entry": entry_text(said.entry),
                           "basis": said.entry.basis, "holds": said.holds})  # fmt: skip
        else:
            typer.echo(f"{said.list} ({where}): {entry_text(said.entry)}  [{said.holds}]")
    if not count and not json:
        typer.echo(f"+{digits} is on no list")


@app.command()
def spare(
    config: ConfigFile,
    number: Number,
    hours: Annotated[int, typer.Option(help=f"For how long, at most {MOST_HOURS}.")] = 24,
    reason: Why = "",
) -> None:
    """Let a number through at this box for some hours, whatever the lists say of it.

    For somebody who is stopped by mistake, until the centre lifts the block everywhere. The hub is
    told. Example: qalqan blocklist spare +447700900123 --reason "calls his bank, 3 a.m."
    """
    do(load(config), "spare", {"number": number, "hours": hours}, reason)


@app.command()
def unspare(config: ConfigFile, number: Number, reason: Why = "") -> None:
    """Have the lists speak of a number again that was spared.

    Example: qalqan blocklist unspare +447700900123
    """
    do(load(config), "spare", {"number": number, "on": False}, reason)


@app.command()
def spared(config: ConfigFile, *, json: Json = False) -> None:
    """Say which numbers are spared at this box now, until when, and by which act.

    Example: qalqan blocklist spared --json
    """
    now_s = _now_s()
    found = read_spared(places_of(load(config)).spared)
    for digits, one in sorted(found.items()):
        if one.until_s <= now_s:
            continue
        if json:
            jsonlines.put({"number": f"+{digits}", "since": one.since_s, "until": one.until_s,
                           "act": one.act})  # fmt: skip
        else:
            typer.echo(f"+{digits} until {moment(one.until_s)}, act {one.act}")


@app.command()
def diff(
    version: Annotated[int, typer.Argument(help="An earlier version that is kept.")],
    name: Name,
    state: Folder = STATE,
) -> None:
    """Show what changed from an earlier version to the one in force.

    Example: qalqan blocklist diff 1041 --list fraud
    """
    store = Store(state, name)
    kept = dict(store.versions()).get(version)
    if kept is None:
        raise ListError(f"version {version} of {name} is not kept here")
    for sign, entry in compare(open_list(kept), opened(store)):
        typer.echo(f"{sign} {entry_text(entry)}")


@app.command()
def rollback(
    version: Annotated[int, typer.Argument(help="An earlier version that is kept.")],
    name: Name,
    state: Folder = STATE,
) -> None:
    """Put an earlier version in force again, until the centre publishes a newer one.

    Example: qalqan blocklist rollback 1041 --list fraud
    """
    store = Store(state, name)
    store.go_back(version)
    typer.echo(f"{name}: version {version} is in force; {store.state().highest} stays the highest")


@app.command()
def verify(state: Folder = STATE, name: Name = "") -> None:
    """Read every octet of the lists in force and compare it with its hash.

    Example: qalqan blocklist verify --list fraud
    """
    for store in stores_of(state, name):
        found = open_list(store.current)
        found.verify()
        typer.echo(f"{store.name} {found.version}: whole, SHA-256 {found.layout.digest.hex()}")
