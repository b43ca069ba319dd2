# SPDX-License-Identifier: Apache-2.0
"""What commands that change something share: it is done by whoever may, recorded, and said."""

from typing import Annotated, Any

import typer

from edge.box.asking import ask
from edge.box.whose import act_as_owner
from edge.config import Config
from edge.errors import InputError
from edge.places import places_of
from edge.report.message import Result

DEGRADED = 3
Why = Annotated[str, typer.Option("--reason", help="Why; goes into the audit log.")]


def do(config: Config, act: str, args: dict[str, Any], reason: str) -> None:
    """Have it done and say so; what was refused or failed is an error."""
    act_as_owner(places_of(config).state)
    result = ask(config, act, args, reason)
    if result.state != "done":
        raise InputError(result.text)
    typer.echo(result.text)
    if not is_recorded(result):
        raise typer.Exit(DEGRADED)


def is_recorded(result: Result) -> bool:
    """Return whether the log of acts has it."""
    return result.data.get("recorded") is not False
