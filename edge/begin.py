# SPDX-License-Identifier: Apache-2.0
"""What units call, without the command line for people, which takes a third of a start.

Words that are none of these are for `edge.cli`: it offers the same commands, with help and checks.
"""

import gc
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import ConfigError, QalqanError, RestartAsked

if TYPE_CHECKING:
    from edge.box.first_boot import Machine
    from edge.config import Config

FAILURE = 1
DEGRADED = 3
BUG = 70
"EX_SOFTWARE of sysexits(3): neither input nor usage was wrong."

# What only one of them needs is imported there, and nothing else.
# ruff: noqa: PLC0415


def main(words: Sequence[str]) -> int:
    """Do what a unit asks for; return the exit code."""
    gc.disable()  # while there is nothing but imports, of which nothing is let go
    asked = _asked(words)
    if asked is None:
        gc.enable()
        from edge.cli import main as of_people

        of_people()
        return 0
    _without_colours()
    try:
        return asked()
    except QalqanError as error:
        sys.stderr.write(f"qalqan: {error}\n")
        return FAILURE


def _without_colours() -> None:
    """Have structlog not bring rich, a fifth of the start: its colours are for terminals."""
    if "rich" not in sys.modules and not sys.stderr.isatty():
        sys.modules["rich"] = None  # type: ignore[assignment]  # so is it said that there is none
        import structlog  # noqa: F401

        del sys.modules["rich"]


def _asked(words: Sequence[str]) -> Callable[[], int] | None:
    one = {
        ("core", "--config"): core, ("uplink", "--config"): uplink, ("page", "--config"): page,
        ("migrate", "--state"): migrate, ("grow", "--mark"): grow,
    }  # fmt: skip
    match words:
        case [name, option, value] if act := one.get((name, option)):
            return lambda: act(Path(value))
        case ["first-boot", "--esp", esp, "--state", state]:
            return lambda: first_boot(Path(esp), Path(state))
        case _:
            return None


def core(config: Path) -> int:
    """Run the process `core` until it ends; return its exit code. Raises `QalqanError`."""
    from edge.core import run_core
    from edge.process.service import Notifier

    settings = checked(config)
    return _run("core", lambda: run_core(settings, Notifier()))


def checked(config: Path) -> "Config":
    """Return a configuration by which the box can hear. Raises `ConfigError`."""
    from edge import config as config_file
    from edge.box.decommission import refuse

    settings = config_file.load(config)
    refuse(settings.node.state_dir)
    if not settings.tap:
        raise ConfigError(f"{config}: no tap to hear; add a table [tap.NAME] with a driver")
    return settings


def uplink(config: Path) -> int:
    """Run the process `uplink` until it ends; return its exit code. Raises `QalqanError`."""
    # `core` and the commands must not hold what speaks MQTT and checks signatures.
    from edge.process.service import Notifier
    from edge.upkeep import run_uplink

    return _run("uplink", lambda: run_uplink(config, Notifier()))


def page(config: Path) -> int:
    """Run the process `page` until it ends; return its exit code. Raises `QalqanError`."""
    # `core` and the commands must not hold what speaks HTTP and Prometheus.
    from edge import config as config_file
    from edge.box.decommission import refuse
    from edge.page import run_page
    from edge.process.service import Notifier

    settings = config_file.load(config)
    refuse(settings.node.state_dir)
    return _run("page", lambda: run_page(settings, Notifier()))


def _run(name: str, process: Callable[[], Coroutine[Any, Any, bool | None]]) -> int:
    """Run a process; return its exit code. Raises `QalqanError`."""
    import asyncio

    from edge import log
    from edge.process.children import AGAIN

    log.set_up()
    gc.enable()
    try:
        whole = asyncio.run(process())
    except RestartAsked:
        return AGAIN
    except QalqanError:
        raise
    except Exception as bug:  # noqa: BLE001 - it is told, and ends the process
        import structlog

        # Unlike a wrong input, a bug is worth another try: the exit code tells them apart.
        structlog.get_logger(name).exception("bug", exc_info=bug)
        return BUG
    return DEGRADED if whole is False else 0


def first_boot(esp: Path, state: Path, machine: "Machine | None" = None) -> int:
    """Make this machine what its configuration says, and say what was done.

    Raises `QalqanError`.

    Args:
        esp: Where the ESP is mounted.
        state: The state folder.
        machine: Another than this one: then systemd is told nothing.
    """
    from edge.box import first_boot as room
    from edge.box.grow import run

    made = machine or room.Machine()
    before = room.told_of(made)
    done = [*room.make_secret(state), *room.place(esp, state), *_made(state, made)]
    sys.stdout.write("\n".join([*done, ""]))
    if machine is None and room.told_of(made) != before:
        run(("systemctl", "daemon-reload"), "")
    return 0


def _made(state: Path, machine: "Machine") -> list[str]:
    """Make the machine by the configuration in force, or the one before it.

    One on trial that cannot be read is taken back by `uplink`, which must be reached for that.
    """
    from edge import config as config_file
    from edge.box import first_boot as room

    path = state / room.CONFIG
    try:
        return room.make_and_keep(path, machine)
    except ConfigError as error:
        before = path.with_name(path.name + ".before")
        if not before.exists():
            raise
        sys.stderr.write(f"{error}\nthe machine is made by {before}\n")
        return room.make_machine(config_file.load(before), machine)


def migrate(state: Path) -> int:
    """Bring the state to the version of this program, and say what was done.

    Raises `QalqanError`.
    """
    from edge.update import migrate as room

    done = room.migrate(state)
    said = "\n".join(done) or f"{state}: is of this version ({room.read_schema(state).v})"
    sys.stdout.write(f"{said}\n")
    return 0


def grow(path: Path) -> int:
    """Give the data partition the rest of the disk, and note that it is done.

    Raises `QalqanError`.
    """
    from edge.box import grow as room

    sys.stdout.write(f"{room.grow()}\n")
    room.mark(path)
    return 0
