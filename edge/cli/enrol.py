# SPDX-License-Identifier: Apache-2.0
"""`qalqan enrol`, `identity` and `decommission`: how a box enters the fleet, and how it leaves."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs
from rich.align import Align
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from edge import clock, config as config_file
from edge.box import decommission as leaving
from edge.cli import jsonlines
from edge.cli.options import ConfigFile
from edge.config import Config
from edge.errors import ConfigError, DriverLost
from edge.moment import Moments
from edge.places import places_of
from edge.process.hint import RESTART, Hints
from edge.process.supervise import Backoff, Supervised
from edge.report.enrol import door
from edge.report.enrol.exchange import Enrolling
from edge.report.enrol.farewell import Farewell
from edge.report.hub.dial import parsed
from edge.report.hub.epoch import Epochs
from edge.report.hub.reach import Session, Terms
from edge.trust.enrol import EnrolRefused, Fault, read_code
from edge.trust.identity import Asking, Identity, Standing

app = typer.Typer(help="How a box enters the fleet, and how it leaves.", no_args_is_help=True)

NS = 10**9
DAY_S = 86_400
AGAIN = Backoff(first_s=1.0, most_s=15.0)
"Somebody stands before the box and waits."
FAREWELL_S = 10.0
"How long the hub is waited for by a box that leaves."


def _now_s() -> int:
    return clock.now_ns() // NS


def _identity(settings: Config) -> Identity:
    return Identity(places_of(settings).identity, settings.node.name)


@app.command()
def enrol(
    config: ConfigFile,
    broker: Annotated[
        list[str] | None,
        typer.Option("--broker", help="Where boxes without certificate are heard, host:port."),
    ] = None,
    code_file: Annotated[
        Path | None,
        typer.Option("--code-file", help="A code agreed on beforehand, used once; may be absent."),
    ] = None,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Forget key and certificate, and begin anew.")
    ] = False,
) -> None:
    """Get this box its certificate: shows a code that somebody types in at the hub.

    Example: qalqan enrol --config edge.toml
    """
    settings = config_file.load(config)
    leaving.refuse(settings.node.state_dir)
    doors = _doors(settings, broker or [])
    identity, console = _identity(settings), Console()
    if again:
        identity.drop()
    if identity.is_enrolled and identity.standing().ends_s > _now_s():
        console.print(_line(identity.standing()), highlight=False, soft_wrap=True)
        console.print("It is renewed by itself; `--again` begins anew.")
        return
    context = door.unproven() if settings.hub.tls else None
    code = _agreed(code_file)
    asyncio.run(Knocking(identity, doors, context, code).until_enrolled())
    console.print(_line(identity.standing()), style="bold green", highlight=False, soft_wrap=True)
    if code_file:
        code_file.unlink(missing_ok=True)
    _begin_anew(settings)


def _agreed(path: Path | None) -> str:
    """Return the code that was put on this box before it ever asked; empty if there is none."""
    if path is None or not path.exists():
        return ""
    code = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        read_code(code)
    except EnrolRefused as error:
        raise ConfigError(f"{path}: {error}") from error
    return code


def _begin_anew(settings: Config) -> None:
    """Have `core` hash with what the deployment shares, and `uplink` believe whom it believes."""
    hints = Hints(places_of(settings).run, "enrol")
    for process in ("core", "uplink"):
        hints.give(process, RESTART)
    hints.close()


def _doors(settings: Config, named: list[str]) -> list[str]:
    """Return where to ask: what was named, or beside the brokers of the configuration."""
    found = named or [
        f"{endpoint.rpartition(':')[0]}:{door.PORT}" for endpoint in settings.hub.brokers
    ]
    if not found:
        raise ConfigError("no broker: name one in [hub] brokers, or by --broker host:port")
    for endpoint in found:
        try:
            parsed(endpoint)
        except ValueError as error:
            raise ConfigError(f"{endpoint}: a broker is named host:port") from error
    return found


class Knocking:
    """Asks at one door after the other, with a new code once a day, until there is an answer."""

    def __init__(
        self, identity: Identity, doors: list[str], context: door.Context, code: str = ""
    ) -> None:
        """Ask for `identity`, with this code the first time."""
        self._code = code
        self._identity = identity
        self._doors = doors
        self._context = context
        self._turn = 0
        self._console = Console()
        self._status = self._console.status("connecting")

    async def until_enrolled(self) -> None:
        """Show the code and ask. Raises `EnrolRefused`."""
        with self._status:
            while not await self._with_one_code(self._identity.ask(_now_s(), self._code)):
                self._tell("the code is older than a day; here is another")

    async def _with_one_code(self, asking: Asking) -> bool:
        """Return whether there is a certificate; if not, the code is too old."""
        _show(asking, self._console)
        enrolling = Enrolling(self._identity, self._tell, _now_s)

        async def attempt() -> None:
            endpoint = self._doors[self._turn % len(self._doors)]
            try:
                async with door.opened(endpoint, asking.node, self._context) as connection:
                    await enrolling.over(connection, asking)
            except DriverLost as loss:
                self._turn += 1
                self._tell(f"not connected, trying again: {loss}")
                raise

        try:
            await Supervised("enrol", attempt, AGAIN).forever()
        except EnrolRefused as error:
            if error.fault is Fault.CODE_EXPIRED:
                return False
            raise
        return True

    def _tell(self, line: str) -> None:
        self._status.update(line)
        if not self._console.is_terminal:
            self._console.print(line, highlight=False, soft_wrap=True)


def _show(asking: Asking, console: Console) -> None:
    """Show the code so that it can be read from the other side of the rack."""
    if not console.is_terminal:
        console.print(f"{asking.node} {asking.code}", highlight=False)
        return
    groups = (" ".join(group) for group in asking.code.split("-"))
    code = Text("   -   ".join(groups), style="bold black on white", justify="center")
    hint = Text(f"\nType it in at the hub, for {asking.node}. It is good for a day.")
    text = Text.assemble("\n", code, "\n", hint, justify="center")
    console.print(Panel(Align.center(text), title=asking.node, border_style="bold", padding=(1, 4)))


def _line(standing: Standing) -> str:
    ends = datetime.fromtimestamp(standing.ends_s, UTC)
    return f"{standing.name} is enrolled with {standing.issuer} until {ends:%Y-%m-%d %H:%M} UTC"


@app.command()
def identity(
    config: ConfigFile,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say who this box is for the hub, and until when. Exit code 3 once that is over.

    Example: qalqan identity --json
    """
    found = _identity(config_file.load(config))
    standing, now_s = found.standing(), _now_s()
    left_s = standing.ends_s - now_s
    if json:
        due = found.due_for_renewal(now_s)
        jsonlines.put({**structs.asdict(standing), "due_for_renewal": due, "left_s": left_s})
    else:
        typer.echo(f"{_line(standing)}, {left_s // DAY_S} days from now")
        typer.echo(f"SHA-256 {standing.fingerprint}")
        typer.echo(f"serial {standing.serial}")
    if left_s <= 0:
        raise typer.Exit(3)


