# SPDX-License-Identifier: Apache-2.0
"""Options that many commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

HERE, APPLIANCE = Path("edge.toml"), Path("/var/lib/qalqan/edge.toml")
COMPLETING = "_QALQAN_COMPLETE"
"Set by the shell, as typer has it."


def the_config() -> Path:
    """Return the file that is meant where none is named: the one in this folder, or the box's."""
    for path in (HERE, APPLIANCE):
        if path.exists():
            return path
    if COMPLETING in os.environ:  # a shell asks what a word may become: nothing is opened
        return APPLIANCE
    why = f"there is no {HERE} here and no {APPLIANCE}: name one"
    raise typer.BadParameter(why, param_hint="--config")


ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="QALQAN_CONFIG",
        default_factory=the_config,
        show_default=f"{HERE} here, or {APPLIANCE}",
        help="The appliance's TOML file.",
    ),
]
