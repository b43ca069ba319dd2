# SPDX-License-Identifier: Apache-2.0
"""The command `qalqan`. Exit codes: 0 ok, 1 failure, 2 usage, 3 degraded."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group
from typing_extensions import override

from edge import __version__
from edge.errors import QalqanError

FAILURE = 1
PLAIN = {
    "decode": "decode", "replay": "replay", "run": "run", "core": "run", "page": "page",
    "uplink": "uplink", "explain": "explain", "drivers": "look", "watch": "watch",
}  # fmt: skip
"Commands that are one function, and the module of `edge.cli` where each is: imported when asked."
HIDDEN = frozenset({"core", "page", "uplink"})
"What `run` and systemd call."
GROUPS = {
    "origin": ("origin", "app"), "config": ("look", "config_app"), "taps": ("taps", "app"),
}  # fmt: skip
SELDOM = {
    "enrol": "enrol", "identity": "enrol", "decommission": "enrol", "doctor": "doctor",
    "health": "health", "page-code": "page_code", "first-boot": "first_boot",
    "grow": "first_boot", "migrate": "first_boot",
}  # fmt: skip
"Commands that `core` must not hold, and the module of `edge.cli` where each is."

PANELS = {
    "At the box": (
        "run", "watch", "doctor", "health", "trunk", "blocklist", "taps", "explain", "evidence",
        "origin", "enrol", "identity", "page-code", "decommission",
    ),
    "At a desk": ("decode", "replay", "config", "drivers"),
    "For the centre": ("list", "firmware", "redress"),
    "What the image calls by itself": ("first-boot", "grow", "migrate"),
}  # fmt: skip
"What stands together in the help, and in which order."


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
    """The command itself. Each of its commands is imported when asked for: a start takes less."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        names = [*PLAIN, *GROUPS, *super().list_commands(ctx), *SELDOM]
        order = [name for panel in PANELS.values() for name in panel]
        return sorted(names, key=lambda name: order.index(name) if name in order else len(order))

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None."""
        command = self._loaded(ctx, cmd_name)
        for panel, names in PANELS.items():
            if cmd_name in names:
                command.rich_help_panel = panel
        return command

    def _loaded(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as typer has it
        if cmd_name in SELDOM:
            module = import_module(f"edge.cli.{SELDOM[cmd_name]}")
            return get_group(module.app).get_command(ctx, cmd_name)
        if cmd_name in PLAIN:
            return _plain(cmd_name)
        if cmd_name in GROUPS:
            file, app_name = GROUPS[cmd_name]
            group = get_group(getattr(import_module(f"edge.cli.{file}"), app_name))
            group.name = cmd_name
            return group
        return super().get_command(ctx, cmd_name)


def _plain(name: str) -> Any:  # noqa: ANN401 - typer does not name it in public
    """Return the command that one function is."""
    only = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    function = getattr(import_module(f"edge.cli.{PLAIN[name]}"), name)
    only.command(name, hidden=name in HIDDEN)(function)
    command = get_command(only)
    command.name = name
    return command


app = typer.Typer(
    cls=Root,
    name="qalqan",
    help="Hears trunk signalling on a tap, decides each call, has fraud stopped before it rings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _help in (
    ("list", "Write, sign and publish lists: what the centre and the prosecutor do."),
    ("firmware", "Add, sign and publish bundles: what release and operations do."),
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
