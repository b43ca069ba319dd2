# SPDX-License-Identifier: Apache-2.0
"""The process `uplink`: the conversation with the hub."""

from pathlib import Path
from typing import Annotated

import typer

from edge import begin


def uplink(
    config: Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")],
) -> None:
    """Run the process `uplink` alone: reports, lists, commands. systemd and `run` call it."""
    if code := begin.uplink(config):
        raise typer.Exit(code)
