# SPDX-License-Identifier: Apache-2.0
"""The process `uplink`: the conversation with the hub."""

import asyncio
from pathlib import Path
from typing import Annotated

import structlog
import typer

from edge import log
from edge.children import AGAIN
from edge.errors import QalqanError, RestartAsked
from edge.service import Notifier

BUG = 70
"EX_SOFTWARE of sysexits(3), as of `core`."


def uplink(
    config: Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")],
) -> None:
    """Run the process `uplink` alone: reports, lists, commands. systemd and `run` call it."""
    # `core` and the commands must not hold what speaks MQTT and checks signatures.
    from edge.upkeep import run_uplink  # noqa: PLC0415

    log.set_up()
    try:
        asyncio.run(run_uplink(config, Notifier()))
    except RestartAsked as asked:
        raise typer.Exit(AGAIN) from asked
    except QalqanError:
        raise
    except Exception as bug:
        structlog.get_logger("uplink").exception("bug", exc_info=bug)
        raise typer.Exit(BUG) from bug
