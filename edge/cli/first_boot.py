# SPDX-License-Identifier: Apache-2.0
"""`qalqan grow`, `first-boot`, `migrate`: what the image does before its processes start.

The whole start waits for each of them: what only one needs is imported there, and nothing else.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge import grow as disk
from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.first_boot import Machine

app = typer.Typer(help="What the image does at a start.", no_args_is_help=True)

State = Annotated[Path, typer.Option("--state", help="State folder of this box.")]


@app.command()
def grow(
    mark: Annotated[
        Path | None, typer.Option("--mark", help="File that is made when it is done.")
    ] = None,
    label: Annotated[Path, typer.Option(help="Partition that is to grow.")] = disk.LABEL,
) -> None:
    """Give the data partition the rest of the disk.

    Example: qalqan grow --mark /data/.grown
    """
    typer.echo(disk.grow(label))
    if mark:
        disk.mark(mark)


@app.command(name="first-boot")
def first_boot(
    state: State,
    esp: Annotated[Path, typer.Option(help="Where the ESP is mounted.")] = Path("/efi"),
    run_folder: Annotated[
        Path, typer.Option("--run", help="Where systemd looks for what is made at a start.")
    ] = Path("/run"),
    *,
    dry: Annotated[
        bool, typer.Option("--dry", help="Do not name this machine, nor have systemd read anew.")
    ] = False,
) -> None:
    """Make this machine what its configuration says; take that from the ESP if there is none yet.

    Example: qalqan first-boot --esp /efi --state /var/lib/qalqan
    """
    from edge import first_boot as room  # noqa: PLC0415 - as said above
    from edge.update.facts import run  # noqa: PLC0415 - as said above

    machine = room.Machine(run_folder)
    done = [*room.make_secret(state), *room.place(esp, state)]
    done += _made(state, machine._replace(name_it=lambda _name: None) if dry else machine)
    typer.echo("\n".join(done))
    if not dry:
        try:
            run("systemctl", "daemon-reload")
        except OSError as refusal:
            raise ConfigError(str(refusal)) from refusal


def _made(state: Path, machine: "Machine") -> list[str]:
    """Make the machine by the configuration in force, or the one before it.

    One on trial that cannot be read is taken back by `uplink`, which must be reached for that.
    """
    from edge import config as config_file, first_boot as room  # noqa: PLC0415 - as said above

    path = state / room.CONFIG
    try:
        return room.make_machine(config_file.load(path), machine)
    except ConfigError as error:
        before = path.with_name(path.name + ".before")
        if not before.exists():
            raise
        typer.echo(f"{error}\nthe machine is made by {before}", err=True)
        return room.make_machine(config_file.load(before), machine)


@app.command()
def migrate(state: State) -> None:
    """Bring the state of this box to the version of this program, forward or back.

    Example: qalqan migrate --state /var/lib/qalqan
    """
    from edge.update import migrate as forward  # noqa: PLC0415 - as said above

    done = forward.migrate(state)
    typer.echo("\n".join(done) or f"{state}: is of this version ({forward.read_schema(state).v})")