@app.command()
def decommission(
    config: ConfigFile,
    yes: Annotated[
        str, typer.Option("--yes", help="Name of the box: it is not asked for then.")
    ] = "",
    *,
    fill: Annotated[
        bool,
        typer.Option(
            "--fill", help="Write over all that is free there, if the data has a disk of its own."
        ),
    ] = False,
) -> None:
    """Take this box out of service: wipe its keys, and all that it knows of anybody.

    The hub is told first, if it can be reached. Files are written over and unlinked; on flash that
    is a best effort, and where it matters the disk is destroyed.

    Example: qalqan decommission --fill
    """
    settings = config_file.load(config)
    name = settings.node.name
    if users := leaving.users_of(leaving.folders_of(settings)):
        named = ", ".join(f"{comm} ({pid})" for pid, comm in sorted(users.items()))
        raise ConfigError(f"stop the appliance first: {named} is at work")
    typed = yes or typer.prompt(f"This cannot be undone. Type {name} to go on")
    if typed != name:
        raise ConfigError(f"{typed!r} is not the name of this box; nothing was done")
    typer.echo(_farewell(settings))
    wiped: list[Path] = []
    leaving.wipe(settings, _now_s(), wiped.append)
    typer.echo(f"{len(wiped)} files and folders wiped; the box is out of service")
    if fill:
        octets = leaving.fill(settings.node.state_dir)
        typer.echo(f"{octets >> 20} MiB that were free are written over")
    for file in settings.blocklist.files:
        typer.echo(f"left where it is, as it is named in the configuration: {file}")
    typer.echo("left in the journal of this machine: who did what, numbers masked;")
    typer.echo("  journalctl --rotate --vacuum-time=1s")


def _farewell(settings: Config) -> str:
    """Tell the hub that this box leaves; returns what came of it, for people."""
    identity = _identity(settings)
    if not settings.hub.brokers or not identity.is_enrolled:
        return "no hub to be told"
    moment = Moments().now()
    farewell = Farewell(identity.node, str(uuid.uuid4()), moment, FAREWELL_S / 2)
    folder = identity.folder if settings.hub.tls else None
    terms = Terms(identity.node, settings.hub.brokers, folder)
    epochs = Epochs(places_of(settings).epoch)

    async def tell() -> None:
        async with asyncio.timeout(FAREWELL_S):
            await Session(terms, farewell, epochs.next).forever()

    try:
        asyncio.run(tell())
    except TimeoutError:
        return "the hub was not reached: tell it there, and have the certificate revoked"
    return "the hub knows" if farewell.heard else "a broker was told; the hub did not answer"
