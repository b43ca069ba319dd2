# SPDX-License-Identifier: Apache-2.0
"""`qalqan campaign`: who is behind calls, and the evidence that each word of it stands on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from edge.cases import Cases
from edge.cli import jsonlines
from edge.cli.printable import printable
from edge.detect.case import Case
from edge.detect.origin import Clue, Evidence
from edge.errors import InputError
from edge.evidence.bundle import export as bundle_of, pack
from edge.verdict.explain import utc

app = typer.Typer(help="Campaigns that were found, and where they come from.", no_args_is_help=True)

DEGRADED = 3
NS = 10**9
SAID_BY = {
    "heard": "heard by our tap",
    "network": "said by a network on the way",
    "claimed": "claimed by the sender",
}

Folder = Annotated[Path, typer.Option("--campaigns", "-f", help="Folder of the campaigns.")]
Name = Annotated[str, typer.Argument(help="Id of the campaign.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
STATE = Path("state/campaigns")
EVIDENCE = Path("state/evidence")


@app.command("list")
def list_(campaigns: Folder = STATE, *, json: Json = False) -> None:
    """List the campaigns that are known, the latest first.

    Example: qalqan campaign list
    """
    for case in reversed(Cases(campaigns).read(_complain)):
        if json:
            jsonlines.put(_line(case))
            continue
        typer.echo(f"{case.id}  score {case.score:.2f}, {_calls(case)}, last {_when(case.last)}")
        for reason in case.reasons:
            typer.echo(f"  {printable(reason.text())}")


@app.command()
def show(campaign: Name, campaigns: Folder = STATE, *, json: Json = False) -> None:
    """Show the dossier of a campaign; every line names the evidence that it stands on.

    Example: qalqan campaign show c0123456789ab
    """
    case = _case(campaigns, campaign)
    if json:
        jsonlines.put({**_line(case), "dossier": msgspec.to_builtins(case.lines)})
        return
    for line in _text(case):
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
    without_proof: Annotated[
        bool, typer.Option("--without-proof", help="Even if no checkpoint covers a call yet.")
    ] = False,
) -> None:
    """Write the dossier and the evidence of all its lines into a folder.

    `qalqan evidence verify` checks each archive in it. Exit code 3 says that the hub has not signed
    for all of it yet.
    Example: qalqan campaign export c0123456789ab --out case
    """
    case = _case(campaigns, campaign)
    folder = out or Path(f"campaign-{case.id}")
    bundles = {
        record: bundle_of(evidence, record, _complain, without_proof=without_proof)
        for record in _records(case)
    }
    try:
        folder.mkdir(parents=True)
        text = "".join(f"{printable(line)}\n" for line in _text(case))
        (folder / "dossier.txt").write_text(text, encoding="utf-8")
        (folder / "dossier.json").write_bytes(msgspec.json.encode(case))
        for record, bundle in bundles.items():
            (folder / f"{record}.tar").write_bytes(pack(bundle.files))
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal
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
        raise InputError(f"no campaign {name} in {folder}; `qalqan campaign list` names them")
    return case


def _records(case: Case) -> list[str]:
    """Return the records that the lines of a dossier stand on."""
    return sorted({one.record for line in case.lines for one in line.evidence if one.record})


def _text(case: Case) -> Iterator[str]:
    """Yield a dossier for people."""
    yield f"Campaign {case.id}, score {case.score:.2f}"
    yield f"First call {_when(case.first)}, found {_when(case.found)}, last {_when(case.last)}"
    yield f"{_calls(case)}, {case.callers} numbers shown, {case.callees} numbers called, about"
    yield "Why it is one:"
    yield from (f"  {reason.text()}" for reason in case.reasons)
    yield "What its calls have in common:"
    yield from (f"  {member.kind}: {member.value}" for member in case.members)
    yield f"Where it comes from, by {case.noted} calls, the surest first:"
    for line in case.lines:
        yield from _clue(line)


def _clue(line: Clue) -> Iterator[str]:
    place = f" ({line.place})" if line.place else ""
    yield f"  {line.title}: {line.value}{place}"
    yield (
        f"    confidence {line.confidence:.2f}, {SAID_BY.get(line.trust, line.trust)},"
        f" in {line.calls} calls"
    )
    yield from map(_evidence, line.evidence)


def _evidence(one: Evidence) -> str:
    return (
        f"    record {one.record}, leaf {one.leaf}: frame {one.frame} of tap {one.tap},"
        f" {_when(one.at)}, call {one.call}"
    )


def _calls(case: Case) -> str:
    return f"{case.calls} calls since it was found, {case.calls_before} before"


def _when(at: int) -> str:
    return utc(at // NS)


def _line(case: Case) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(case)
    del said["lines"], said["links"]
    reasons = [{**msgspec.to_builtins(one), "text": one.text()} for one in case.reasons]
    return {**said, "reasons": reasons, "marks": msgspec.to_builtins(case.marks())}


def _complain(line: str) -> None:
    typer.echo(f"qalqan: {line}", err=True)
