# SPDX-License-Identifier: Apache-2.0
"""`qalqan doctor`: what is wrong with this box, and how it is mended."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from edge import config as config_file
from edge.cli import jsonlines
from edge.cli.options import ConfigFile
from edge.doctor.examine import examine
from edge.doctor.finding import Finding, Level, as_json, worst
from edge.doctor.patient import patient_of

app = typer.Typer(help="What is wrong with this box.", no_args_is_help=True)

CODES = {Level.OK: 0, Level.WARN: 3, Level.FAIL: 1}
STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}
WIDTH = 20
"Of the names of checks."


@app.command()
def doctor(
    config: ConfigFile,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say how everything stands, a line each, and how what is not well is mended.

    Exit code 0 if all is well, 3 if something is to be looked at, 1 if something does not work.

    Example: qalqan doctor --json
    """
    settings = config_file.load(config)
    found = examine(patient_of(settings))
    if json:
        jsonlines.put(as_json(settings.node.name, found))
    else:
        show(found, Console(highlight=False, soft_wrap=True))
    if code := CODES[worst(found)]:
        raise typer.Exit(code)


def show(found: list[Finding], console: Console) -> None:
    """Print a line each, the hint below what needs one."""
    for one in found:
        level = Text(f"{one.level.value:4}", style=STYLES[one.level])
        console.print(Text.assemble(level, "  ", f"{one.check:{WIDTH}}", " ", one.text))
        if one.hint:
            console.print(Text(f"{'':{WIDTH + 7}}{one.hint}", style="dim"))
