# SPDX-License-Identifier: Apache-2.0
"""`qalqan run` and the process `core`: the appliance at work."""

import asyncio
from pathlib import Path
from typing import Annotated

import structlog
import typer

from edge import config as config_file, log
from edge.children import AGAIN, LEADER, run_children
from edge.config import Config
from edge.core import run_core
from edge.decommission import refuse
from edge.errors import ConfigError, QalqanError, RestartAsked
from edge.service import Notifier

DEGRADED = 3

BUG = 70
"EX_SOFTWARE of sysexits(3): neither input nor usage was wrong."

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The appliance's TOML file.")]


def run(config: ConfigFile) -> None:
    """Run the appliance: all its processes, each started again if it dies.

    Ends when every tap has ended (captures do), or at Ctrl-C.

    Example: qalqan run --config edge.toml
    """
    code = asyncio.run(run_children(config, processes(_checked(config))))
    if code:
        raise typer.Exit(code)


def processes(config: Config) -> list[str]:
    """Return the processes that this configuration asks for, the leader first."""
    found = [LEADER]
    if config.hub.brokers:
        found.append("uplink")
    if config.page.listen:
        found.append("page")
    return found


def core(config: ConfigFile) -> None:
    """Run the process `core` alone: taps, verdicts, evidence. systemd and `run` call it."""
    log.set_up()
    settings = _checked(config)
    try:
        whole = asyncio.run(run_core(settings, Notifier()))
    except RestartAsked as asked:
        raise typer.Exit(AGAIN) from asked
    except QalqanError:
        raise
    except Exception as bug:
        # Unlike a wrong input, a bug is worth another try: the exit code tells them apart.
        structlog.get_logger("core").exception("bug", exc_info=bug)
        raise typer.Exit(BUG) from bug
    if not whole:
        raise typer.Exit(DEGRADED)


def _checked(config: Path) -> Config:
    settings = config_file.load(config)
    refuse(settings.node.state_dir)
    if not settings.tap:
        raise ConfigError(f"{config}: no tap to hear; add a table [tap.NAME] with a driver")
    return settings
