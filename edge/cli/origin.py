# SPDX-License-Identifier: Apache-2.0
"""`qalqan origin`: who is behind calls, and the evidence that each word of it stands on."""

import platform
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from edge import clock
from edge.cli import jsonlines
from edge.cli.printable import printable
from edge.detect.case import Case
from edge.errors import InputError
from edge.evidence.bundle import export as bundle_of, pack
from edge.origin import paper
from edge.origin.cases import Cases

app = typer.Typer(help="Campaigns that were found, and where they come from.", no_args_is_help=True)

DEGRADED = 3

Folder = Annotated[Path, typer.Option("--campaigns", "-f", help="Folder of the campaigns.")]
Name = Annotated[str, typer.Argument(help="Id of the campaign.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
STATE = Path("state/campaigns")
EVIDENCE = Path("state/evidence")


@app.command("list")
def list_(campaigns: Folder = STATE, *, json: Json = False) -> None:
    """List the campaigns that are known, the latest first.

    Example: qalqan origin list
    """
    for case in reversed(Cases(campaigns).read(_complain)):
        if json:
            jsonlines.put(_line(case))
            continue
        typer.echo(
            f"{case.id}  score {case.score:.2f}, {paper.calls(case)}, last {paper.when(case.last)}"
        )
        for reason in case.reasons:
            typer.echo(f"  {printable(reason.text())}")


@app.command()
def show(campaign: Name, campaigns: Folder = STATE, *, json: Json = False) -> None:
    """Show the dossier of a campaign; every line names the evidence that it stands on.

    Example: qalqan origin show c0123456789ab
    """
    case = _case(campaigns, campaign)
    if json:
        jsonlines.put({**_line(case), "dossier": msgspec.to_builtins(case.lines)})
        return
    for line in paper.text(case):
        typer.echo(printable(line))


@app.command()
def export(
    campaign: Name,
    campaigns: Folder = STATE,
    evidence: Annotated[Path, typer.Option("--evidence", "-e", help="Folder of the log.")] = (
        EVIDENCE
    ),
    out: Annotated[Path | None, typer.Option(help="Folder to be made.")] = None,
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="With all numbers, and the evidence of every line.")
    ] = False,
    without_proof: Annotated[
        bool, typer.Option("--without-proof", help="Even if no checkpoint covers a call yet.")
    ] = False,
) -> None:
    """Write a dossier into a folder: a page to print, text, JSON. Telephone numbers are masked.

    So it may be sent to another state with a request; `--whole` is for those who may see numbers,
    and brings the evidence, which `qalqan evidence verify` checks. Exit code 3 says that the hub
    has not signed for all of it yet.
    Example: qalqan origin export c0123456789ab --out case
    """
    case = _case(campaigns, campaign)
    folder = out or Path(f"origin-{case.id}")
    bundles = {
        record: bundle_of(evidence, record, _complain, without_proof=without_proof)
        for record in (_records(case) if whole else ())
    }
    shown = case if whole else paper.masked(case)
    page = paper.page(shown, platform.node(), clock.now_ns(), is_masked=not whole)
    try:
        folder.mkdir(parents=True)
        text = "".join(f"{printable(line)}\n" for line in paper.text(shown))
        (folder / "dossier.txt").write_text(text, encoding="utf-8")
        (folder / "dossier.html").write_text(page, encoding="utf-8")
        (folder / "dossier.json").write_bytes(msgspec.json.encode(shown))
        for record, bundle in bundles.items():
            (folder / f"{record}.tar").write_bytes(pack(bundle.files))
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal
    if not whole:
        typer.echo(f"{folder}: the dossier, its numbers masked; --whole adds them and the evidence")
        return
    typer.echo(f"{folder}: the dossier, and the evidence of {len(bundles)} calls")
    if not all(bundle.is_cosigned for bundle in bundles.values()):
        typer.echo("qalqan: not yet countersigned by the hub", err=True)
        raise typer.Exit(DEGRADED)


def _case(folder: Path, name: str) -> Case:
    try:
        case = Cases(folder).get(name)
    except (OSError, ValueError) as wrong:
        raise InputError(f"{folder}: {name}: {wrong}") from wrong
    if case is None:
        raise InputError(f"no campaign {name} in {folder}; `qalqan origin list` names them")
    return case


def _records(case: Case) -> list[str]:
    """Return the records that the lines of a dossier stand on."""
    return sorted({one.record for line in case.lines for one in line.evidence if one.record})


def _line(case: Case) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(case)
    del said["lines"], said["links"]
    reasons = [{**msgspec.to_builtins(one), "text": one.text()} for one in case.reasons]
    return {**said, "reasons": reasons, "marks": msgspec.to_builtins(case.marks())}


def _complain(line: str) -> None:
    typer.echo(f"qalqan: {line}", err=True)
