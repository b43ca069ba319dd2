# SPDX-License-Identifier: Apache-2.0
"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

HERE, APPLIANCE = Path("edge.toml"), Path("/var/lib/qalqan/edge.toml")


def the_config() -> Path:
    """Return the file that is meant where none is named: the one in this folder, or the box's."""
    for path in (HERE, APPLIANCE):
        if path.exists():
            return path
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
