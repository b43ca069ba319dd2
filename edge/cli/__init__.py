# SPDX-License-Identifier: Apache-2.0
"""The command `qalqan`. Exit codes: 0 ok, 1 failure, 2 usage, 3 degraded."""

import sys

import typer

from edge import __version__
from edge.cli.decode import decode
from edge.cli.explain import explain
from edge.cli.look import config_app, drivers
from edge.cli.replay import replay
from edge.cli.run import core, run
from edge.errors import QalqanError

FAILURE = 1

app = typer.Typer(
    name="qalqan",
    help="Hears trunk signalling on a tap, decides each call, has fraud stopped before it rings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(decode)
app.command()(replay)
app.command()(run)
app.command(hidden=True)(core)
app.command()(explain)
app.command()(drivers)
app.add_typer(config_app, name="config")


def _version(wanted: bool) -> None:  # noqa: FBT001 - the shape typer calls back with
    if wanted:
        typer.echo(f"qalqan {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(  # noqa: FBT001 - handled by its callback
        False,  # noqa: FBT003 - typer's way to say the default
        "--version",
        callback=_version,
        is_eager=True,
        help="Print the version and leave.",
    ),
) -> None:
    pass


def main() -> None:
    """Run a command; what a person can mend is said in a line, not as a traceback."""
    try:
        app(prog_name="qalqan")
    except QalqanError as error:
        typer.echo(f"qalqan: {error}", err=True)
        sys.exit(FAILURE)
