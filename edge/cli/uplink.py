# SPDX-License-Identifier: Apache-2.0
"""The process `uplink`: the conversation with the hub."""

import typer

from edge import begin
from edge.cli.options import ConfigFile


def uplink(
    config: ConfigFile,
) -> None:
    """Run the process `uplink` alone: reports, lists, commands. systemd and `run` call it."""
    if code := begin.uplink(config):
        raise typer.Exit(code)
