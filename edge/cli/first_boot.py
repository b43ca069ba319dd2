# SPDX-License-Identifier: Apache-2.0
"""`qalqan grow`, `first-boot`, `migrate`: what the image does before its processes start.

The whole start waits for each of them: what only one needs is imported there, and nothing else.
"""

from pathlib import Path
from typing import Annotated

import typer

from edge import begin
from edge.box import grow as disk

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
        Path, typer.Option("--run", help="With --dry: where what systemd reads is written.")
    ] = Path("/run"),
    *,
    dry: Annotated[
        bool,
        typer.Option("--dry", help="Do not name this machine, keep nothing, tell systemd nothing."),
    ] = False,
) -> None:
    """Make this machine what its configuration says; take that from the ESP if there is none yet.

    Example: qalqan first-boot --esp /efi --state /var/lib/qalqan
    """
    machine = None
    if dry:
        from edge.box import first_boot as room  # noqa: PLC0415 - as said above

        machine = room.Machine(run_folder, name_it=lambda _name: None, box=None)
    begin.first_boot(esp, state, machine)


@app.command()
def migrate(state: State) -> None:
    """Bring the state of this box to the version of this program, forward or back.

    Example: qalqan migrate --state /var/lib/qalqan
    """
    begin.migrate(state)
