# SPDX-License-Identifier: Apache-2.0
"""`qalqan config` and `qalqan drivers`: what is set, and what could be."""

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from edge import clock, config as config_file, plugins
from edge.cli import jsonlines
from edge.judging import NS, lists_of

config_app = typer.Typer(help="Check and show the appliance's TOML file.", no_args_is_help=True)

ConfigFile = Annotated[Path, typer.Argument(help="The appliance's TOML file.")]


@config_app.command()
def check(config: ConfigFile) -> None:
    """Read the file and the lists it names; say all that is wrong, with line and nearest word.

    Example: qalqan config check edge.toml
    """
    settings = config_file.load(config)
    blocklist, alarms = lists_of(settings).first(clock.now_ns() // NS)
    typer.echo(
        f"{config}: good; {len(settings.tap)} taps, {len(settings.trunk)} trunks,"
        f" {len(blocklist)} list entries"
    )
    for alarm in alarms:
        typer.echo(f"{alarm.name}: {alarm.text}")
    if settings.gate or settings.enforcer:
        for lack in settings.answer.terms().lacks():
            typer.echo(lack)


@config_app.command()
def schema() -> None:
    """Print the JSON Schema of the file, every installed driver's keys included.

    Example: qalqan config schema > edge.schema.json
    """
    typer.echo(json_text.dumps(config_file.schema(), indent=2, ensure_ascii=False))


@config_app.command()
def show(config: ConfigFile) -> None:
    """Print the file as it takes effect, every default written out.

    Example: qalqan config show edge.toml
    """
    typer.echo(config_file.show(config_file.load(config)))


def drivers(
    *, json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False
) -> None:
    """List the installed drivers: what hears, what asks, what is told.

    Example: qalqan drivers --json
    """
    for group in plugins.GROUPS:
        for name in plugins.names(group):
            driver = plugins.load(group, name)
            if json:
                line = {"port": group, "driver": name, "trait": driver.trait.value}
                jsonlines.put({**line, "summary": driver.summary})
            else:
                typer.echo(f"{group:<10} {name:<12} {driver.summary}")
