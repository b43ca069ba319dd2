# SPDX-License-Identifier: Apache-2.0
"""The process `page`: what this box shows on its management address."""

import typer

from edge import begin
from edge.cli.options import ConfigFile


def page(
    config: ConfigFile,
) -> None:
    """Run the process `page` alone: health and numbers, and the page for people.

    systemd and `run` call it.
    """
    if code := begin.page(config):
        raise typer.Exit(code)
