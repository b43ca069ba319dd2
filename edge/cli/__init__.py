# SPDX-License-Identifier: Apache-2.0
"""The command `qalqan`. Exit codes: 0 ok, 1 failure, 2 usage, 3 degraded."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group
from typing_extensions import override

from edge import __version__
from edge.cli.decode import decode
from edge.cli.explain import explain
from edge.cli.look import config_app, drivers
from edge.cli.page import page
from edge.cli.replay import replay
from edge.cli.run import core, run
from edge.cli.taps import app as taps_app
from edge.cli.uplink import uplink
from edge.errors import QalqanError

FAILURE = 1
ENROLMENT = ("enrol", "identity", "decommission")
"Commands of `edge.cli.enrol`."


class Signing(TyperGroup):
    """Commands of `edge.cli.NAME`, imported when asked for: what checks signatures takes 200 ms.

    `core` must not hold it either: it reads what `uplink` has checked.
    """

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return self._loaded().list_commands(ctx)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None."""
        return self._loaded().get_command(ctx, cmd_name)

    def _loaded(self) -> TyperGroup:
        return get_group(import_module(f"edge.cli.{self.name}").app)


class Root(TyperGroup):
    """The command itself; what speaks to the hub before there is a box is imported when asked."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return [*super().list_commands(ctx), *ENROLMENT]

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None."""
        if cmd_name in ENROLMENT:
            return get_group(import_module("edge.cli.enrol").app).get_command(ctx, cmd_name)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Root,
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
app.command(hidden=True)(page)
app.command(hidden=True)(uplink)
app.command()(explain)
app.command()(drivers)
app.add_typer(config_app, name="config")
app.add_typer(taps_app, name="taps")
for _name, _help in (
    ("list", "Write, sign and publish lists: what the centre and the prosecutor do."),
    ("blocklist", "The lists of this box, and what they say."),
    ("evidence", "What stands before a court: hand it out, check it."),
    ("trunk", "Trunks: what stopping would do, and its switch."),
    ("redress", "What a stopped caller can turn to."),
):
    app.add_typer(typer.Typer(cls=Signing, no_args_is_help=True), name=_name, help=_help)


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
