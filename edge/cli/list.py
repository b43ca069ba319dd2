# SPDX-License-Identifier: Apache-2.0
"""`qalqan list`: the centre's side. A list is written, seen and signed by two, and published.

All of it works offline, in a folder that can be carried; `edge/blocklist/README.md` is a tour.
"""

from pathlib import Path
from typing import Annotated

import typer

from edge.blocklist.csvfile import entry_of, read_entries
from edge.blocklist.manifest import Guards
from edge.cli.centre import Folder, KeyFile, Name, Side, Yes, now_s, opened, show_changes
from edge.cli.commanders import commanders
from edge.cli.entries import entry_text
from edge.cli.sign_manifest import sign_manifest
from edge.cli.urgent import app as urgent_app
from edge.errors import ListError
from edge.trust.keys import new_key, read_public, read_signer
from edge.trust.repository import Repository
from edge.trust.roles import OWN

app = typer.Typer(
    help="Write, sign and publish lists: what the centre and the prosecutor do.",
    no_args_is_help=True,
)

app.add_typer(urgent_app, name="urgent")
app.command()(commanders)
app.command()(sign_manifest)

Pattern = Annotated[str, typer.Argument(help="+number, +prefix* or +first..+last.")]


@app.command()
def key(file: Annotated[Path, typer.Argument(help="Where the private key goes.")]) -> None:
    """Make a key; its public half goes to FILE.pub.

    Example: qalqan list key operator.key
    """
    typer.echo(f"{file}.pub: key {new_key(file).keyid[:16]}...; keep {file} to yourself")


@app.command()
def new(
    folder: Folder,
    name: Name,
    root: Annotated[Path, typer.Option(help="Private key that names all others.")],
    online: Annotated[Path, typer.Option(help="Private key that signs what is published.")],
    operator: Annotated[Path, typer.Option(help="Public key of the operator.")],
    prosecutor: Annotated[Path, typer.Option(help="Public key of the prosecutor.")],
) -> None:
    """Make a list, and the repository if there is none; say who must sign it.

    Example: qalqan list new repository fraud --root root.key --online online.key --operator
    a.key.pub --prosecutor b.key.pub
    """
    if name in OWN:
        raise ListError(f"{name} is no name for a list")
    repository = Repository(folder)
    signers = read_signer(root), read_signer(online)
    keys = {"operator": read_public(operator), "prosecutor": read_public(prosecutor)}
    if not repository.metadata.exists():
        repository.create(*signers, now_s())
    repository.delegate(name, keys, *signers, now_s())
    opened(folder, name)
    typer.echo(f"{folder}: list {name}, to be signed by operator and prosecutor")
    typer.echo(f"{folder}/metadata/1.root.json goes into every appliance that is to follow it")


@app.command()
def add(  # noqa: PLR0913 - one option a column
    folder: Folder,
    name: Name,
    pattern: Pattern,
    *,
    basis: Annotated[str, typer.Option(help="Legal basis: the order it rests on.")],
    action: Annotated[str, typer.Option(help="block, divert, observe or allow.")] = "block",
    party: Annotated[str, typer.Option(help="calling, called or redirecting.")] = "calling",
    category: Annotated[str, typer.Option(help="What it is listed for.")] = "fraud",
    valid_from: Annotated[str, typer.Option("--from", help="Date, or date and time.")] = "",
    valid_until: Annotated[str, typer.Option("--until", help="Date, or date and time.")] = "",
    scope: Annotated[str, typer.Option(help="all, class:..., or trunk:NAME.")] = "all",
    source: Annotated[str, typer.Option(help="Who reported it.")] = "",
) -> None:
    """Add an entry to the draft.

    Example: qalqan list add repository fraud +447700900123 --basis ORDER-17
    """
    entry = entry_of({
        "pattern": pattern, "basis": basis, "action": action, "party": party,
        "category": category, "valid_from": valid_from, "valid_until": valid_until,
        "scope": scope, "source": source,
    })  # fmt: skip
    opened(folder, name).edit(added=[entry])
    typer.echo(f"+ {entry_text(entry)}")


@app.command()
def remove(folder: Folder, name: Name, pattern: Pattern) -> None:
    """Remove all entries of a pattern from the draft.

    Example: qalqan list remove repository fraud +447700900123
    """
    desk = opened(folder, name)
    wanted = entry_of({"pattern": pattern, "party": "calling", "action": "allow"})
    covering = desk.draft().covering(wanted.low)
    found = [entry for entry in covering if entry.text() == wanted.text()]
    if not found:
        raise ListError(f"{pattern} is not in the draft of {name}")
    desk.edit(removed=found)
    for entry in found:
        typer.echo(f"- {entry_text(entry)}")


@app.command("import")
def import_(
    folder: Folder,
    name: Name,
    file: Annotated[Path, typer.Argument(help="Table of all entries, as CSV in UTF-8.")],
) -> None:
    """Make the table the draft: what it does not hold is removed.

    Example: qalqan list import repository fraud fraud.csv
    """
    desk = opened(folder, name)
    desk.fill(read_entries(file))
    typer.echo(f"{name}: {len(desk.draft())} entries in the draft")


@app.command()
def diff(folder: Folder, name: Name) -> None:
    """Show what the draft changes in the published list.

    Example: qalqan list diff repository fraud
    """
    show_changes(opened(folder, name))


@app.command()
def sign(  # noqa: PLR0913 - what is signed is said in full
    folder: Folder,
    name: Name,
    side: Side,
    key: KeyFile,
    days: Annotated[int, typer.Option(help="How long it may be taken; the first signer's.")] = 30,
    most_additions: Annotated[int, typer.Option(help="Guard of every appliance.")] = 100_000,
    *,
    yes: Yes = False,
) -> None:
    """Sign the draft for one side, after seeing what it changes.

    The first to sign prepares the version; the second signs the very same octets.

    Example: qalqan list sign repository fraud --as operator --key operator.key
    """
    desk, repository = opened(folder, name), Repository(folder)
    signer = read_signer(key)
    show_changes(desk)
    if not yes:
        typer.confirm(f"Sign this as {side} of {name}?", abort=True)
    manifest = desk.pending()
    if manifest is None or not repository.signed(name, desk.manifest):
        guards = Guards(most_additions=most_additions)
        manifest = desk.prepare(now_s(), days, guards, desk.last_urgent())
    repository.sign(name, side, desk.manifest, signer, now_s())
    by = " and ".join(repository.signed(name, desk.manifest))
    typer.echo(f"{manifest.list} {manifest.version}: signed by {by}")


@app.command()
def publish(folder: Folder, name: Name, key: KeyFile) -> None:
    """Put in force what both sides have signed.

    Example: qalqan list publish repository fraud --key online.key
    """
    desk, repository = opened(folder, name), Repository(folder)
    manifest = desk.pending()
    if manifest is None:
        raise ListError(f"{name} was changed since it was signed, or was never signed")
    repository.publish(name, desk.manifest, read_signer(key), now_s())
    desk.publish()
    typer.echo(f"{name} {manifest.version}: published, {manifest.entries} entries")
