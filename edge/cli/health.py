# SPDX-License-Identifier: Apache-2.0
"""`qalqan health`: whether all that must run does; after an update, whether it may stay."""

from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from edge import clock, config as config_file
from edge.cli import jsonlines
from edge.cli.options import ConfigFile
from edge.errors import ConfigError
from edge.places import places_of
from edge.update import probation
from edge.update.facts import Collector, rules_of, run, unreadable
from edge.update.health import Facts, Rules, wrong
from edge.update.probation import Probation, on_trial
from edge.update.state import State

DEGRADED = 3
LOOK_S = 1.0

_PAUSE = Event()
"Is never set."

app = typer.Typer(help="Whether this box does its work.", no_args_is_help=True)


@app.command()
def health(
    config: ConfigFile,
    state: Annotated[
        Path, typer.Option(help="State folder: known even where the configuration is wrong.")
    ] = Path("/var/lib/qalqan"),
    *,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Confirm the slot that an update has started, or go back."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether this box does its work. Exit code 3 if something of it is not well.

    Example: qalqan health --json
    """
    if confirm:
        if slot := on_trial(state / "update", probation.CMDLINE):
            _judge(config, state / "update", slot)
            return
        typer.echo("no update waits to be confirmed")
        return
    found, rules = _look(config, state)
    reasons = list(wrong(found, rules, float("inf")))
    if json:
        jsonlines.put({"v": 1, "ok": not reasons, "reasons": reasons})
    else:
        typer.echo("\n".join(reasons) or "all is well")
    if reasons:
        raise typer.Exit(DEGRADED)


def _look(config: Path, state: Path) -> tuple[Facts, Rules]:
    """Return how the box stands now, and by which rules that is judged."""
    try:
        settings = config_file.load(config)
    except ConfigError as error:
        return unreadable(str(error), state / "update"), Rules()
    return Collector(settings, places_of(settings)).facts(), rules_of(settings)


def _judge(config: Path, folder: Path, slot: str) -> None:
    """Look each second until the slot is confirmed or given back."""
    judged = Probation(folder, slot, run, typer.echo, clock.monotonic_s())
    collector: Collector | None = None
    while True:
        try:
            if collector is None:
                settings = config_file.load(config)
                collector = Collector(settings, places_of(settings))
                judged.rules(rules_of(settings))
            found = collector.facts()
        except ConfigError as error:  # the new version may not read it; a trial may take it back
            found = unreadable(str(error), folder)
        if judged.step(found, clock.monotonic_s()) is not State.PROBATION:
            return
        _PAUSE.wait(LOOK_S)
