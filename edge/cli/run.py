# SPDX-License-Identifier: Apache-2.0
"""`qalqan run` and the process `core`: the appliance at work."""

import asyncio

import typer

from edge import begin
from edge.cli.options import ConfigFile
from edge.config import Config
from edge.process.children import LEADER, run_children


def run(config: ConfigFile) -> None:
    """Run the appliance: all its processes, each started again if it dies.

    Ends when every tap has ended (captures do), or at Ctrl-C.

    Example: qalqan run --config edge.toml
    """
    code = asyncio.run(run_children(config, processes(begin.checked(config))))
    if code:
        raise typer.Exit(code)


def processes(config: Config) -> list[str]:
    """Return the processes that this configuration asks for, the leader first."""
    found = [LEADER]
    if config.hub.brokers:
        found.append("uplink")
    if config.page.is_there:
        found.append("page")
    return found


def core(config: ConfigFile) -> None:
    """Run the process `core` alone: taps, verdicts, evidence. systemd and `run` call it."""
    if code := begin.core(config):
        raise typer.Exit(code)
