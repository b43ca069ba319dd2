# SPDX-License-Identifier: Apache-2.0
"""`qalqan explain`: why a call was stopped, or would have been."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from edge.cli import jsonlines
from edge.errors import InputError
from edge.evidence.journal import records


def explain(
    call: Annotated[
        str, typer.Argument(help="Call-ID, circuit, or the id that a refused caller was given.")
    ],
    evidence: Annotated[
        Path, typer.Option("--evidence", "-e", help="Folder that a run left its evidence in.")
    ] = Path("state/evidence"),
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Give the chain of reasons for a call: list version, entry, legal basis, rules.

    Example: qalqan explain 1-2345@198.51.100.7 --evidence build/demo/evidence
    """
    found = list(records(evidence, call, lambda line: typer.echo(f"qalqan: {line}", err=True)))
    if not found:
        raise InputError(f"no record of {call} in {evidence}; calls let through leave none")
    for record in found:
        text = record.pop("text")
        if json:
            jsonlines.put(record)
        else:
            typer.echo(f"Record {record['id']}{_whence(record)}")
            typer.echo(str(text))


def _whence(record: Mapping[str, object]) -> str:
    """Return where a record comes from: a frame, or the verdict that it is the end of."""
    heard = f", frame {record['frame']} of tap {record['tap']}" if record["tap"] else ""
    return f"{heard}, the end of {record['of']}" if "of" in record else heard
