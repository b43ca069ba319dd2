# SPDX-License-Identifier: Apache-2.0
"""The process `page`: what this box shows on its management address."""

import asyncio
from pathlib import Path
from typing import Annotated

import structlog
import typer

from edge import config as config_file, log
from edge.decommission import refuse
from edge.errors import QalqanError
from edge.service import Notifier

BUG = 70
"EX_SOFTWARE of sysexits(3), as of `core`."


def page(
    config: Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")],
) -> None:
    """Run the process `page` alone: health and numbers. systemd and `run` call it."""
    # `core` and the commands must not hold what speaks HTTP and Prometheus.
    from edge.page import run_page  # noqa: PLC0415

    log.set_up()
    settings = config_file.load(config)
    refuse(settings.node.state_dir)
    try:
        asyncio.run(run_page(settings, Notifier()))
    except QalqanError:
        raise
    except Exception as bug:
        structlog.get_logger("page").exception("bug", exc_info=bug)
        raise typer.Exit(BUG) from bug
