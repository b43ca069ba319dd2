# SPDX-License-Identifier: Apache-2.0
"""`qalqan trunk`: what stopping would do on a trunk, and the switch for it."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from edge import clock, config as config_file
from edge.box.asking import ask
from edge.box.whose import act_as_owner, who
from edge.cli import jsonlines
from edge.cli.acts import DEGRADED, Why, do, is_recorded
from edge.cli.options import ConfigFile, the_config
from edge.cli.trunk_table import print_list, print_report
from edge.config import Config
from edge.errors import ConfigError, InputError, QalqanError
from edge.model.verdict import Mode
from edge.modes import STOP, stop as stop_all
from edge.places import places_of
from edge.process.hint import MODES, give
from edge.seen.trunk_look import modes_set, reports, running_now, standings, stopped_by
from edge.seen.trunk_report import Report, Running

app = typer.Typer(help="Trunks: what stopping would do, and its switch.", no_args_is_help=True)

SCHEMA = 1
"Of every object that is printed with `--json`."
DAY_S = 86_400
SPANS_S = {"m": 60, "h": 3600, "d": DAY_S, "w": 7 * DAY_S}
NS = 1_000_000_000


def _names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the trunks that a word may become."""
    try:
        found = config_file.load(ctx.params.get("config") or the_config()).trunk
    except (ConfigError, typer.BadParameter):
        return []
    return [name for name in found if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(help="Name of a trunk.", autocompletion=_names)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again.")]
Since = Annotated[str, typer.Option(help="How far to look back: 30m, 12h, 7d, 4w.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command(name="list")
def list_(config: ConfigFile, *, json: Json = False) -> None:
    """List the trunks: mode as configured and in force, who stops, how many calls were stopped.

    Example: qalqan trunk list --config edge.toml
    """
    settings = config_file.load(config)
    lines = [{"schema": SCHEMA, **one.line()} for one in standings(settings, _complain)]
    if json:
        for line in lines:
            jsonlines.put(line)
        return
    print_list(lines)
    if why := stopped_by(settings):
        typer.echo(f"STOPPED: no trunk stops a call: {why}")


@app.command()
def report(
    config: ConfigFile,
    name: Annotated[
        str, typer.Argument(help="Name of a trunk; all if not given.", autocompletion=_names)
    ] = "",
    since: Since = "7d",
    *,
    json: Json = False,
) -> None:
    """Say what would have been stopped, by rule: what to decide by whether a trunk enforces.

    Example: qalqan trunk report intl --config edge.toml --since 7d
    """
    settings = config_file.load(config)
    names = [_known(settings, name)] if name else list(settings.trunk)
    for found in reports(settings, names, _since_s(since)):
        now = running_now(settings, found.trunk)
        if json:
            jsonlines.put(_line(settings, found, now))
        else:
            print_report(found, now)


def _line(config: Config, found: Report, now: Running | None) -> dict[str, object]:
    table = config.trunk[found.trunk]
    return {
        "schema": SCHEMA,
        "trunk": found.trunk,
        "class": table.kind.value,
        "configured": table.mode.value,
        "since": found.since_s,
        "calls": found.calls,
        "rules": [group.line() for group in found.groups],
        "outcomes": dict(found.outcomes),
        "unread": found.unread,
        "running": now.line() if now else None,
    }


@app.command()
def enforce(config: ConfigFile, name: Name, reason: Why = "", *, yes: Yes = False) -> None:
    """Have verdicts on a trunk act: its switch is made to stop calls, from the next one on.

    Example: qalqan trunk enforce intl --config edge.toml --reason "a week of reports was clean"
    """
    settings = config_file.load(config)
    table = settings.trunk[_known(settings, name)]
    if not (table.enforcer or table.gates):
        raise ConfigError(f"trunk {name} has neither gates nor an enforcer: nobody would stop")
    [found] = reports(settings, [name], _since_s("7d"))
    print_report(found, running_now(settings, name))
    _confirm(f"Stop calls on {name} from now on?", yes=yes)
    do(settings, "mode", {"trunk": name, "mode": Mode.ENFORCE.value}, reason)
    if why := stopped_by(settings):
        typer.echo(f"qalqan: nothing is stopped yet: {why}", err=True)
        raise typer.Exit(DEGRADED)


@app.command()
def observe(config: ConfigFile, name: Name, reason: Why = "") -> None:
    """Only observe a trunk: verdicts say what they would have done, and stop nothing.

    Example: qalqan trunk observe intl --config edge.toml
    """
    settings = config_file.load(config)
    args = {"trunk": _known(settings, name), "mode": Mode.OBSERVE.value}
    do(settings, "mode", args, reason)


@app.command()
def stop(config: ConfigFile, reason: Why = "") -> None:
    """Emergency: only observe all trunks, at once, until `go`. The same as touching `stop`.

    Example: qalqan trunk stop --config edge.toml --reason "wrong list"
    """
    state = _state_of(config)
    act_as_owner(state)
    try:  # first of all, whatever becomes of the rest
        stop_all(state / STOP, f"{who()}: {reason}")
    except OSError as refusal:
        raise InputError(f"{state / STOP}: {refusal.strerror}; NOTHING WAS CHANGED") from refusal
    give(state / "run", "core", MODES)
    typer.echo("all trunks are only observed")
    try:
        result = ask(config_file.load(config), "enforcement", {"on": False}, reason)
        lack = "" if result.state == "done" and is_recorded(result) else result.text
    except QalqanError as error:
        lack = str(error)
    if lack:
        typer.echo(f"qalqan: the audit log does not have it: {lack}", err=True)
        raise typer.Exit(DEGRADED)


@app.command()
def go(config: ConfigFile, reason: Why = "", *, yes: Yes = False) -> None:
    """End the emergency: trunks are in their modes again.

    Example: qalqan trunk go --config edge.toml
    """
    settings = config_file.load(config)
    held = modes_set(settings, _complain)
    modes = {name: held.get(name, table.mode) for name, table in settings.trunk.items()}
    names = [name for name, mode in modes.items() if mode is Mode.ENFORCE]
    _confirm(f"Stop calls again on: {', '.join(names) or 'no trunk'}?", yes=yes)
    do(settings, "enforcement", {"on": True}, reason)
    if settings.enforce.stop:
        typer.echo("qalqan: nothing is stopped yet: the configuration says so", err=True)
        raise typer.Exit(DEGRADED)


def _state_of(config: Path) -> Path:
    """Return the state folder, even of a configuration that is wrong in all else."""
    try:
        return places_of(config_file.load(config)).state
    except ConfigError as wrong:
        try:
            node = tomllib.loads(config.read_text(encoding="utf-8"))["node"]
            return config.absolute().parent / Path(node.get("state_dir", "state"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            text = f"{wrong}\nNOTHING WAS CHANGED: `touch stop` in the state folder does as much"
            raise ConfigError(text) from wrong


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to be asked: say --yes")
    typer.confirm(question, abort=True)


def _known(config: Config, name: str) -> str:
    if name not in config.trunk:
        known = ", ".join(config.trunk) or "none is configured"
        raise ConfigError(f"no trunk is called {name!r}; known: {known}")
    return name


def _complain(line: str) -> None:
    typer.echo(f"qalqan: {line}", err=True)


def _since_s(since: str) -> float:
    return max(0.0, clock.now_ns() / NS - _span_s(since))


def _span_s(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) <= 6 and unit in SPANS_S):  # noqa: PLR2004
        raise ConfigError(f"{text!r} is no time: 30m, 12h, 7d, 4w")
    return int(number) * SPANS_S[unit]
