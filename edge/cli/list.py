# SPDX-License-Identifier: Apache-2.0
"""`qalqan list`: the centre's side. A list is written, seen and signed by two, and published.

All of it works offline, in a folder that can be carried; `edge/blocklist/README.md` is a tour.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import CryptoSigner

from edge import clock
from edge.blocklist.csvfile import entry_of, read_entries
from edge.blocklist.desk import Desk
from edge.blocklist.entry import Entry
from edge.blocklist.manifest import Guards, Signed, read_record, read_signed, write_signed
from edge.blocklist.store import replace
from edge.cli.commanders import commanders
from edge.cli.sign_manifest import sign_manifest
from edge.errors import ListError
from edge.trust.keys import new_key, read_public, read_signer
from edge.trust.repository import Repository
from edge.trust.roles import OWN
from edge.trust.urgent import countersign, sign_record, signed_by

app = typer.Typer(
    help="Write, sign and publish lists: what the centre and the prosecutor do.",
    no_args_is_help=True,
)

urgent_app = typer.Typer(
    help="Add or lift within seconds; the next version holds it too.", no_args_is_help=True
)
app.add_typer(urgent_app, name="urgent")
app.command()(commanders)
app.command()(sign_manifest)

MOST_SHOWN = 200
_NS = 10**9

Folder = Annotated[Path, typer.Argument(help="Folder of the repository.")]
Name = Annotated[str, typer.Argument(help="Name of the list.")]
Pattern = Annotated[str, typer.Argument(help="+number, +prefix* or +first..+last.")]
KeyFile = Annotated[Path, typer.Option("--key", help="Private key file of who signs.")]
Side = Annotated[str, typer.Option("--as", help="operator or prosecutor.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Patterns = Annotated[list[str], typer.Argument(help="+number, +prefix* or +first..+last.")]
Out = Annotated[Path, typer.Option(help="File of the signed record, to be carried on.")]
Hours = Annotated[int, typer.Option(min=1, help="It ends then; publish a version before.")]


def _now_s() -> int:
    return clock.now_ns() // _NS


def opened(folder: Path, name: str) -> Desk:
    """Return the desk of a list. Raises `ListError` if there is none."""
    repository = Repository(folder)
    if name in OWN or name not in repository.subjects():
        raise ListError(f"{folder} has no list {name}; make it with `qalqan list new`")
    return Desk(folder / "lists" / name, repository.blobs, name)


def entry_text(entry: Entry) -> str:
    """Return an entry in one line."""
    words = [entry.text(), entry.action.value, entry.party.value, entry.category, entry.basis]
    if entry.valid_from:
        words.append(f"from {moment(entry.valid_from)}")
    if entry.valid_until:
        words.append(f"until {moment(entry.valid_until)}")
    if entry.scope != "all":
        words.append(entry.scope)
    return "  ".join(word for word in words if word)


def moment(at_s: int) -> str:
    """Return a second for people."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"


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
        repository.create(*signers, _now_s())
    repository.delegate(name, keys, *signers, _now_s())
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
        manifest = desk.prepare(_now_s(), days, guards, desk.last_urgent())
    repository.sign(name, side, desk.manifest, signer, _now_s())
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
    repository.publish(name, desk.manifest, read_signer(key), _now_s())
    desk.publish()
    typer.echo(f"{name} {manifest.version}: published, {manifest.entries} entries")


@urgent_app.command("add")
def urgent_add(  # noqa: PLR0913 - one option a column
    folder: Folder,
    name: Name,
    patterns: Patterns,
    *,
    basis: Annotated[str, typer.Option(help="Legal basis: the order it rests on.")],
    action: Annotated[str, typer.Option(help="block, divert, observe or allow.")] = "block",
    party: Annotated[str, typer.Option(help="calling, called or redirecting.")] = "calling",
    category: Annotated[str, typer.Option(help="What it is listed for.")] = "fraud",
    side: Side,
    key: KeyFile,
    out: Out,
    hours: Hours = 72,
) -> None:
    """Prepare and sign an urgent addition; it takes effect once the other side signs too.

    Example: qalqan list urgent add repository fraud +447700900123 --basis ORDER-18 --as
    operator --key operator.key --out urgent-18.json
    """
    rest = {"basis": basis, "action": action, "party": party, "category": category}
    added = [entry_of({"pattern": pattern, **rest}) for pattern in patterns]
    signer = _signer(folder, name, side, key)
    record = opened(folder, name).hurry(_now_s(), hours, added=added)
    _put(folder, out, sign_record(record, [signer]))


@urgent_app.command("lift")
def urgent_lift(  # noqa: PLR0913 - what is signed is said in full
    folder: Folder, name: Name, patterns: Patterns, *, side: Side, key: KeyFile, out: Out,
    hours: Hours = 72,
) -> None:  # fmt: skip
    """Prepare and sign an urgent lifting of all entries of patterns; one signature is enough.

    Example: qalqan list urgent lift repository fraud +447700900123 --as operator --key
    operator.key --out lift.json
    """
    desk, now_s = opened(folder, name), _now_s()
    lifted = [entry for pattern in patterns for entry in _listed(desk, pattern, now_s)]
    signer = _signer(folder, name, side, key)
    record = desk.hurry(now_s, hours, lifted=lifted)
    _put(folder, out, sign_record(record, [signer]))


@urgent_app.command("sign")
def urgent_sign(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="What the other side has signed.")],
    side: Side,
    key: KeyFile,
    *,
    yes: Yes = False,
) -> None:
    """Sign what the other side has prepared, after seeing what it changes.

    Example: qalqan list urgent sign repository urgent-18.json --as prosecutor --key
    prosecutor.key
    """
    signed = read_signed(file.read_bytes())
    record = read_record(signed.record)
    signer = _signer(folder, record.list, side, key)
    _show_urgent(signed)
    if not yes:
        typer.confirm(f"Sign this as {side} of {record.list}?", abort=True)
    _put(folder, file, countersign(signed, signer), quiet=True)


def _signer(folder: Path, name: str, side: str, key: Path) -> CryptoSigner:
    """Return who signs, if the key is of that side."""
    signer = read_signer(key)
    Repository(folder).check_signer(name, side, signer)
    return signer


def _listed(desk: Desk, pattern: str, now_s: int) -> list[Entry]:
    """Return all entries of a pattern that are in force. Raises `ListError` if there are none."""
    wanted = entry_of({"pattern": pattern, "party": "calling", "action": "allow"})
    found = [e for e in desk.in_force(wanted.low, now_s) if e.text() == wanted.text()]
    if not found:
        raise ListError(f"{pattern} is not in force in {desk.name}")
    return sorted(found, key=repr)


def _show_urgent(signed: Signed) -> None:
    record = read_record(signed.record)
    for mark, entries in (("+", record.added), ("-", record.lifted)):
        for entry in entries:
            typer.echo(f"{mark} {entry_text(entry)}")


def _put(folder: Path, out: Path, signed: Signed, *, quiet: bool = False) -> None:
    """Write a signed record; say what it changes and who has signed it."""
    replace(out, write_signed(signed))
    if not quiet:
        _show_urgent(signed)
    record = read_record(signed.record)
    by = " and ".join(sorted(signed_by(signed, Repository(folder).signers(record.list))))
    typer.echo(f"{record.list} urgent {record.seq}: signed by {by}, until {moment(record.expires)}")
