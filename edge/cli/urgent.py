# SPDX-License-Identifier: Apache-2.0
"""`qalqan list urgent`: add or lift numbers within seconds; the next version holds it too."""

from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import CryptoSigner

from edge.blocklist.csvfile import entry_of
from edge.blocklist.manifest import Signed, read_record, read_signed, write_signed
from edge.blocklist.store import replace
from edge.cli.centre import Folder, KeyFile, Name, Side, Yes, now_s, opened
from edge.cli.entries import moment, show_record
from edge.cli.sign_record import sign_record as sign_away
from edge.trust.keys import read_signer
from edge.trust.repository import Repository
from edge.trust.urgent import countersign, sign_record, signed_by

app = typer.Typer(
    help="Add or lift within seconds; the next version holds it too.", no_args_is_help=True
)

Patterns = Annotated[list[str], typer.Argument(help="+number, +prefix* or +first..+last.")]
Out = Annotated[Path, typer.Option(help="File of the signed record, to be carried on.")]
Hours = Annotated[int, typer.Option(min=1, help="It ends then; publish a version before.")]


@app.command()
def add(  # noqa: PLR0913 - one option a column
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
    record = opened(folder, name).hurry(now_s(), hours, added=added)
    _put(folder, out, sign_record(record, [signer]))


@app.command()
def lift(  # noqa: PLR0913 - what is signed is said in full
    folder: Folder, name: Name, patterns: Patterns, *, side: Side, key: KeyFile, out: Out,
    hours: Hours = 72,
) -> None:  # fmt: skip
    """Prepare and sign an urgent lifting of all entries of patterns; one signature is enough.

    Example: qalqan list urgent lift repository fraud +447700900123 --as operator --key
    operator.key --out lift.json
    """
    desk, at_s = opened(folder, name), now_s()
    live = desk.live(at_s)
    lifted = [entry for pattern in patterns for entry in desk.in_force(pattern, live)]
    signer = _signer(folder, name, side, key)
    record = desk.hurry(at_s, hours, lifted=lifted)
    _put(folder, out, sign_record(record, [signer]))


@app.command()
def sign(
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
    show_record(record)
    if not yes:
        typer.confirm(f"Sign this as {side} of {record.list}?", abort=True)
    _put(folder, file, countersign(signed, signer), quiet=True)


app.command()(sign_away)


def _signer(folder: Path, name: str, side: str, key: Path) -> CryptoSigner:
    """Return who signs, if the key is of that side."""
    signer = read_signer(key)
    Repository(folder).check_signer(name, side, signer)
    return signer


def _put(folder: Path, out: Path, signed: Signed, *, quiet: bool = False) -> None:
    """Write a signed record; say what it changes and who has signed it."""
    replace(out, write_signed(signed))
    record = read_record(signed.record)
    if not quiet:
        show_record(record)
    by = " and ".join(sorted(signed_by(signed, Repository(folder).signers(record.list))))
    typer.echo(f"{record.list} urgent {record.seq}: signed by {by}, until {moment(record.expires)}")
