# SPDX-License-Identifier: Apache-2.0
"""Finds drivers by entry point, which is the only way, and imports those that are named.

Ours and other people's stand in the same three groups: `qalqan.taps`, `.gates`, `.enforcers`.
"""

from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeAlias, overload

from edge.errors import ConfigError, UnknownDriver
from edge.ports import Driver, Enforcer, Gate, Tap

Group: TypeAlias = Literal["taps", "gates", "enforcers"]

GROUPS: tuple[Group, ...] = ("taps", "gates", "enforcers")


def names(group: Group) -> tuple[str, ...]:
    """Return the names of all drivers installed for a port."""
    return tuple(sorted(_found(group)))


@overload
def load(group: Literal["taps"], name: str) -> Driver[Any, Tap]: ...
@overload
def load(group: Literal["gates"], name: str) -> Driver[Any, Gate]: ...
@overload
def load(group: Literal["enforcers"], name: str) -> Driver[Any, Enforcer]: ...
@overload
def load(group: Group, name: str) -> Driver[Any, object]: ...
def load(group: Group, name: str) -> Driver[Any, object]:
    """Import a driver. Raises `UnknownDriver`, or `ConfigError` if what is installed is broken."""
    found = _found(group)
    if name not in found:
        near = get_close_matches(name, found, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        installed = ", ".join(sorted(found)) or "none"
        raise UnknownDriver(f"no driver {name!r} among the {group}{hint} (installed: {installed})")
    try:
        driver = found[name].load()
    except (ImportError, AttributeError) as broken:
        raise ConfigError(
            f"driver {name!r} of the {group} cannot be imported: {broken}"
        ) from broken
    if not isinstance(driver, Driver) or driver.name != name:
        raise ConfigError(f"{found[name].value} is not the driver {name!r} of the {group}")
    return driver


def _found(group: Group) -> dict[str, EntryPoint]:
    """Return the entry points of a port by name. Raises `ConfigError` if two share one."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"qalqan.{group}"):
        if point.name in found:
            both = f"{found[point.name].value} and {point.value}"
            raise ConfigError(f"two {group} are named {point.name!r}: {both}; uninstall one")
        found[point.name] = point
    return found
