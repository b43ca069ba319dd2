# SPDX-License-Identifier: Apache-2.0
"""The process `page`: what this box shows on its management address."""

from pathlib import Path
from typing import Annotated

import typer

from edge import begin


def page(
    config: Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")],
) -> None:
    """Run the process `page` alone: health and numbers. systemd and `run` call it."""
    if code := begin.page(config):
        raise typer.Exit(code)
