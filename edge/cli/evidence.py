# SPDX-License-Identifier: Apache-2.0
"""`qalqan evidence`: what stands for a call before a court, and whether it does."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli import jsonlines
from edge.cli.printable import printable
from edge.errors import InputError, TrustError
from edge.evidence.audit import audit
from edge.evidence.bundle import export as bundle_of, pack, read, write_folder
from edge.evidence.checkpoint import beside, read_kept
from edge.evidence.merkle import WIDTH, root_of
from edge.evidence.note import VerifierKey, read_key
from edge.evidence.shelf import read_leaves
from edge.evidence.verify import Report, verify as check
from edge.verdict.explain import utc

app = typer.Typer(help="What stands before a court: hand it out, check it.", no_args_is_help=True)

WRONG, DEGRADED = 1, 3
SCHEMA = 1

Folder = Annotated[Path, typer.Option("--evidence", "-e", help="Folder of the log.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Key = Annotated[str, typer.Option(help="A verifier key, name+id+base64, or a file that holds it.")]
STATE = Path("state/evidence")


@app.command()
def export(
    call: Annotated[str, typer.Argument(help="Call-ID, circuit, or the id of a record.")],
    evidence: Folder = STATE,
    out: Annotated[Path | None, typer.Option(help="File or folder to be made.")] = None,
    *,
    folder: Annotated[bool, typer.Option("--folder", help="A folder, not an archive.")] = False,
    without_proof: Annotated[
        bool, typer.Option("--without-proof", help="Even if no checkpoint covers the call yet.")
    ] = False,
) -> None:
    """Write all that stands for a call into one file: frames, reasons, proof, signatures.

    Exit code 3 says that the hub has not signed for it yet.
    Example: qalqan evidence export 1-2345@198.51.100.7 --out case.tar
    """
    bundle = bundle_of(evidence, call, _complain, without_proof=without_proof)
    path = out or Path(f"evidence-{bundle.records[0]}" + ("" if folder else ".tar"))
    if folder:
        write_folder(bundle.files, path)
    else:
        _write(path, pack(bundle.files))
    typer.echo(f"{path}: {_count(len(bundle.records), 'record')}, {_state(bundle.size)}")
    if not bundle.is_cosigned:
        typer.echo("qalqan: not yet countersigned by the hub", err=True)
        raise typer.Exit(DEGRADED)


def _write(path: Path, octets: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(octets)
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal


def _state(size: int) -> str:
    return f"proven in a log of {size}" if size else "without proof"


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle: archive or folder.")],
    appliance_key: Key = "",
    hub_key: Key = "",
    *,
    json: Json = False,
) -> None:
    """Check a bundle, on any machine; says the first thing that is wrong.

    Exit code 0: all of it holds. 1: something is wrong. 3: the hub has not signed for it.
    Example: qalqan evidence verify case.tar --hub-key hub.example+1a2b3c4d+BEF...
    """
    appliance, hub = _key(appliance_key), _key(hub_key)
    try:
        report = check(read(bundle), appliance, hub)
    except InputError as wrong:
        report = Report(wrong=str(wrong))
    if json:
        jsonlines.put(_line(report))
    else:
        _tell(report)
    if not report.is_proven:
        raise typer.Exit(WRONG if report.wrong else DEGRADED)


def _key(given: str) -> VerifierKey | None:
    if not given:
        return None
    path = Path(given)
    try:
        return read_key(path.read_text() if path.is_file() else given)
    except (OSError, UnicodeDecodeError) as refusal:
        raise InputError(f"{given}: cannot be read") from refusal
    except TrustError as wrong:
        raise InputError(f"{given}: {wrong}") from wrong


def _tell(report: Report) -> None:
    if report.wrong:
        typer.echo(f"WRONG: {printable(report.wrong)}")
        return
    for name in report.records:
        typer.echo(f"record {name}: as it was kept, with its frames and reasons")
    if report.checkpoint is None:
        typer.echo("NOT PROVEN: made before a checkpoint covered it")
        return
    origin, size = report.checkpoint.origin, report.checkpoint.size
    typer.echo(f"log {origin}, {size} records: it is in there, signed by {_who(report)}")
    if report.cosigned_s is not None and report.hub is not None:
        whose = _whose(given=report.hub_given)
        typer.echo(f"countersigned by {report.hub.name} at {utc(report.cosigned_s)} ({whose})")
    else:
        typer.echo("NOT YET COUNTERSIGNED by the hub" + ("" if report.hub else ": no key of it"))


def _who(report: Report) -> str:
    name = report.appliance.name if report.appliance else ""
    return f"{name} ({_whose(given=report.appliance_given)})"


def _whose(*, given: bool) -> str:
    return "key as given" if given else "key from the bundle: the word of whoever made it"


def _line(report: Report) -> jsonlines.Line:
    checkpoint = report.checkpoint
    return {
        "schema": SCHEMA,
        "ok": not report.wrong,
        "wrong": report.wrong,
        "records": report.records,
        "origin": checkpoint.origin if checkpoint else "",
        "size": checkpoint.size if checkpoint else 0,
        "root": checkpoint.root.hex() if checkpoint else "",
        "appliance": {"key": str(report.appliance or ""), "given": report.appliance_given},
        "hub": {"key": str(report.hub or ""), "given": report.hub_given},
        "countersigned": report.cosigned_s,
    }


@app.command()
def log(
    evidence: Folder = STATE,
    *,
    check: Annotated[bool, typer.Option("--check", help="Look at every record and frame.")] = False,
    json: Json = False,
) -> None:
    """Say how long the log is, what its root is, and up to where it is signed.

    Exit code 1 if it is not what was signed or, with --check, not what was kept.

    Example: qalqan evidence log --check
    """
    signed = read_kept(beside(evidence))  # before the leaves: they grow meanwhile
    leaves = read_leaves(evidence)
    size = len(leaves) // WIDTH
    kept = [each.checkpoint for each in signed]
    cosigned = [each.checkpoint.size for each in signed if each.is_cosigned]
    last = max(kept, key=lambda each: each.size, default=None)
    wrong = list(audit(evidence)) if check else []
    if last and (last.size > size or root_of(leaves, 0, last.size) != last.root):
        wrong.insert(0, f"{evidence}: the log is not the one that was signed at size {last.size}")
    line: jsonlines.Line = {
        "schema": SCHEMA, "size": size, "root": root_of(leaves).hex(),
        "origin": last.origin if last else "", "signed": last.size if last else 0,
        "countersigned": max(cosigned, default=0), "wrong": wrong,
    }  # fmt: skip
    if json:
        jsonlines.put(line)
    else:
        typer.echo(f"{_count(size, 'record')}, root {line['root']}")
        typer.echo(f"signed up to {line['signed']}, countersigned up to {line['countersigned']}")
        for each in wrong:
            typer.echo(f"WRONG: {printable(each)}")
    if wrong:
        raise typer.Exit(WRONG)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _complain(line: str) -> None:
    typer.echo(f"qalqan: {line}", err=True)
